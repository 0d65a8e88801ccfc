import type { DocumentClient } from './document-client.js';
import { DynamoDb } from './dynamodb.js';

/** The commands that reach the database, by name, with how many records each writes. */
function recorded(is_aws: boolean): { db: DynamoDb; sent: [string, number][] } {
  const sent: [string, number][] = [];
  const client = {
    send: (command: { input: { TransactItems?: unknown[]; RequestItems?: Record<string, unknown[]> } }) => {
      const { TransactItems, RequestItems } = command.input;
      const written = TransactItems ?? Object.values(RequestItems ?? {}).flat();
      sent.push([command.constructor.name, written.length]);
      return Promise.resolve({});
    },
  } as unknown as DocumentClient;
  return { db: new DynamoDb(client, 'test-', is_aws), sent };
}

const putMany = (db: DynamoDb, count: number) =>
  Promise.all(Array.from({ length: count }, (_, index) => db.putTogether('T', { id: `${index}` }, { id: `${index}` })));

it('joins puts of one moment in batches on AWS, and in transactions on an engine of this machine', async () => {
  const aws = recorded(true);
  await putMany(aws.db, 60);
  expect(aws.sent).toEqual([
    ['BatchWriteCommand', 25],
    ['BatchWriteCommand', 25],
    ['BatchWriteCommand', 10],
  ]);
  const local = recorded(false);
  await putMany(local.db, 60);
  expect(local.sent).toEqual([
    ['TransactWriteCommand', 50],
    ['TransactWriteCommand', 10],
  ]);
  await putMany(local.db, 1);
  expect(local.sent.at(-1)).toEqual(['PutCommand', 0]);
});
