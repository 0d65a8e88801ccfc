import { Injectable } from '@nestjs/common';
import { CursorCodec } from '../../platform/dynamodb/cursor-codec.js';
import { DynamoDb, failedConditions } from '../../platform/dynamodb/dynamodb.js';
import { GroupCommit } from '../../platform/dynamodb/group-commit.js';
import { pack, type PackedText, unpack } from '../../platform/dynamodb/packed-text.js';
import { pageOf } from '../../platform/dynamodb/page-query.js';
import type { Page } from '../../shared/page.js';
import type { Counters } from './calibration/counters.js';
import type { Outcome } from './calibration/outcome.js';
import type { Decision, DecisionSummary } from './decision.js';
import { countUpdates, outcomesUpdate } from './decision-counters.repository.js';
import { OutcomeRecordedError } from './decisions.errors.js';
import type { Verdict } from './engine/verdict.js';

const TABLE = 'PlatformDecisions';
const PREFIX = 'DECISION#';
/** With their counters, at most one an organisation, within DynamoDB's 100 items and 4 MB: a record has 100 KB at most. */
const TOGETHER = 25;

/** Texts of JSON: figures up to 1e19 and contexts of any depth are none of the table's business. */
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
  private readonly creations = new GroupCommit<Made>((made) => this.createAll(made), TOGETHER);

  constructor(
    private readonly db: DynamoDb,
    private readonly cursors: CursorCodec,
  ) {}

  /** POST /decisions: the record and its count, both or none; in one transaction with others that are made at the same time. */
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
    const puts = made.map(({ row }) => ({
      Put: { TableName: TABLE, Item: { ...row }, ConditionExpression: decisionIsNew },
    }));
    const counted = made.map(({ row, verdict }) => ({ org_id: row.org_id, verdict }));
    await this.db.transact([...puts, ...countUpdates(counted)]);
  }

  /** GET /decisions/{id} */
  async findById(org_id: string, decision_id: string): Promise<Decision | undefined> {
    const row = await this.db.get<Row>(TABLE, { org_id, item: PREFIX + decision_id });
    return row && { ...(JSON.parse(unpack(row.body)) as Omit<Decision, 'outcome'>), outcome: outcomeOf(row) };
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
   * POST /decisions/{id}/outcome: the outcome and what it adds to the score, both or none, once.
   * @throws OutcomeRecordedError when there is one already.
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
    await this.db.transact([{ Update }, outcomesUpdate(org_id, adds)]).catch((error: unknown) => {
      if (failedConditions(error)?.some(Boolean)) throw new OutcomeRecordedError(decision_id);
      throw error;
    });
  }
}

function outcomeOf({ outcome }: Row): Outcome | null {
  return outcome === undefined ? null : (JSON.parse(outcome) as Outcome);
}
