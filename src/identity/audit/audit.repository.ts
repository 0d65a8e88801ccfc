import { Injectable } from '@nestjs/common';
import { CursorCodec, pageOf } from '../../platform/database/cursors.js';
import { conditionFailed, DynamoDb, type QueryInput } from '../../platform/database/client/dynamodb.js';
import { UnitOfWork, write, type Write } from '../../platform/database/unit-of-work.js';
import { Batcher } from '../../platform/async/batcher.js';
import type { Page } from '../../shared/page.js';
import type { AuditEntry, AuditQuery } from './audit.js';

const TABLE = 'PlatformAudit';
const KEPT_DAYS = 90;
const DAY_SECONDS = 86_400;
/** Entries of one transaction. */
const TOGETHER = 50;
const IS_NEW = 'attribute_not_exists(org_id)';
/** Later than any timestamp, so that a range has an end. */
const END_OF_TIME = '~';

interface Row extends AuditEntry {
  entry: string;
  org_actor: string;
  org_action: string;
  expires_at: number;
}

/** Appends only. The role of the platform may do no more: `deploy/aws` allows puts and queries of this table. */
@Injectable()
export class AuditRepository {
  private readonly creations = new Batcher<Row, void>({
    limit: TOGETHER,
    at_once: 1,
    gathers: false,
    many: (rows) => this.put(rows),
  });

  constructor(
    private readonly db: DynamoDb,
    private readonly codec: CursorCodec,
    private readonly unit: UnitOfWork,
  ) {}

  /** Resolves when it is stored. Concurrent entries share one write. Storing an entry again changes nothing. */
  async create(entry: AuditEntry): Promise<void> {
    await this.creations.add(rowOf(entry));
  }

  /** For a transaction of the change that the entry records: both are stored, or neither. */
  creationOf(entry: AuditEntry): Write {
    return write.put(putOf(rowOf(entry)));
  }

  /** Not as a BatchWriteItem: permission for it would also allow deletions. */
  private async put(rows: Row[]): Promise<void> {
    const puts = rows.map(putOf);
    const [only] = puts;
    if (puts.length > 1 || !only) return this.unit.commit(puts.map((Put) => write.put(Put)));
    await this.db.put(only).catch((error: unknown) => {
      // An earlier attempt stored it, but its response was lost.
      if (!conditionFailed(error)) throw error;
    });
  }

  /** GET /audit: newest first. Entries past their 90 days are left out even before the table drops them. */
  async listByOrg(
    org_id: string,
    now: Date,
    { actor, action, since, limit, last_key }: AuditQuery,
  ): Promise<Page<AuditEntry>> {
    const oldest = new Date(now.getTime() - KEPT_DAYS * DAY_SECONDS * 1000).toISOString();
    const from = since !== undefined && since > oldest ? since : oldest;
    const page = await pageOf<Row>(this.db, this.codec, {
      query: queryOf(org_id, from, actor, action),
      scope: `audit:${org_id}:actor=${actor ?? ''}:action=${action ?? ''}:since=${since ?? ''}`,
      limit,
      ...(last_key === undefined ? {} : { last_key }),
      key_attributes: [
        'org_id',
        'entry',
        ...(actor !== undefined ? ['org_actor'] : action !== undefined ? ['org_action'] : []),
      ],
      ...(actor !== undefined && action !== undefined ? { keep: (row: Row) => row.action === action } : {}),
    });
    return { items: page.items.map(entryOf), last_key: page.last_key };
  }
}

function rowOf(entry: AuditEntry): Row {
  const { org_id, actor, action, at, entry_id } = entry;
  return {
    ...entry,
    entry: `${at}#${entry_id}`,
    org_actor: `${org_id}#${actor}`,
    org_action: `${org_id}#${action}`,
    expires_at: Math.floor(Date.parse(at) / 1000) + KEPT_DAYS * DAY_SECONDS,
  };
}

const putOf = (row: Row) => ({ TableName: TABLE, Item: { ...row }, ConditionExpression: IS_NEW });

function queryOf(org_id: string, from: string, actor?: string, action?: string): QueryInput {
  const [key, value, IndexName] =
    actor !== undefined
      ? ['org_actor', `${org_id}#${actor}`, 'ActorIndex']
      : action !== undefined
        ? ['org_action', `${org_id}#${action}`, 'ActionIndex']
        : ['org_id', org_id, undefined];
  return {
    TableName: TABLE,
    ...(IndexName === undefined ? {} : { IndexName }),
    KeyConditionExpression: '#key = :value AND #entry BETWEEN :from AND :end',
    ExpressionAttributeNames: { '#key': key, '#entry': 'entry' },
    ExpressionAttributeValues: { ':value': value, ':from': from, ':end': END_OF_TIME },
    ScanIndexForward: false,
  };
}

function entryOf({ entry_id, org_id, actor, action, outcome, target, details, at }: Row): AuditEntry {
  return {
    entry_id,
    org_id,
    actor,
    action,
    outcome,
    ...(target === undefined ? {} : { target }),
    ...(details === undefined ? {} : { details }),
    at,
  };
}
