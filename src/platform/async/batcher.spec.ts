import { DatabaseError, DatabaseUnavailableError } from '../../shared/domain-error.js';
import { Batcher } from './batcher.js';

describe('a group commit', () => {
  /** A commit that the test ends. */
  function gated(refuses: (item: number) => Error | undefined = () => undefined) {
    const groups: number[][] = [];
    const gates: (() => void)[] = [];
    const many = async (items: number[]): Promise<void> => {
      groups.push(items);
      await new Promise<void>((resolve) => gates.push(resolve));
      const [refusal] = items.flatMap((item) => refuses(item) ?? []);
      if (refusal) throw refusal;
    };
    const commits = new Batcher<number, void>({ limit: 3, at_once: 1, gathers: false, many });
    /** Lets commits end until nothing is under way. */
    const open = async () => {
      for (let gate = gates.shift(); gate; gate = gates.shift()) {
        gate();
        await new Promise(setImmediate);
      }
    };
    return { commits, groups, open };
  }

  it('commits what is alone at once, and what arrives meanwhile together, up to the limit', async () => {
    const { commits, groups, open } = gated();
    const all = Promise.all([1, 2, 3, 4, 5].map((item) => commits.add(item)));
    await open();
    await all;
    expect(groups).toEqual([[1], [2, 3, 4], [5]]);
  });

  it('lets only the bad one of a group fail', async () => {
    const { commits, groups, open } = gated((item) => (item === 3 ? new Error('refused') : undefined));
    const all = Promise.allSettled([1, 2, 3, 4].map((item) => commits.add(item)));
    await open();
    expect((await all).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect(groups).toEqual([[1], [2, 3, 4], [2], [3], [4]]);
  });

  it('does not repeat what a database that went away may have stored', async () => {
    const { commits, groups, open } = gated((item) => (item === 2 ? new DatabaseUnavailableError('gone') : undefined));
    const all = Promise.allSettled([1, 2, 3].map((item) => commits.add(item)));
    await open();
    expect((await all).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(groups).toEqual([[1], [2, 3]]);
    const later = commits.add(4);
    await open();
    await expect(later).resolves.toBeUndefined();
  });
});

describe('reads that come together', () => {
  const row = (id: string) => ({ id });

  function coalescer(readMany: (ids: string[]) => Promise<{ id: string }[]> = async (all) => all.map(row)) {
    const calls: string[] = [];
    const reads = new Batcher<string, { id: string }>({
      limit: 100,
      at_once: Infinity,
      gathers: true,
      many: async (all) => {
        calls.push(`many ${all.length}`);
        return readMany(all);
      },
      one: async (id) => {
        calls.push(`one ${id}`);
        if (id === 'bad') throw new Error('bad key');
        return row(id);
      },
    });
    return { reads, calls };
  }

  it('splits more than a hundred reads into batches', async () => {
    const { reads, calls } = coalescer();
    const ids = Array.from({ length: 201 }, (_, index) => `r${index}`);
    expect(await Promise.all(ids.map((id) => reads.add(id)))).toEqual(ids.map((id) => ({ id })));
    expect(calls.sort()).toEqual(['many 100', 'many 100', 'one r200']);
  });

  it('starts again in the next turn', async () => {
    const { reads, calls } = coalescer();
    await reads.add('a');
    await reads.add('a');
    expect(calls).toEqual(['one a', 'one a']);
  });

  it('answers the good keys of a refused batch one by one', async () => {
    const { reads, calls } = coalescer(() => Promise.reject(new Error('one key is bad')));
    const outcomes = await Promise.allSettled([reads.add('a'), reads.add('bad'), reads.add('b')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(calls).toEqual(['many 3', 'one a', 'one bad', 'one b']);
  });

  it('does not send a database that is down the same reads again, one by one', async () => {
    const { reads, calls } = coalescer(() => Promise.reject(new DatabaseUnavailableError('down')));
    const outcomes = await Promise.allSettled([reads.add('a'), reads.add('b')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(calls).toEqual(['many 2']);
  });
});

/** A database that records its calls and answers when told to. */
function recorder() {
  const calls: string[][] = [];
  const open: (() => void)[] = [];
  const refuse = { many: undefined as Error | undefined, one: new Map<string, Error>() };
  const answered = (writes: string[], error?: Error) => {
    calls.push(writes);
    return new Promise<void>((resolve, reject) => {
      open.push(() => (error ? reject(error) : resolve()));
    });
  };
  const coalescer = new Batcher<string, void>({
    limit: 25,
    at_once: 2,
    gathers: true,
    keyOf: (id) => id,
    many: (ids) => answered(ids, refuse.many),
    one: (id) => answered([id], refuse.one.get(id)),
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const answerAll = async () => {
    for (const answer of open.splice(0)) answer();
    await turn();
  };
  return { calls, coalescer, refuse, turn, answerAll };
}

describe('puts that come together', () => {
  it('share a batch, and one alone goes out as it is', async () => {
    const { calls, coalescer, turn, answerAll } = recorder();
    const stored = [coalescer.add('a'), coalescer.add('b')];
    await turn();
    await answerAll();
    await Promise.all(stored);
    const alone = coalescer.add('c');
    await turn();
    await answerAll();
    await alone;
    expect(calls).toEqual([['a', 'b'], ['c']]);
  });

  it('gather while two batches are under way, 25 at most in one', async () => {
    const { calls, coalescer, turn, answerAll } = recorder();
    const stored = Array.from({ length: 80 }, (_, index) => coalescer.add(`n${index}`));
    await turn();
    await turn();
    await turn();
    expect(calls.map(({ length }) => length)).toEqual([25, 25]);
    for (let round = 0; round < 4; round++) await answerAll();
    await Promise.all(stored);
    expect(calls.map(({ length }) => length)).toEqual([25, 25, 25, 5]);
    expect(new Set(calls.flat()).size).toBe(80);
  });

  it('of one record keep their order', async () => {
    const { calls, coalescer, turn, answerAll } = recorder();
    const stored = [coalescer.add('a'), coalescer.add('a'), coalescer.add('b')];
    await turn();
    await turn();
    expect(calls).toEqual([['a', 'b']]);
    for (let round = 0; round < 3; round++) {
      await answerAll();
      await turn();
    }
    await Promise.all(stored);
    expect(calls).toEqual([['a', 'b'], ['a']]);
  });

  it('do not suffer from a bad neighbour', async () => {
    const { calls, coalescer, refuse, turn, answerAll } = recorder();
    refuse.many = new DatabaseError('one of them is too large');
    refuse.one.set('bad', new DatabaseError('too large'));
    const [good, bad] = [coalescer.add('good'), coalescer.add('bad')];
    const outcome = Promise.allSettled([good, bad]);
    for (let round = 0; round < 3; round++) {
      await turn();
      await answerAll();
    }
    expect((await outcome).map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(calls).toEqual([['good', 'bad'], ['good'], ['bad']]);
  });

  it('all hear that the database is gone', async () => {
    const { calls, coalescer, refuse, turn, answerAll } = recorder();
    refuse.many = new DatabaseUnavailableError('gone');
    const outcome = Promise.allSettled([coalescer.add('a'), coalescer.add('b')]);
    await turn();
    await answerAll();
    expect((await outcome).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(calls).toHaveLength(1);
  });
});
