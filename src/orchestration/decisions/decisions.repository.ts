import { randomInt } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { CursorCodec, pageOf } from '../../platform/database/cursors.js';
import { DynamoDb } from '../../platform/database/client/dynamodb.js';
import { UnitOfWork, write, type Write } from '../../platform/database/unit-of-work.js';
import { Batcher } from '../../platform/async/batcher.js';
import { pack, type PackedText, unpack } from '../../platform/database/packed-text.js';
import type { Page } from '../../shared/page.js';
import type { Counters, Outcome, Decision, DecisionSummary } from './decision.js';
import { OutcomeRecordedError } from '../orchestration.errors.js';
import { type Verdict, VERDICTS } from './engine/rules.js';

const TABLE = 'PlatformDecisions';
const PREFIX = 'DECISION#';
const OUTCOMES = 'OUTCOMES';
/** Counters of verdicts are spread over this many items, so that concurrent decisions rarely write the same one. */
const SHARDS = 16;
/** A record takes at most 100 KB. With a counter for each organization, 25 stay within DynamoDB's 100 items and 4 MB. */
const BATCH_LIMIT = 25;

export type VerdictCounts = Record<Verdict, number>;

/** JSON texts, because DynamoDB limits the depth of documents and the range of numbers. */
interface Row {
  org_id: string;
  item: string;
  summary: string;
  body: PackedText;
  outcome?: string;
}

interface Made {
  row: Row;
  verdict: Verdict;
}

@Injectable()
export class DecisionsRepository {
  private readonly creations = new Batcher<Made, void>({
    limit: BATCH_LIMIT,
    at_once: 1,
    gathers: false,
    many: (made) => this.createAll(made),
  });

  constructor(
    private readonly db: DynamoDb,
    private readonly cursors: CursorCodec,
    private readonly unit: UnitOfWork,
  ) {}

  /** POST /decisions: stores the record and its count in one transaction, shared with concurrent decisions. */
  async create(decision: Decision, summary: DecisionSummary): Promise<void> {
    const { org_id, decision_id } = decision;
    const row = {
      org_id,
      item: PREFIX + decision_id,
      summary: JSON.stringify({ ...summary, outcome: undefined }),
      body: pack(JSON.stringify({ ...decision, outcome: undefined })),
    };
    await this.creations.add({ row, verdict: decision.decision });
  }

  private async createAll(made: Made[]): Promise<void> {
    const decisionIsNew = 'attribute_not_exists(org_id)';
    const puts = made.map(({ row }) =>
      write.put({ TableName: TABLE, Item: { ...row }, ConditionExpression: decisionIsNew }),
    );
    const counted = made.map(({ row, verdict }) => ({ org_id: row.org_id, verdict }));
    await this.unit.commit([...puts, ...countUpdates(counted)]);
  }

  /** GET /decisions/{id} */
  async findById(org_id: string, decision_id: string): Promise<Decision | undefined> {
    const row = await this.db.get<Row>(TABLE, { org_id, item: PREFIX + decision_id });
    return row && { ...(JSON.parse(unpack(row.body)) as Omit<Decision, 'outcome'>), outcome: outcomeOf(row) };
  }

  /** Everything of an organization, its score included. */
  async deleteByOrg(org_id: string): Promise<void> {
    const keys: { org_id: string; item: string }[] = [];
    const query = {
      TableName: TABLE,
      KeyConditionExpression: 'org_id = :org',
      ProjectionExpression: '#item',
      ExpressionAttributeNames: { '#item': 'item' },
      ExpressionAttributeValues: { ':org': org_id },
      ConsistentRead: true,
    };
    for await (const { item } of this.db.queryAll<{ item: string }>(query)) keys.push({ org_id, item });
    await this.db.batchDelete(TABLE, keys);
  }

  /** GET /decisions: newest first. */
  async list(org_id: string, page: { limit: number; last_key?: string | undefined }): Promise<Page<DecisionSummary>> {
    const { items, last_key } = await pageOf<Row>(this.db, this.cursors, {
      query: {
        TableName: TABLE,
        KeyConditionExpression: 'org_id = :org AND begins_with(#item, :prefix)',
        ProjectionExpression: 'org_id, #item, summary, #outcome',
        ExpressionAttributeNames: { '#item': 'item', '#outcome': 'outcome' },
        ExpressionAttributeValues: { ':org': org_id, ':prefix': PREFIX },
        ScanIndexForward: false,
      },
      scope: `decisions:${org_id}`,
      limit: page.limit,
      ...(page.last_key === undefined ? {} : { last_key: page.last_key }),
      key_attributes: ['org_id', 'item'],
    });
    const summaries = items.map((row) => ({
      ...(JSON.parse(row.summary) as Omit<DecisionSummary, 'outcome'>),
      outcome: outcomeOf(row),
    }));
    return { items: summaries, last_key };
  }

  /**
   * POST /decisions/{id}/outcome: stores the outcome and adds it to the counters, in one transaction.
   * @throws OutcomeRecordedError when the decision already has an outcome
   */
  async recordOutcome(org_id: string, decision_id: string, outcome: Outcome, adds: Counters): Promise<void> {
    const outcomeIsNew = 'attribute_exists(org_id) AND attribute_not_exists(#outcome)';
    const Update = {
      TableName: TABLE,
      Key: { org_id, item: PREFIX + decision_id },
      UpdateExpression: 'SET #outcome = :outcome',
      ConditionExpression: outcomeIsNew,
      ExpressionAttributeNames: { '#outcome': 'outcome' },
      ExpressionAttributeValues: { ':outcome': JSON.stringify(outcome) },
    };
    const recorded = () => new OutcomeRecordedError(decision_id);
    await this.unit.commit([write.update(Update, recorded), outcomesUpdate(org_id, adds)]);
  }

  /** POST and GET /decisions: the sums that the track record is computed from. */
  async outcomeCounters(org_id: string): Promise<Counters> {
    return (await this.db.get<Counters>(TABLE, { org_id, item: OUTCOMES })) ?? {};
  }

  /** GET /decisions, GET /info: the number of decisions by verdict, in one batch read. */
  async verdictCounts(org_id: string): Promise<VerdictCounts> {
    const keys = Array.from({ length: SHARDS }, (_, shard) => ({
      table: TABLE,
      key: { org_id, item: `COUNT#${shard}` },
    }));
    const rows = await this.db.batchGet<Partial<VerdictCounts>>(keys);
    const total = (verdict: Verdict): number => rows.reduce((sum, row) => sum + (row?.[verdict] ?? 0), 0);
    return Object.fromEntries(VERDICTS.map((verdict) => [verdict, total(verdict)])) as VerdictCounts;
  }
}

function outcomeOf({ outcome }: Row): Outcome | null {
  return outcome === undefined ? null : (JSON.parse(outcome) as Outcome);
}

/** One update for each organization, of a random shard. */
function countUpdates(made: readonly { org_id: string; verdict: Verdict }[]): Write[] {
  const byOrg = new Map<string, Counters>();
  for (const { org_id, verdict } of made) {
    const adds = byOrg.get(org_id) ?? {};
    byOrg.set(org_id, { ...adds, [verdict]: (adds[verdict] ?? 0) + 1 });
  }
  return [...byOrg].map(([org_id, adds]) => addition(org_id, `COUNT#${randomInt(SHARDS)}`, adds));
}

function outcomesUpdate(org_id: string, adds: Counters): Write {
  return addition(org_id, OUTCOMES, adds);
}

function addition(org_id: string, item: string, adds: Counters): Write {
  const entries = Object.entries(adds);
  return write.update({
    TableName: TABLE,
    Key: { org_id, item },
    UpdateExpression: `ADD ${entries.map((_, index) => `#${index} :${index}`).join(', ')}`,
    ExpressionAttributeNames: Object.fromEntries(entries.map(([name], index) => [`#${index}`, name])),
    ExpressionAttributeValues: Object.fromEntries(entries.map(([, value], index) => [`:${index}`, value])),
  });
}
