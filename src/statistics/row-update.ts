import type { TransactItem } from '../platform/dynamodb/dynamodb.js';
import type { RowChange } from './counter-row.js';
import { STATISTICS_TABLE } from './statistics.tables.js';
import { expiryOf } from './window.js';

/**
 * The update that adds a change to its row. DynamoDB has no maximum, so `last_invoked_at` is set under the condition that it
 * still is what the caller saw; a change that does not raise it leaves it alone and needs no condition.
 * @param lastSeen the stored `last_invoked_at`, null where there is none; undefined when no other writer is possible.
 */
export function rowUpdate(change: RowChange, lastSeen?: string | null): TransactItem {
  const { subject, period, last_invoked_at } = change;
  const amounts = Object.entries(change.amounts).filter(([, value]) => value !== 0);
  const raisesLast = last_invoked_at !== undefined && last_invoked_at > (lastSeen ?? '');
  const lastIsStillAsSeen = lastSeen === null ? 'attribute_not_exists(last_invoked_at)' : 'last_invoked_at = :seen';
  const additions = amounts.map((_, index) => `#a${index} :a${index}`).join(', ');
  const expires_at = expiryOf(period);
  const settings = [
    raisesLast ? 'last_invoked_at = :last' : '',
    expires_at === undefined ? '' : 'expires_at = :expires',
  ].filter(Boolean);
  const clauses = [
    amounts.length > 0 ? `ADD ${additions}` : '',
    settings.length > 0 ? `SET ${settings.join(', ')}` : '',
  ];
  const names = Object.fromEntries(amounts.map(([attribute], index) => [`#a${index}`, attribute]));
  const values: Record<string, number | string> = Object.fromEntries(
    amounts.map(([, value], index) => [`:a${index}`, value]),
  );
  if (expires_at !== undefined) values[':expires'] = expires_at;
  if (raisesLast) values[':last'] = last_invoked_at;
  if (raisesLast && lastSeen) values[':seen'] = lastSeen;
  return {
    Update: {
      TableName: STATISTICS_TABLE,
      Key: { subject, period },
      UpdateExpression: clauses.filter(Boolean).join(' '),
      ...(amounts.length > 0 ? { ExpressionAttributeNames: names } : {}),
      ExpressionAttributeValues: values,
      ...(raisesLast && lastSeen !== undefined ? { ConditionExpression: lastIsStillAsSeen } : {}),
    },
  };
}
