import { DatabaseError, DatabaseUnavailableError } from '../../../shared/domain-error.js';
import { type Write, WriteCoalescer } from './write-coalescer.js';

const write = (id: string): Write => ({ table: 'Records', key: { id }, item: { id } });

/** A database that records its calls and answers when told to. */
function recorder() {
  const calls: string[][] = [];
  const open: (() => void)[] = [];
  const refuse = { many: undefined as Error | undefined, one: new Map<string, Error>() };
  const answered = (writes: Write[], error?: Error) => {
    calls.push(writes.map(({ key }) => String(key['id'])));
    return new Promise<void>((resolve, reject) => {
      open.push(() => (error ? reject(error) : resolve()));
    });
  };
  const coalescer = new WriteCoalescer(
    (one) => answered([one], refuse.one.get(String(one.key['id']))),
    (many) => answered(many, refuse.many),
  );
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
    const stored = [coalescer.put(write('a')), coalescer.put(write('b'))];
    await turn();
    await answerAll();
    await Promise.all(stored);
    const alone = coalescer.put(write('c'));
    await turn();
    await answerAll();
    await alone;
    expect(calls).toEqual([['a', 'b'], ['c']]);
  });

  it('gather while two batches are under way, 25 at most in one', async () => {
    const { calls, coalescer, turn, answerAll } = recorder();
    const stored = Array.from({ length: 80 }, (_, index) => coalescer.put(write(`n${index}`)));
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
    const stored = [coalescer.put(write('a')), coalescer.put(write('a')), coalescer.put(write('b'))];
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
    const [good, bad] = [coalescer.put(write('good')), coalescer.put(write('bad'))];
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
    const outcome = Promise.allSettled([coalescer.put(write('a')), coalescer.put(write('b'))]);
    await turn();
    await answerAll();
    expect((await outcome).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(calls).toHaveLength(1);
  });
});
