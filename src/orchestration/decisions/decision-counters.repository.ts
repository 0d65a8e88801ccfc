import { randomInt } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DynamoDb, type TransactItem } from '../../platform/dynamodb/dynamodb.js';
import type { Counters } from './calibration/counters.js';
import { type Verdict, VERDICTS } from './engine/verdict.js';

const TABLE = 'PlatformDecisions';
const SHARDS = 16;
const OUTCOMES = 'OUTCOMES';

export type VerdictCounts = Record<Verdict, number>;

/** Sums that are written in the transaction of what they count, so they are exact at every moment. */
@Injectable()
export class DecisionCounters {
  constructor(private readonly db: DynamoDb) {}

  /** What the track record of the next decision is computed from. */
  async ofOutcomes(org_id: string): Promise<Counters> {
    return (await this.db.get<Counters>(TABLE, { org_id, item: OUTCOMES })) ?? {};
  }

  /** How many decisions were made, by verdict: one batch. */
  async ofVerdicts(org_id: string): Promise<VerdictCounts> {
    const keys = Array.from({ length: SHARDS }, (_, shard) => ({
      table: TABLE,
      key: { org_id, item: `COUNT#${shard}` },
    }));
    const rows = await this.db.batchGet<Partial<VerdictCounts>>(keys);
    const total = (verdict: Verdict): number => rows.reduce((sum, row) => sum + (row?.[verdict] ?? 0), 0);
    return Object.fromEntries(VERDICTS.map((verdict) => [verdict, total(verdict)])) as VerdictCounts;
  }
}

/** One update for each organisation, of any of its shards: their sum is what counts. */
export function countUpdates(made: readonly { org_id: string; verdict: Verdict }[]): TransactItem[] {
  const byOrg = new Map<string, Counters>();
  for (const { org_id, verdict } of made) {
    const adds = byOrg.get(org_id) ?? {};
    byOrg.set(org_id, { ...adds, [verdict]: (adds[verdict] ?? 0) + 1 });
  }
  return [...byOrg].map(([org_id, adds]) => addition(org_id, `COUNT#${randomInt(SHARDS)}`, adds));
}

export function outcomesUpdate(org_id: string, adds: Counters): TransactItem {
  return addition(org_id, OUTCOMES, adds);
}

function addition(org_id: string, item: string, adds: Counters): TransactItem {
  const entries = Object.entries(adds);
  return {
    Update: {
      TableName: TABLE,
      Key: { org_id, item },
      UpdateExpression: `ADD ${entries.map((_, index) => `#${index} :${index}`).join(', ')}`,
      ExpressionAttributeNames: Object.fromEntries(entries.map(([name], index) => [`#${index}`, name])),
      ExpressionAttributeValues: Object.fromEntries(entries.map(([, value], index) => [`:${index}`, value])),
    },
  };
}
