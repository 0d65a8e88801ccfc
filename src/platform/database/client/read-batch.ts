import { BatchGetCommand, type BatchGetCommandInput, type BatchGetCommandOutput } from '@aws-sdk/lib-dynamodb';
import { setTimeout as delay } from 'node:timers/promises';
import { DatabaseUnavailableError } from '../../../shared/domain-error.js';
import type { Key, ReadRequest } from '../database-inputs.js';

/** DynamoDB's limit of keys in one BatchGetItem. */
export const READ_BATCH_LIMIT = 100;
const ROUNDS_WITHOUT_PROGRESS = 5;
const FIRST_PAUSE_MS = 20;

type Keys = NonNullable<BatchGetCommandInput['RequestItems']>;
type SendBatchGet = (command: BatchGetCommand) => Promise<BatchGetCommandOutput>;

/** One text per record, whatever the order of the key's attributes. */
export function identityOf(table: string, key: Key, attributes = Object.keys(key).sort()): string {
  return JSON.stringify([table, ...attributes.map((attribute) => key[attribute])]);
}

/**
 * Reads at most 100 different records, consistently, in as many rounds as DynamoDB needs: what it leaves unprocessed (beyond 16 MB,
 * or throttled) is requested again after a pause that grows while nothing arrives.
 * @returns each record by its {@link identityOf}; a record that does not exist has no entry.
 */
export async function readBatch(
  requests: ReadRequest[],
  send: SendBatchGet,
): Promise<Map<string, Record<string, unknown>>> {
  const found = new Map<string, Record<string, unknown>>();
  const keyAttributes = new Map(requests.map(({ table, key }) => [table, Object.keys(key).sort()]));
  let open: Keys | undefined = requestItems(requests);
  for (let idle = 0; open;) {
    const answer: BatchGetCommandOutput = await send(new BatchGetCommand({ RequestItems: open }));
    const before = found.size;
    for (const [table, items] of Object.entries(answer.Responses ?? {}))
      for (const item of items) found.set(identityOf(table, item as Key, keyAttributes.get(table)), item);
    const unprocessed = answer.UnprocessedKeys ?? {};
    open = Object.keys(unprocessed).length > 0 ? unprocessed : undefined;
    idle = found.size > before ? 0 : idle + 1;
    if (open) await pauseAfter(idle);
  }
  return found;
}

/** Waits before the next round, or gives up when DynamoDB has refused too often: the caller should retry later. */
export async function pauseAfter(idleRounds: number): Promise<void> {
  if (idleRounds >= ROUNDS_WITHOUT_PROGRESS)
    throw new DatabaseUnavailableError('The database is currently unavailable', {
      details: { reason: 'throttled' },
    });
  await delay(FIRST_PAUSE_MS * 2 ** idleRounds);
}

function requestItems(requests: ReadRequest[]): Keys {
  const items: Record<string, { ConsistentRead: true; Keys: Key[] }> = {};
  for (const { table, key } of requests) (items[table] ??= { ConsistentRead: true, Keys: [] }).Keys.push(key);
  return items;
}
