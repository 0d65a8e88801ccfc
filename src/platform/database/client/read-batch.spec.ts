import type { BatchGetCommand, BatchGetCommandOutput } from '@aws-sdk/lib-dynamodb';
import { DatabaseUnavailableError } from '../../../shared/domain-error.js';
import { identityOf, readBatch } from './read-batch.js';

const requests = ['a', 'b', 'c'].map((id) => ({ table: 'T', key: { id } }));

/** Answers the first key of each request and leaves the rest, as DynamoDB does when an answer grows too large. */
async function oneAtATime({ input }: BatchGetCommand): Promise<BatchGetCommandOutput> {
  const [first, ...rest] = input.RequestItems?.['T']?.Keys ?? [];
  return {
    $metadata: {},
    Responses: { T: [{ ...first, found: true }] },
    UnprocessedKeys: rest.length > 0 ? { T: { Keys: rest } } : {},
  };
}

it('asks again for what was left unprocessed', async () => {
  const found = await readBatch(requests, oneAtATime);
  expect(requests.map(({ table, key }) => found.get(identityOf(table, key)))).toEqual([
    { id: 'a', found: true },
    { id: 'b', found: true },
    { id: 'c', found: true },
  ]);
});

it('gives up on a database that only ever refuses', async () => {
  let rounds = 0;
  const refuse = async ({ input }: BatchGetCommand): Promise<BatchGetCommandOutput> => {
    rounds += 1;
    return { $metadata: {}, UnprocessedKeys: input.RequestItems };
  };
  await expect(readBatch(requests, refuse)).rejects.toBeInstanceOf(DatabaseUnavailableError);
  expect(rounds).toBe(5);
});

it('tells records apart by table and key, whatever the order of its attributes', () => {
  expect(identityOf('T', { a: 1, b: 'x' })).toBe(identityOf('T', { b: 'x', a: 1 }));
  expect(identityOf('T', { a: 1 })).not.toBe(identityOf('T', { a: '1' }));
  expect(identityOf('T', { a: 1 })).not.toBe(identityOf('U', { a: 1 }));
});
