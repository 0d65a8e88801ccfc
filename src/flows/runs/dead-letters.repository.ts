import { Injectable } from '@nestjs/common';
import { DynamoDb } from '../../platform/database/client/dynamodb.js';
import { CursorCodec, pageOf } from '../../platform/database/cursors.js';
import { UnitOfWork, write, type Write } from '../../platform/database/unit-of-work.js';
import type { Page } from '../../shared/page.js';
import { ownerOf, type PageWish, pageWish } from '../flows.repository.js';
import type { FlowRun, RunError, RunStatus } from './flow-run.js';

const TABLE = 'Flows';
const IS_THERE = 'attribute_exists(#owner)';
const NAMES = { '#owner': 'owner' };

/** A run that failed for good. Its input and its steps are in the run itself. */
export interface DeadLetter {
  dead_letter_id: string;
  org_id: string;
  flow_id: string;
  flow_version: number;
  run_id: string;
  status: RunStatus;
  error: RunError | null;
  created_at: string;
}

/** The dead letter of a run that has ended. Its id follows from the run's, so that there is one at most. */
export function deadLetterOf(run: FlowRun): DeadLetter {
  const { run_id, org_id, flow_id, flow_version, status, error, ended_at, created_at } = run;
  const dead_letter_id = run_id.replace(/^frun_/, 'dlq_');
  return { dead_letter_id, org_id, flow_id, flow_version, run_id, status, error, created_at: ended_at ?? created_at };
}

/** Dead letters of flows: under their flow, and by their id under their organization. */
@Injectable()
export class DeadLettersRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly unit: UnitOfWork,
    private readonly cursors: CursorCodec,
  ) {}

  /** For the transaction that ends the run. */
  creations(letter: DeadLetter): Write[] {
    const { org_id, flow_id, dead_letter_id } = letter;
    return [
      write.put({ TableName: TABLE, Item: { ...letter, owner: ownerOf(letter), item: `DEAD#${dead_letter_id}` } }),
      write.put({ TableName: TABLE, Item: { owner: `DEAD#${org_id}`, item: dead_letter_id, org_id, flow_id } }),
    ];
  }

  /** For the transaction that replays it; fails when it is gone. */
  deletions({ org_id, flow_id, dead_letter_id }: DeadLetter, refusal: () => Error): Write[] {
    const Key = { owner: ownerOf({ org_id, flow_id }), item: `DEAD#${dead_letter_id}` };
    return [
      write.delete({ TableName: TABLE, Key, ConditionExpression: IS_THERE, ExpressionAttributeNames: NAMES }, refusal),
      write.delete({ TableName: TABLE, Key: { owner: `DEAD#${org_id}`, item: dead_letter_id } }),
    ];
  }

  /** The same deletion, also when the dead letter does not exist. */
  removals({ org_id, flow_id, dead_letter_id }: DeadLetter): Write[] {
    return [
      write.delete({ TableName: TABLE, Key: { owner: ownerOf({ org_id, flow_id }), item: `DEAD#${dead_letter_id}` } }),
      write.delete({ TableName: TABLE, Key: { owner: `DEAD#${org_id}`, item: dead_letter_id } }),
    ];
  }

  async delete(letter: DeadLetter, refusal: () => Error): Promise<void> {
    await this.unit.commit(this.deletions(letter, refusal));
  }

  async find(org_id: string, dead_letter_id: string): Promise<DeadLetter | undefined> {
    const entry = await this.db.get<{ flow_id: string }>(TABLE, { owner: `DEAD#${org_id}`, item: dead_letter_id });
    if (!entry) return undefined;
    const owner = ownerOf({ org_id, flow_id: entry.flow_id });
    const stored = await this.db.get<DeadLetter>(TABLE, { owner, item: `DEAD#${dead_letter_id}` });
    return stored && letterOf(stored);
  }

  /** GET /flows/{id}/dead-letters: newest first. */
  async list(org_id: string, flow_id: string, page: PageWish): Promise<Page<DeadLetter>> {
    const { items, last_key } = await pageOf<DeadLetter>(this.db, this.cursors, {
      query: {
        TableName: TABLE,
        KeyConditionExpression: '#owner = :owner AND begins_with(#item, :dead)',
        ExpressionAttributeNames: { ...NAMES, '#item': 'item' },
        ExpressionAttributeValues: { ':owner': ownerOf({ org_id, flow_id }), ':dead': 'DEAD#' },
        ScanIndexForward: false,
        ConsistentRead: true,
      },
      scope: `dead-letters:${org_id}:${flow_id}`,
      ...pageWish(page),
      key_attributes: ['owner', 'item'],
    });
    return { items: items.map(letterOf), last_key };
  }
}

function letterOf(stored: DeadLetter & { owner?: string; item?: string }): DeadLetter {
  const { owner: _, item: __, ...letter } = stored;
  return letter;
}
