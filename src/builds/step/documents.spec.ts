import { z } from 'zod';
import { ARTIFACT_LIMIT_BYTES, readDocument, textArtifact } from './documents.js';
import { BuildFault } from './step.js';

const schema = z.object({ name: z.string() });
const read = (content?: string) =>
  readDocument({ artifacts: new Map(content === undefined ? [] : [['plan.json', content]]) }, 'plan.json', schema);

describe('readDocument', () => {
  it('gives the document as its schema describes it', () => {
    expect(read('{"name":"Ada"}')).toEqual({ name: 'Ada' });
  });

  it.each([undefined, '{', '{"name":1}'])(
    'refuses %s, names the path and does not ask for another attempt',
    (content) => {
      let fault: unknown;
      try {
        read(content);
      } catch (error) {
        fault = error;
      }
      expect(fault).toBeInstanceOf(BuildFault);
      expect(fault).toMatchObject({ code: 'BUILD_ERROR', transient: false, details: { path: 'plan.json' } });
    },
  );
});

describe('textArtifact', () => {
  it('counts bytes, not characters', () => {
    expect(textArtifact('a.md', 'text/markdown', 'a'.repeat(ARTIFACT_LIMIT_BYTES)).content).toHaveLength(
      ARTIFACT_LIMIT_BYTES,
    );
    expect(() => textArtifact('a.md', 'text/markdown', 'ä'.repeat(ARTIFACT_LIMIT_BYTES / 2 + 1))).toThrow(
      /a\.md has 307202 bytes/,
    );
  });
});
