import { Injectable } from '@nestjs/common';
import { conditionFailed, DynamoDb } from '../../platform/database/client/dynamodb.js';
import { UnitOfWork, write, type Write } from '../../platform/database/unit-of-work.js';
import { windowAmounts } from '../../statistics/contribution.js';
import { bucketPeriods, expiryOf } from '../../statistics/window.js';
import type { Watch } from './partnership.js';
import { PARTNERSHIPS_TABLE as TableName, probesOf, WATCHED, watchKey } from '../orchestration.tables.js';

/** The result of one probe. `up` is null if no request was made, which does not count against the partner. */
export interface ProbeOutcome {
  up: boolean | null;
  reason: string;
  duration_ms: number;
  probed_at: string;
}

export interface LeasedWatch extends Watch {
  lease: string;
}

const leaseIsMine = 'lease = :lease';

/** The schedule and leases of probes. A leased probe is due again when its lease expires. */
@Injectable()
export class WatchesRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly unit: UnitOfWork,
  ) {}

  /** Due probes of all organizations, oldest first. The index may lag: only `take` decides. */
  async due(now: string, limit: number): Promise<Watch[]> {
    const { items } = await this.db.query<Watch>({
      TableName,
      IndexName: 'DueIndex',
      KeyConditionExpression: 'watched = :watched AND due_at <= :now',
      ExpressionAttributeValues: { ':watched': WATCHED, ':now': now },
      Limit: limit,
    });
    return items;
  }

  /** @returns undefined if another process took the probe, or the partner is no longer watched */
  async take({ org_id, id, due_at }: Watch, lease: string, until: string): Promise<LeasedWatch | undefined> {
    const isDueAsSeen = 'due_at = :seen';
    try {
      return await this.db.update<LeasedWatch>({
        TableName,
        Key: watchKey(org_id, id),
        UpdateExpression: 'SET lease = :lease, due_at = :until',
        ConditionExpression: isDueAsSeen,
        ExpressionAttributeValues: { ':lease': lease, ':until': until, ':seen': due_at ?? '' },
      });
    } catch (error) {
      if (conditionFailed(error)) return undefined;
      throw error;
    }
  }

  /**
   * Counts the result and releases the lease in one transaction.
   * @returns false if the lease was lost: the partnership was deleted or changed, or another process probes it
   */
  async finish(watch: LeasedWatch, next_at: string, outcome?: ProbeOutcome): Promise<boolean> {
    const { org_id, id, lease } = watch;
    const answer = outcome && answerOf(outcome);
    const given = {
      TableName,
      Key: watchKey(org_id, id),
      UpdateExpression: `SET due_at = :next${answer?.set ?? ''} REMOVE lease${answer?.remove ?? ''}`,
      ConditionExpression: leaseIsMine,
      ExpressionAttributeValues: { ':lease': lease, ':next': next_at, ...answer?.values },
    };
    return this.unit.tryCommit([write.update(given), ...(outcome ? counts(watch, outcome) : [])]);
  }
}

function answerOf({ up, reason, probed_at }: ProbeOutcome) {
  return {
    set: `, reason = :reason, probed_at = :at${up === null ? '' : ', up = :up'}`,
    remove: up === null ? ', up' : '',
    values: { ':reason': reason, ':at': probed_at, ...(up === null ? {} : { ':up': up }) },
  };
}

function counts(watch: LeasedWatch, { up, duration_ms, probed_at }: ProbeOutcome): Write[] {
  if (up === null) return [];
  const amounts = Object.entries(windowAmounts({ success: up, fault: !up, duration_ms })).filter(([, n]) => n !== 0);
  return bucketPeriods(probed_at).map((item) =>
    write.update({
      TableName,
      Key: { owner: probesOf(watch), item },
      UpdateExpression: `SET expires_at = :expires ADD ${amounts.map((_, index) => `#a${index} :a${index}`).join(', ')}`,
      ExpressionAttributeNames: Object.fromEntries(amounts.map(([name], index) => [`#a${index}`, name])),
      ExpressionAttributeValues: {
        ':expires': expiryOf(item) ?? 0,
        ...Object.fromEntries(amounts.map(([, n], index) => [`:a${index}`, n])),
      },
    }),
  );
}
