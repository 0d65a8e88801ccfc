import { Injectable } from '@nestjs/common';
import { DynamoDb } from '../platform/database/client/dynamodb.js';
import { type PackedText, pack, unpack } from '../platform/database/packed-text.js';
import { Clock } from '../shared/clock.js';
import type { RunStreamEvent } from './run-feed.js';

const TABLE = 'AgentInvocationEvents';
/** The number of the item that requests a run to stop. It sorts before all events. */
const STOP = 0;
const KEPT_SECONDS = 24 * 3600;
/** Far below the 400 KB of an item, also for text that does not compress. */
const ITEM_CHARACTERS = 60_000;
const READ_ITEMS = 20;

interface Row {
  invocation_id: string;
  last_event: number;
  events: PackedText;
  expires_at: number;
}

/** Events of runs, kept for 24 hours. Callers check first that the run belongs to the organization. */
@Injectable()
export class RunEventsRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly clock: Clock,
  ) {}

  /** Stores events in order. Idempotent. */
  async save(invocation_id: string, events: RunStreamEvent[]): Promise<void> {
    for (const chunk of chunks(events)) {
      const last_event = Number(chunk.at(-1)?.id);
      const item = { invocation_id, last_event, events: pack(JSON.stringify(chunk)), expires_at: this.expiry() };
      await this.db.putTogether(TABLE, { invocation_id, last_event }, item);
    }
  }

  /** GET /invocations/{id}/events: the next events after a position, oldest first. */
  async listAfter(invocation_id: string, position: number): Promise<RunStreamEvent[]> {
    const { items } = await this.db.query<Row>({
      TableName: TABLE,
      KeyConditionExpression: 'invocation_id = :id AND last_event > :position',
      ExpressionAttributeValues: { ':id': invocation_id, ':position': position },
      ConsistentRead: true,
      Limit: READ_ITEMS,
    });
    const now = this.now();
    const stored = items
      .filter(({ expires_at }) => expires_at > now)
      .flatMap(({ events }) => JSON.parse(unpack(events)) as RunStreamEvent[]);
    // If a response was lost, the same events may be stored again as part of a longer batch.
    const next: RunStreamEvent[] = [];
    for (const event of stored) if (Number(event.id) > Number(next.at(-1)?.id ?? position)) next.push(event);
    return next;
  }

  /** The newest event that is stored. */
  async last(invocation_id: string): Promise<RunStreamEvent | undefined> {
    const { items } = await this.db.query<Row>({
      TableName: TABLE,
      KeyConditionExpression: 'invocation_id = :id AND last_event > :stop',
      ExpressionAttributeValues: { ':id': invocation_id, ':stop': STOP },
      ScanIndexForward: false,
      ConsistentRead: true,
      Limit: 1,
    });
    const [row] = items;
    return row && row.expires_at > this.now() ? (JSON.parse(unpack(row.events)) as RunStreamEvent[]).at(-1) : undefined;
  }

  /** POST /invocations/{id}/cancel, for the process that runs it. */
  async askToStop(invocation_id: string): Promise<void> {
    await this.db.put({ TableName: TABLE, Item: { invocation_id, last_event: STOP, expires_at: this.expiry() } });
  }

  /** The ids of those runs that were requested to stop. */
  async askedToStop(invocation_ids: string[]): Promise<string[]> {
    const keys = invocation_ids.map((invocation_id) => ({ table: TABLE, key: { invocation_id, last_event: STOP } }));
    const rows = await this.db.batchGet<Row>(keys);
    return rows.flatMap((row) => (row ? [row.invocation_id] : []));
  }

  /** Deletes all events of a run. */
  async delete(invocation_id: string): Promise<void> {
    const query = {
      TableName: TABLE,
      KeyConditionExpression: 'invocation_id = :id',
      ExpressionAttributeValues: { ':id': invocation_id },
      ProjectionExpression: 'invocation_id, last_event',
      ConsistentRead: true,
    };
    const keys: { invocation_id: string; last_event: number }[] = [];
    for await (const key of this.db.queryAll<{ invocation_id: string; last_event: number }>(query)) keys.push(key);
    await this.db.batchDelete(TABLE, keys);
  }

  private expiry(): number {
    return this.now() + KEPT_SECONDS;
  }

  private now(): number {
    return Math.floor(this.clock.now().getTime() / 1000);
  }
}

function chunks(events: RunStreamEvent[]): RunStreamEvent[][] {
  const all: RunStreamEvent[][] = [];
  let size = Infinity;
  for (const event of events) {
    const length = JSON.stringify(event).length;
    if (size + length > ITEM_CHARACTERS) {
      all.push([]);
      size = 0;
    }
    all.at(-1)?.push(event);
    size += length;
  }
  return all;
}
