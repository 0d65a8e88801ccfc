import fc from 'fast-check';
import { MultipartHash } from './idempotency.interceptor.js';

const body = (boundary: string, ...files: string[]): Buffer =>
  Buffer.from(
    files.map((file) => `--${boundary}\r\nContent-Type: text/plain\r\n\r\n${file}\r\n`).join('') +
      `--${boundary}--\r\n`,
  );

function hashOf(boundary: string, bytes: Buffer, sizes: number[] = []): string {
  const hash = new MultipartHash(boundary);
  let at = 0;
  for (const size of sizes) hash.add(bytes.subarray(at, (at += size)));
  hash.add(bytes.subarray(at));
  return hash.digest();
}

it('is the same for the same files, whatever the boundary and however they arrive', () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 40 });
  fc.assert(
    fc.property(fc.string(), fc.string(), sizes, (first, second, cut) => {
      const files = [first, second].map((file) => file.replaceAll('-', '_'));
      expect(hashOf('aaa', body('aaa', ...files), cut)).toBe(hashOf('b-b', body('b-b', ...files)));
    }),
  );
});

it('is another one for other files, or for the same text cut into files elsewhere', () => {
  const hash = (...files: string[]): string => hashOf('aaa', body('aaa', ...files));
  expect(new Set([hash('one'), hash('two'), hash('on', 'e'), hash('o', 'ne')]).size).toBe(4);
});

it.each([
  ['multipart/form-data; boundary=abc', 'abc'],
  ['multipart/form-data; charset=utf-8; boundary="a b"', 'a b'],
  ['application/json', undefined],
])('reads the boundary of %s', (type, boundary) => {
  expect(MultipartHash.boundaryOf(type)).toBe(boundary);
});
