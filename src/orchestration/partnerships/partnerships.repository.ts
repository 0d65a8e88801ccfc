import { Injectable } from '@nestjs/common';
import { conditionFailed, DynamoDb, failedConditions, type TransactItem } from '../../platform/dynamodb/dynamodb.js';
import type { Bucket } from './partnership-metrics.js';
import { isMeasured, type Partnership, type PushedMetrics, type Watch } from './partnership.js';
import { PartnershipChangedError, PartnershipExistsError } from './partnerships.errors.js';
import {
  type ItemKey,
  orgKey,
  ownerOf,
  PARTNERSHIPS_TABLE as TableName,
  probesOf,
  pushedKey,
  recordKey,
  WATCHED,
  watchKey,
} from './partnerships.tables.js';

/** A partnership with what was pushed and seen of it. */
export interface KnownPartnership {
  partnership: Partnership;
  watch: Watch | undefined;
  pushed: PushedMetrics;
  /** Counts the pushes. */
  pushes: number;
}

/** All of an organisation; undefined before its first use. */
export interface KnownOrganisation {
  /** The status of the system that was last noted in the audit log. */
  status: string | undefined;
  known: KnownPartnership[];
}

type Row = ItemKey & Record<string, unknown>;
const itemIsNew = 'attribute_not_exists(#owner)';
const itemIsThere = 'attribute_exists(#owner)';
const OWNER = { '#owner': 'owner' };

@Injectable()
export class PartnershipsRepository {
  constructor(private readonly db: DynamoDb) {}

  /** Everything of an organisation, ordered by id: one query. */
  async findAll(org_id: string): Promise<KnownOrganisation | undefined> {
    const rows = new Map<string, Row>();
    const query = this.db.queryAll<Row>({
      TableName,
      KeyConditionExpression: '#owner = :owner',
      ExpressionAttributeNames: OWNER,
      ExpressionAttributeValues: { ':owner': ownerOf(org_id) },
      ConsistentRead: true,
    });
    for await (const row of query) rows.set(row.item, row);
    const org = rows.get(orgKey(org_id).item);
    if (!org) return undefined;
    const records = [...rows.values()].filter(({ item }) => item.startsWith(recordKey(org_id, '').item));
    return {
      status: org['status'],
      known: records.map((row) => knownOf(org_id, row, rows)),
    };
  }

  /** The defaults, once in the life of an organisation: what it deleted of them does not come back. */
  async seed(org_id: string, partnerships: Partnership[]): Promise<void> {
    const first: TransactItem = {
      Put: {
        TableName,
        Item: { ...orgKey(org_id), seeded_at: partnerships[0]?.created_at ?? '' },
        ConditionExpression: itemIsNew,
        ExpressionAttributeNames: OWNER,
      },
    };
    await this.db.transact([first, ...partnerships.flatMap(creation)]).catch((error: unknown) => {
      if (!failedConditions(error)) throw error;
    });
  }

  /** @throws PartnershipExistsError */
  async create(partnership: Partnership): Promise<void> {
    await this.db.transact(creation(partnership)).catch((error: unknown) => {
      if (failedConditions(error)) throw new PartnershipExistsError(partnership.id);
      throw error;
    });
  }

  /**
   * Stores a changed record under the condition that nobody else changed it. A change of how it is measured ends the look
   * that goes on, and makes the next one due.
   * @throws PartnershipChangedError also when it is gone.
   */
  async save(before: Partnership, after: Partnership): Promise<void> {
    const { org_id, id, revision } = before;
    const isAsRead = 'revision = :revision';
    const Put = {
      TableName,
      Item: { ...after, ...recordKey(org_id, id) },
      ConditionExpression: isAsRead,
      ExpressionAttributeValues: { ':revision': revision },
    };
    const isWatchedAlike = JSON.stringify(specOf(before)) === JSON.stringify(specOf(after));
    await this.db.transact([{ Put }, ...(isWatchedAlike ? [] : [rewatch(after)])]).catch((error: unknown) => {
      if (failedConditions(error)) throw new PartnershipChangedError(id);
      throw error;
    });
  }

  /** Everything of an organization, with the buckets of partnerships that were deleted before. */
  async deleteByOrg(org_id: string): Promise<void> {
    const own = ownerOf(org_id);
    await this.db.deleteMatching<ItemKey>(
      TableName,
      ({ owner }) => owner === own || owner.startsWith(`${own}#`),
      ({ owner, item }) => ({ owner, item }),
    );
  }

  /** @returns false when it was gone already. Its buckets expire. */
  async delete(org_id: string, id: string): Promise<boolean> {
    const gone = (Key: ItemKey): TransactItem => ({ Delete: { TableName, Key } });
    const record: TransactItem = {
      Delete: {
        TableName,
        Key: recordKey(org_id, id),
        ConditionExpression: itemIsThere,
        ExpressionAttributeNames: OWNER,
      },
    };
    try {
      await this.db.transact([record, gone(watchKey(org_id, id)), gone(pushedKey(org_id, id))]);
      return true;
    } catch (error) {
      if (failedConditions(error)) return false;
      throw error;
    }
  }

  /** @throws PartnershipChangedError when someone else pushed, or the partnership went, at the same moment. */
  async push({ partnership, pushes }: KnownPartnership, pushed: PushedMetrics): Promise<void> {
    const { org_id, id, created_at } = partnership;
    const nobodyElsePushed = pushes === 0 ? itemIsNew : 'pushes = :pushes';
    const Put = {
      TableName,
      Item: { ...pushedKey(org_id, id), metrics: pushed, pushes: pushes + 1 },
      ConditionExpression: nobodyElsePushed,
      ...(pushes === 0 ? { ExpressionAttributeNames: OWNER } : { ExpressionAttributeValues: { ':pushes': pushes } }),
    };
    const partnershipIsTheSame = {
      TableName,
      Key: recordKey(org_id, id),
      ConditionExpression: 'created_at = :created',
      ExpressionAttributeValues: { ':created': created_at },
    };
    await this.db.transact([{ Put }, { ConditionCheck: partnershipIsTheSame }]).catch((error: unknown) => {
      if (failedConditions(error)) throw new PartnershipChangedError(id);
      throw error;
    });
  }

  /** What the probes of its address saw in a window: one query. */
  async buckets(partnership: Partnership, range: { first: string; last: string }): Promise<Bucket[]> {
    const rows: Bucket[] = [];
    const query = this.db.queryAll<Bucket>({
      TableName,
      KeyConditionExpression: '#owner = :owner AND #item BETWEEN :first AND :last',
      ExpressionAttributeNames: { ...OWNER, '#item': 'item' },
      ExpressionAttributeValues: { ':owner': probesOf(partnership), ':first': range.first, ':last': range.last },
      ConsistentRead: true,
    });
    for await (const row of query) rows.push(row);
    return rows;
  }

  /** Notes a partnership's health, or the system's status. @returns false when it was noted by someone else. */
  async note(org_id: string, id: string | undefined, from: string | undefined, to: string): Promise<boolean> {
    const [Key, attribute] = id === undefined ? [orgKey(org_id), 'status'] : [watchKey(org_id, id), 'health'];
    const isStillAsRead = from === undefined ? 'attribute_not_exists(#noted)' : '#noted = :from';
    try {
      await this.db.update({
        TableName,
        Key,
        UpdateExpression: 'SET #noted = :to',
        ConditionExpression: `${itemIsThere} AND ${isStillAsRead}`,
        ExpressionAttributeNames: { ...OWNER, '#noted': attribute },
        ExpressionAttributeValues: { ':to': to, ...(from === undefined ? {} : { ':from': from }) },
      });
      return true;
    } catch (error) {
      if (conditionFailed(error)) return false;
      throw error;
    }
  }
}

function knownOf(org_id: string, row: Row, rows: Map<string, Row>): KnownPartnership {
  const { owner: _, item: __, ...partnership } = row as unknown as Partnership & ItemKey;
  const pushed = rows.get(pushedKey(org_id, partnership.id).item);
  return {
    partnership,
    watch: rows.get(watchKey(org_id, partnership.id).item) as unknown as Watch | undefined,
    pushed: (pushed?.['metrics'] ?? {}) as PushedMetrics,
    pushes: (pushed?.['pushes'] ?? 0) as number,
  };
}

function creation(partnership: Partnership): TransactItem[] {
  const { org_id, id, created_at } = partnership;
  const record = { ...partnership, ...recordKey(org_id, id) };
  const watch = { ...watchKey(org_id, id), org_id, id, created_at, ...specOf(partnership), ...dueNow(partnership) };
  return [
    { Put: { TableName, Item: record, ConditionExpression: itemIsNew, ExpressionAttributeNames: OWNER } },
    { Put: { TableName, Item: watch } },
  ];
}

/** How a partnership is watched; `due` says whether it is at all. */
function specOf(partnership: Partnership) {
  const { health_url, interval_seconds, timeout_ms } = partnership.probe;
  return { health_url, interval_seconds, timeout_ms, is_watched: isMeasured(partnership) };
}

const dueNow = (partnership: Partnership): Record<string, string> =>
  isMeasured(partnership) ? { watched: WATCHED, due_at: partnership.updated_at } : {};

/** What was last seen belonged to the settings before. */
function rewatch(partnership: Partnership): TransactItem {
  const { health_url, interval_seconds, timeout_ms, is_watched } = specOf(partnership);
  const values = {
    ':url': health_url,
    ':interval': interval_seconds,
    ':timeout': timeout_ms,
    ':is': is_watched,
    ...(is_watched ? { ':watched': WATCHED, ':due': partnership.updated_at } : {}),
  };
  const settings = 'health_url = :url, interval_seconds = :interval, timeout_ms = :timeout, is_watched = :is';
  return {
    Update: {
      TableName,
      Key: watchKey(partnership.org_id, partnership.id),
      UpdateExpression: is_watched
        ? `SET ${settings}, watched = :watched, due_at = :due REMOVE lease, up, reason, probed_at`
        : `SET ${settings} REMOVE lease, up, reason, probed_at, watched, due_at`,
      ExpressionAttributeValues: values,
    },
  };
}
