import { Coalescer } from './coalescer.js';

/** A store whose reads are answered by hand. */
class SlowStore {
  value = 0;
  reads = 0;
  private readonly waiting: (() => void)[] = [];

  read = (): Promise<number> => {
    this.reads++;
    const seen = this.value;
    return new Promise((resolve) => this.waiting.push(() => resolve(seen)));
  };

  answer(): void {
    this.waiting.shift()?.();
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('coalesced work', () => {
  it('answer each caller with a state no older than its call', async () => {
    const store = new SlowStore();
    const reads = new Coalescer();
    const first = reads.run('a', store.read);
    store.value = 1;
    const later = Array.from({ length: 50 }, () => reads.run('a', store.read));
    store.answer();
    expect(await first).toBe(0);
    await turn();
    store.answer();
    expect(new Set(await Promise.all(later))).toEqual(new Set([1]));
    expect(store.reads).toBe(2);
  });

  it('are not shared between keys, nor after they have ended', async () => {
    const reads = new Coalescer();
    let count = 0;
    const read = () => Promise.resolve(++count);
    expect(await Promise.all([reads.run('a', read), reads.run('b', read)])).toEqual([1, 2]);
    expect(await reads.run('a', read)).toBe(3);
  });

  it('go on after one that failed', async () => {
    const reads = new Coalescer();
    const failing = reads.run('a', () => Promise.reject(new Error('away')));
    const next = reads.run('a', () => Promise.resolve('back'));
    await expect(failing).rejects.toThrow('away');
    expect(await next).toBe('back');
  });
});
