import { Injectable } from '@nestjs/common';
import { conditionFailed, DynamoDb } from '../database/client/dynamodb.js';
import { pack, type PackedText, unpack } from '../database/packed-text.js';
import { write, type Write } from '../database/unit-of-work.js';

/** Events that are stored when they happen. Ends of flow runs are not among them: flows start each other directly. */
export const PLATFORM_EVENT_TYPES = [
  'build.completed',
  'build.failed',
  'build.stopped',
  'invocation.failed',
  'partnership.health_changed',
] as const;
export type PlatformEventType = (typeof PLATFORM_EVENT_TYPES)[number];

export interface PlatformEvent {
  /** Follows from what happened, e.g. `build.failed build_…`: the same event has the same id. */
  id: string;
  org_id: string;
  type: PlatformEventType;
  /** When it happened, ISO 8601. */
  at: string;
  /** Nesting depth of flows, which bounds chains of flows and events. */
  depth: number;
  data: Record<string, unknown>;
}

export interface PendingEvent extends PlatformEvent {
  key: { lane: string; event_key: string };
  /** How often a process began to deliver it. */
  attempts: number;
}

type Row = Omit<PlatformEvent, 'data'> & {
  lane: string;
  event_key: string;
  data: PackedText;
  expires_at: number;
  attempts?: number;
  claimed_until?: string;
};

const TableName = 'PlatformEvents';
/** A partition takes about 500 events a second. */
const LANES = ['P0', 'P1'] as const;
const ROWS_READ = 100;
const KEPT_SECONDS = 7 * 86_400;
const IS_UNCLAIMED = 'attribute_not_exists(claimed_until) OR claimed_until <= :now';
const IS_THERE = 'attribute_exists(event_key)';

/** Stores an event. It is part of the transaction of what happened, so that none is lost and none is false. */
export function eventWrite(event: PlatformEvent): Write {
  const { id, at } = event;
  const lane = LANES[(id.codePointAt(id.length - 1) ?? 0) % LANES.length];
  const expires_at = Math.floor(Date.parse(at) / 1000) + KEPT_SECONDS;
  const Item = { ...event, lane, event_key: `${at}#${id}`, data: pack(JSON.stringify(event.data)), expires_at };
  return write.put({ TableName, Item });
}

/** The events that flows have not been started for yet. */
@Injectable()
export class PlatformEventsRepository {
  constructor(private readonly db: DynamoDb) {}

  /** The oldest events that no process delivers now, at most `limit` of each partition. */
  async pending(now: string, limit: number): Promise<PendingEvent[]> {
    const pages = await Promise.all(LANES.map((lane) => this.unclaimed(lane, now, limit)));
    return pages.flat();
  }

  /**
   * Reserves an event for this process. @param until when other processes may take it
   * @returns false when another process has it, or has delivered it
   */
  async claim({ key }: PendingEvent, now: string, until: string): Promise<boolean> {
    try {
      await this.db.update({
        TableName,
        Key: key,
        UpdateExpression: 'SET claimed_until = :until ADD attempts :one',
        ConditionExpression: `${IS_THERE} AND (${IS_UNCLAIMED})`,
        ExpressionAttributeValues: { ':now': now, ':until': until, ':one': 1 },
      });
      return true;
    } catch (error) {
      if (conditionFailed(error)) return false;
      throw error;
    }
  }

  async delete(events: readonly PendingEvent[]): Promise<void> {
    await this.db.batchDelete(
      TableName,
      events.map(({ key }) => key),
    );
  }

  /** Part of an organization's deletion. */
  async deleteByOrg(org_id: string): Promise<void> {
    await this.db.deleteMatching<Row>(
      TableName,
      (row) => row.org_id === org_id,
      ({ lane, event_key }) => ({ lane, event_key }),
    );
  }

  /** Reads on past events that are claimed, so that some that cannot be delivered do not hold up the others. */
  private async unclaimed(lane: string, now: string, limit: number): Promise<PendingEvent[]> {
    const found: PendingEvent[] = [];
    const rows = this.db.queryAll<Row>({
      TableName,
      KeyConditionExpression: 'lane = :lane',
      FilterExpression: IS_UNCLAIMED,
      ExpressionAttributeValues: { ':lane': lane, ':now': now },
      ConsistentRead: true,
      Limit: ROWS_READ,
    });
    for await (const { id, org_id, type, at, depth, event_key, data, attempts = 0 } of rows) {
      const parsed = JSON.parse(unpack(data)) as Record<string, unknown>;
      found.push({ id, org_id, type, at, depth, data: parsed, attempts, key: { lane, event_key } });
      if (found.length === limit) break;
    }
    return found;
  }
}
