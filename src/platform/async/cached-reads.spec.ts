import { CachedReads } from './cached-reads.js';

/** A source whose reads are answered by hand. */
class SlowSource {
  reads = 0;
  private readonly waiting: (() => void)[] = [];
  read = (): Promise<number> => {
    const answer = ++this.reads;
    return new Promise((resolve) => this.waiting.push(() => resolve(answer)));
  };
  answer(): void {
    this.waiting.shift()?.();
  }
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

let now: number;
beforeEach(() => {
  now = 0;
});

describe('cached reads', () => {
  it('share one read among callers of the same moment, by key', async () => {
    const reads = new CachedReads({ fresh_ms: 500, stale_ms: 1_000, now: () => now });
    let count = 0;
    const read = () => Promise.resolve(++count);
    expect(await Promise.all([reads.read('a', read), reads.read('a', read), reads.read('b', read)])).toEqual([1, 1, 2]);
    now = 499;
    expect(await reads.read('a', read)).toBe(1);
  });

  it('answer at once while the next one is read, and once only', async () => {
    const reads = new CachedReads({ fresh_ms: 500, stale_ms: 1_000, now: () => now });
    const source = new SlowSource();
    const first = reads.read('a', source.read);
    source.answer();
    expect(await first).toBe(1);
    now = 600;
    expect(await Promise.all([reads.read('a', source.read), reads.read('a', source.read)])).toEqual([1, 1]);
    expect(source.reads).toBe(2);
    source.answer();
    await turn();
    expect(await reads.read('a', source.read)).toBe(2);
  });

  it('wait for a new answer when the old one is too old or was told to be', async () => {
    const reads = new CachedReads({ fresh_ms: 500, stale_ms: 1_000, now: () => now });
    let count = 0;
    const read = () => Promise.resolve(++count);
    await reads.read('a', read);
    now = 1_000;
    expect(await reads.read('a', read)).toBe(2);
    reads.forget('a');
    expect(await reads.read('a', read)).toBe(3);
  });

  it('do not bring back what was forgotten while it was read', async () => {
    const reads = new CachedReads({ fresh_ms: 500, stale_ms: 1_000, now: () => now });
    const source = new SlowSource();
    const first = reads.read('a', source.read);
    source.answer();
    await first;
    now = 600;
    await reads.read('a', source.read);
    reads.forget('a');
    const third = reads.read('a', source.read);
    source.answer();
    source.answer();
    await turn();
    expect(await third).toBe(3);
    expect(await reads.read('a', source.read)).toBe(3);
  });

  it('do not keep a failure', async () => {
    const reads = new CachedReads({ fresh_ms: 500, stale_ms: 1_000, now: () => now });
    await expect(reads.read('a', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect(await reads.read('a', () => Promise.resolve('back'))).toBe('back');
    now = 600;
    expect(await reads.read('a', () => Promise.reject(new Error('away')))).toBe('back');
    await turn();
    expect(await reads.read('a', () => Promise.resolve('anew'))).toBe('anew');
  });
});
