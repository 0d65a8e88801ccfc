import { FreshReads } from './fresh-reads.js';

describe('fresh reads', () => {
  it('share one read among callers of the same moment, by key', async () => {
    const reads = new FreshReads(60_000);
    let count = 0;
    const read = () => Promise.resolve(++count);
    expect(await Promise.all([reads.read('a', read), reads.read('a', read), reads.read('b', read)])).toEqual([1, 1, 2]);
    expect(await reads.read('a', read)).toBe(1);
  });

  it('read again when the answer is old or was told to be', async () => {
    const old = new FreshReads(0);
    const reads = new FreshReads(60_000);
    let count = 0;
    const read = () => Promise.resolve(++count);
    expect([await old.read('a', read), await old.read('a', read)]).toEqual([1, 2]);
    await reads.read('a', read);
    reads.forget('a');
    expect(await reads.read('a', read)).toBe(4);
  });

  it('do not keep a failure', async () => {
    const reads = new FreshReads(60_000);
    await expect(reads.read('a', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect(await reads.read('a', () => Promise.resolve('back'))).toBe('back');
  });
});
