import { Injectable } from '@nestjs/common';
import { DynamoDb } from '../../platform/database/client/dynamodb.js';
import { UnitOfWork, write, type Write } from '../../platform/database/unit-of-work.js';
import { eventWrite, type PlatformEvent } from '../../platform/events/platform-events.repository.js';
import { type Bucket, isMeasured, type Partnership, type PushedMetrics, type Watch } from './partnership.js';
import { PartnershipChangedError, PartnershipExistsError } from '../orchestration.errors.js';
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
} from '../orchestration.tables.js';

/** A partnership with its pushed metrics and its watch. */
export interface KnownPartnership {
  partnership: Partnership;
  watch: Watch | undefined;
  pushed: PushedMetrics;
  /** Number of pushes; guards concurrent pushes. */
  pushes: number;
}

/** All partnerships of an organization. */
export interface KnownOrganization {
  /** The last audited status of the system. */
  status: string | undefined;
  known: KnownPartnership[];
}

type Row = ItemKey & Record<string, unknown>;
const itemIsNew = 'attribute_not_exists(#owner)';
const itemIsThere = 'attribute_exists(#owner)';
const OWNER = { '#owner': 'owner' };

@Injectable()
export class PartnershipsRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly unit: UnitOfWork,
  ) {}

  /** All partnerships ordered by id, in one query. Undefined before the defaults are seeded. */
  async findAll(org_id: string): Promise<KnownOrganization | undefined> {
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

  /** Creates the defaults once per organization, so that deleted ones are not created again. */
  async seed(org_id: string, partnerships: Partnership[]): Promise<void> {
    const first: Write = write.put({
      TableName,
      Item: { ...orgKey(org_id), seeded_at: partnerships[0]?.created_at ?? '' },
      ConditionExpression: itemIsNew,
      ExpressionAttributeNames: OWNER,
    });
    await this.unit.tryCommit([first, ...partnerships.flatMap((partnership) => creation(partnership))]);
  }

  /** @throws PartnershipExistsError */
  async create(partnership: Partnership): Promise<void> {
    await this.unit.commit(creation(partnership, () => new PartnershipExistsError(partnership.id)));
  }

  /**
   * Stores a record if its revision is unchanged. A change of the probe invalidates the running probe and makes the next one
   * due.
   * @throws PartnershipChangedError also when the record was deleted
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
    const changed = () => new PartnershipChangedError(id);
    await this.unit.commit([write.put(Put, changed), ...(isWatchedAlike ? [] : [rewatch(after)])]);
  }

  /** Deletes everything of an organization, including the buckets of deleted partnerships. */
  async deleteByOrg(org_id: string): Promise<void> {
    const own = ownerOf(org_id);
    await this.db.deleteMatching<ItemKey>(
      TableName,
      ({ owner }) => owner === own || owner.startsWith(`${own}#`),
      ({ owner, item }) => ({ owner, item }),
    );
  }

  /** Deletes the record, its watch and its metrics; its buckets expire. @returns false if it was already deleted */
  async delete(org_id: string, id: string): Promise<boolean> {
    const gone = (Key: ItemKey): Write => write.delete({ TableName, Key });
    const record: Write = write.delete({
      TableName,
      Key: recordKey(org_id, id),
      ConditionExpression: itemIsThere,
      ExpressionAttributeNames: OWNER,
    });
    return this.unit.tryCommit([record, gone(watchKey(org_id, id)), gone(pushedKey(org_id, id))]);
  }

  /** @throws PartnershipChangedError on a concurrent push or deletion */
  async push({ partnership, pushes }: KnownPartnership, pushed: PushedMetrics): Promise<void> {
    const { org_id, id, created_at } = partnership;
    const noOtherPush = pushes === 0 ? itemIsNew : 'pushes = :pushes';
    const Put = {
      TableName,
      Item: { ...pushedKey(org_id, id), metrics: pushed, pushes: pushes + 1 },
      ConditionExpression: noOtherPush,
      ...(pushes === 0 ? { ExpressionAttributeNames: OWNER } : { ExpressionAttributeValues: { ':pushes': pushes } }),
    };
    const partnershipIsTheSame = {
      TableName,
      Key: recordKey(org_id, id),
      ConditionExpression: 'created_at = :created',
      ExpressionAttributeValues: { ':created': created_at },
    };
    const changed = () => new PartnershipChangedError(id);
    await this.unit.commit([write.put(Put, changed), write.check(partnershipIsTheSame, changed)]);
  }

  /** The buckets of the probes of its address within a range, in one query. */
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

  /**
   * Stores the audited health of a partnership, or the status of the system, with its event.
   * @returns false if another process did so first
   */
  async note(
    org_id: string,
    id: string | undefined,
    { from, to }: { from: string | undefined; to: string },
    event?: PlatformEvent,
  ): Promise<boolean> {
    const [Key, attribute] = id === undefined ? [orgKey(org_id), 'status'] : [watchKey(org_id, id), 'health'];
    const isStillAsRead = from === undefined ? 'attribute_not_exists(#noted)' : '#noted = :from';
    const noted = {
      TableName,
      Key,
      UpdateExpression: 'SET #noted = :to',
      ConditionExpression: `${itemIsThere} AND ${isStillAsRead}`,
      ExpressionAttributeNames: { ...OWNER, '#noted': attribute },
      ExpressionAttributeValues: { ':to': to, ...(from === undefined ? {} : { ':from': from }) },
    };
    return this.unit.tryCommit([write.update(noted), ...(event ? [eventWrite(event)] : [])]);
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

function creation(partnership: Partnership, exists?: () => PartnershipExistsError): Write[] {
  const { org_id, id, created_at } = partnership;
  const record = { ...partnership, ...recordKey(org_id, id) };
  const watch = { ...watchKey(org_id, id), org_id, id, created_at, ...specOf(partnership), ...dueNow(partnership) };
  return [
    write.put({ TableName, Item: record, ConditionExpression: itemIsNew, ExpressionAttributeNames: OWNER }, exists),
    write.put({ TableName, Item: watch }),
  ];
}

/** The probe settings that a watch copies from its partnership. */
function specOf(partnership: Partnership) {
  const { health_url, interval_seconds, timeout_ms } = partnership.probe;
  return { health_url, interval_seconds, timeout_ms, is_watched: isMeasured(partnership) };
}

const dueNow = (partnership: Partnership): Record<string, string> =>
  isMeasured(partnership) ? { watched: WATCHED, due_at: partnership.updated_at } : {};

/** Applies new probe settings and removes the last result, which belongs to the old ones. */
function rewatch(partnership: Partnership): Write {
  const { health_url, interval_seconds, timeout_ms, is_watched } = specOf(partnership);
  const values = {
    ':url': health_url,
    ':interval': interval_seconds,
    ':timeout': timeout_ms,
    ':is': is_watched,
    ...(is_watched ? { ':watched': WATCHED, ':due': partnership.updated_at } : {}),
  };
  const settings = 'health_url = :url, interval_seconds = :interval, timeout_ms = :timeout, is_watched = :is';
  return write.update({
    TableName,
    Key: watchKey(partnership.org_id, partnership.id),
    UpdateExpression: is_watched
      ? `SET ${settings}, watched = :watched, due_at = :due REMOVE lease, up, reason, probed_at`
      : `SET ${settings} REMOVE lease, up, reason, probed_at, watched, due_at`,
    ExpressionAttributeValues: values,
  });
}
