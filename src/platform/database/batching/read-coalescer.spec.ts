import { DatabaseUnavailableError } from '../../../shared/domain-error.js';
import type { ReadRequest } from '../database-inputs.js';
import { ReadCoalescer } from './read-coalescer.js';

const request = (id: string): ReadRequest => ({ table: 'T', key: { id } });
const row = ({ key }: ReadRequest) => ({ ...key });

function coalescer(
  readMany: (requests: ReadRequest[]) => Promise<(Record<string, unknown> | undefined)[]> = async (all) => all.map(row),
) {
  const calls: string[] = [];
  const reads = new ReadCoalescer(
    async (single) => {
      calls.push(`one ${String(single.key['id'])}`);
      if (single.key['id'] === 'bad') throw new Error('bad key');
      return row(single);
    },
    async (all) => {
      calls.push(`many ${all.length}`);
      return readMany(all);
    },
  );
  return { reads, calls };
}

it('splits more than a hundred reads into batches', async () => {
  const { reads, calls } = coalescer();
  const ids = Array.from({ length: 201 }, (_, index) => `r${index}`);
  expect(await Promise.all(ids.map((id) => reads.read(request(id))))).toEqual(ids.map((id) => ({ id })));
  expect(calls.sort()).toEqual(['many 100', 'many 100', 'one r200']);
});

it('starts anew in the next turn', async () => {
  const { reads, calls } = coalescer();
  await reads.read(request('a'));
  await reads.read(request('a'));
  expect(calls).toEqual(['one a', 'one a']);
});

it('answers the good keys of a refused batch one by one', async () => {
  const { reads, calls } = coalescer(() => Promise.reject(new Error('one key is bad')));
  const outcomes = await Promise.allSettled([
    reads.read(request('a')),
    reads.read(request('bad')),
    reads.read(request('b')),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(calls).toEqual(['many 3', 'one a', 'one bad', 'one b']);
});

it('does not send a database that is down the same reads again, one by one', async () => {
  const { reads, calls } = coalescer(() => Promise.reject(new DatabaseUnavailableError('down')));
  const outcomes = await Promise.allSettled([reads.read(request('a')), reads.read(request('b'))]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(calls).toEqual(['many 2']);
});
