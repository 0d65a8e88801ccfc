import type { TransactItem } from '../platform/database/client/dynamodb.js';
import type { RowChange } from './counter-row.js';
import { STATISTICS_TABLE } from './statistics.tables.js';
import { expiryOf } from './window.js';

/** What the caller read of a row; null where the row does not have it, undefined where it was not read. */
export interface SeenRow {
  last_invoked_at?: string | null;
  longest_us?: number | null;
}

/**
 * The update that adds a change to its row. DynamoDB has no maximum, so `last_invoked_at` and `longest_us` are set under the
 * condition that they still are what the caller saw; a change that does not raise them leaves them alone and needs no condition.
 * @param seen without it, no other writer of `last_invoked_at` is possible. `longest_us` is set only when it was read.
 */
export function rowUpdate(change: RowChange, seen: SeenRow = {}): TransactItem {
  const { subject, period, last_invoked_at, longest_us } = change;
  const { last_invoked_at: lastSeen, longest_us: longestSeen } = seen;
  const raisesLongest = longest_us !== undefined && longestSeen !== undefined && longest_us > (longestSeen ?? -1);
  const longestIsStillAsSeen = longestSeen === null ? 'attribute_not_exists(longest_us)' : 'longest_us = :seenLongest';
  const amounts = Object.entries(change.amounts).filter(([, value]) => value !== 0);
  const raisesLast = last_invoked_at !== undefined && last_invoked_at > (lastSeen ?? '');
  const lastIsStillAsSeen = lastSeen === null ? 'attribute_not_exists(last_invoked_at)' : 'last_invoked_at = :seen';
  const additions = amounts.map((_, index) => `#a${index} :a${index}`).join(', ');
  const expires_at = expiryOf(period);
  const settings = [
    raisesLast ? 'last_invoked_at = :last' : '',
    raisesLongest ? 'longest_us = :longest' : '',
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
  if (raisesLongest) values[':longest'] = longest_us;
  if (raisesLongest && typeof longestSeen === 'number') values[':seenLongest'] = longestSeen;
  const conditions = [
    raisesLast && lastSeen !== undefined ? lastIsStillAsSeen : '',
    raisesLongest ? longestIsStillAsSeen : '',
  ].filter(Boolean);
  return {
    Update: {
      TableName: STATISTICS_TABLE,
      Key: { subject, period },
      UpdateExpression: clauses.filter(Boolean).join(' '),
      ...(amounts.length > 0 ? { ExpressionAttributeNames: names } : {}),
      ExpressionAttributeValues: values,
      ...(conditions.length > 0 ? { ConditionExpression: conditions.join(' AND ') } : {}),
    },
  };
}
