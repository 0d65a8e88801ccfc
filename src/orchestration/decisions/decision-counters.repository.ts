import { createHash } from 'node:crypto';
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

export function countUpdate(org_id: string, decision_id: string, verdict: Verdict): TransactItem {
  const shard = (createHash('sha256').update(decision_id).digest()[0] ?? 0) % SHARDS;
  return addition(org_id, `COUNT#${shard}`, { [verdict]: 1 });
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
