import type { TransactItem } from '../platform/dynamodb/dynamodb.js';
import type { RowChange } from './counter-row.js';
import { STATISTICS_TABLE } from './statistics.tables.js';

/** Stored value of `last_invoked_at` that a change was decided on; null when there was none. */
export interface LastInvoked {
  seen: string | null;
}

/**
 * The update that adds a change to its row. DynamoDB has no maximum, so `last_invoked_at` is set under the condition that it
 * still is what the caller saw; a change that does not raise it leaves it alone and needs no condition.
 */
export function rowUpdate({ subject, period, amounts, last_invoked_at }: RowChange, last: LastInvoked = { seen: null }): TransactItem {
  const entries = Object.entries(amounts).filter(([, value]) => value !== 0);
  const names: Record<string, string> = {};
  const values: Record<string, number | string> = {};
  entries.forEach(([attribute, value], index) => {
    names[`#a${index}`] = attribute;
    values[`:a${index}`] = value;
  });
  const additions = entries.length > 0 ? `ADD ${entries.map((_, index) => `#a${index} :a${index}`).join(', ')}` : '';
  const raises = last_invoked_at !== undefined && last_invoked_at > (last.seen ?? '');
  if (raises) values[':last'] = last_invoked_at;
  if (raises && last.seen !== null) values[':seen'] = last.seen;
  const lastIsStillAsSeen = last.seen === null ? 'attribute_not_exists(last_invoked_at)' : 'last_invoked_at = :seen';
  return {
    Update: {
      TableName: STATISTICS_TABLE,
      Key: { subject, period },
      UpdateExpression: [additions, raises ? 'SET last_invoked_at = :last' : ''].filter(Boolean).join(' '),
      ...(entries.length > 0 ? { ExpressionAttributeNames: names } : {}),
      ExpressionAttributeValues: values,
      ...(raises ? { ConditionExpression: lastIsStillAsSeen } : {}),
    },
  };
}
