import { Injectable } from '@nestjs/common';
import { CursorCodec, pageOf } from '../platform/database/cursors.js';
import { DynamoDb } from '../platform/database/client/dynamodb.js';
import { type PackedText, pack, unpack } from '../platform/database/packed-text.js';
import { UnitOfWork, write, type Write } from '../platform/database/unit-of-work.js';
import type { Page } from '../shared/page.js';
import type { Flow, FlowStatus, FlowVersion } from './flow.js';
import { FlowChangedError } from './flows.errors.js';

const TABLE = 'Flows';

/** Clauses of the writes below. */
const FLOW_IS_NEW = 'attribute_not_exists(#owner)';
const FLOW_IS_UNCHANGED = 'revision = :revision';
const VERSION_IS_NEW = 'attribute_not_exists(#owner)';

type StoredFlow = Omit<Flow, 'definition'> & { definition: PackedText };
type StoredVersion = Omit<FlowVersion, 'definition' | 'references'> & {
  definition: PackedText;
  references: PackedText;
};

export interface PageWish {
  limit: number;
  last_key?: string | undefined;
}

/** Flows and their versions. Definitions are stored as text, which keeps the order of their fields. */
@Injectable()
export class FlowsRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly unit: UnitOfWork,
    private readonly cursors: CursorCodec,
  ) {}

  async findById(org_id: string, flow_id: string): Promise<Flow | undefined> {
    const stored = await this.db.get<StoredFlow>(TABLE, { owner: ownerOfFlows(org_id), item: `FLOW#${flow_id}` });
    return stored && flowOf(stored);
  }

  async create(flow: Flow): Promise<void> {
    await this.db.put({
      TableName: TABLE,
      Item: flowItem(flow),
      ConditionExpression: FLOW_IS_NEW,
      ExpressionAttributeNames: { '#owner': 'owner' },
    });
  }

  /**
   * Stores a changed flow, on condition that it has not changed since it was read.
   * @throws FlowChangedError
   */
  async save(before: Flow, flow: Flow, also: Write[] = []): Promise<void> {
    const changed = write.put({
      TableName: TABLE,
      Item: flowItem(flow),
      ConditionExpression: FLOW_IS_UNCHANGED,
      ExpressionAttributeValues: { ':revision': before.revision },
    });
    await this.unit.commitOr(() => new FlowChangedError(flow.flow_id), [changed, ...also]);
  }

  /** A new version, for the transaction that publishes it. */
  versionCreation(version: FlowVersion): Write {
    const { definition, references, ...fields } = version;
    return write.put({
      TableName: TABLE,
      Item: {
        ...{ owner: ownerOf(version), item: versionKey(version.version), ...fields },
        definition: pack(JSON.stringify(definition)),
        references: pack(JSON.stringify(references)),
      },
      ConditionExpression: VERSION_IS_NEW,
      ExpressionAttributeNames: { '#owner': 'owner' },
    });
  }

  async findVersion(org_id: string, flow_id: string, version: number): Promise<FlowVersion | undefined> {
    const stored = await this.db.get<StoredVersion>(TABLE, {
      owner: ownerOf({ org_id, flow_id }),
      item: versionKey(version),
    });
    return stored && versionOf(stored);
  }

  /** GET /flows: newest first. */
  async list(org_id: string, status: FlowStatus | undefined, page: PageWish): Promise<Page<Flow>> {
    const { items, last_key } = await pageOf<StoredFlow>(this.db, this.cursors, {
      query: {
        TableName: TABLE,
        KeyConditionExpression: '#owner = :owner AND begins_with(#item, :flow)',
        ExpressionAttributeNames: { '#owner': 'owner', '#item': 'item' },
        ExpressionAttributeValues: { ':owner': ownerOfFlows(org_id), ':flow': 'FLOW#' },
        ScanIndexForward: false,
        ConsistentRead: true,
      },
      scope: `flows:${org_id}:${status ?? ''}`,
      ...pageWish(page),
      key_attributes: ['owner', 'item'],
      // Archived flows are listed only when they are asked for.
      keep: (flow) => (status === undefined ? flow.status !== 'archived' : flow.status === status),
    });
    return { items: items.map(flowOf), last_key };
  }

  /** GET /flows/{id}/versions: newest first. */
  async listVersions(org_id: string, flow_id: string, page: PageWish): Promise<Page<FlowVersion>> {
    const { items, last_key } = await pageOf<StoredVersion>(this.db, this.cursors, {
      query: {
        TableName: TABLE,
        KeyConditionExpression: '#owner = :owner AND begins_with(#item, :version)',
        ExpressionAttributeNames: { '#owner': 'owner', '#item': 'item' },
        ExpressionAttributeValues: { ':owner': ownerOf({ org_id, flow_id }), ':version': 'VERSION#' },
        ScanIndexForward: false,
        ConsistentRead: true,
      },
      scope: `flow-versions:${org_id}:${flow_id}`,
      ...pageWish(page),
      key_attributes: ['owner', 'item'],
    });
    return { items: items.map(versionOf), last_key };
  }

  /** Deletes every flow of an organization with what belongs to it. The flow goes last, so that a repeat finds it again. */
  async deleteByOrg(org_id: string): Promise<void> {
    for await (const flow of this.keysOf(ownerOfFlows(org_id))) {
      const flow_id = flow.item.slice('FLOW#'.length);
      const keys = [];
      for await (const key of this.keysOf(ownerOf({ org_id, flow_id }))) keys.push(key);
      await this.db.batchDelete(TABLE, keys);
      await this.db.batchDelete(TABLE, [flow]);
    }
    const letters = [];
    for await (const key of this.keysOf(`DEAD#${org_id}`)) letters.push(key);
    await this.db.batchDelete(TABLE, letters);
  }

  /** Ids of every flow of an organization, archived ones included. */
  async *idsByOrg(org_id: string): AsyncGenerator<string> {
    for await (const { item } of this.keysOf(ownerOfFlows(org_id))) yield item.slice('FLOW#'.length);
  }

  private keysOf(owner: string): AsyncGenerator<{ owner: string; item: string }> {
    return this.db.queryAll<{ owner: string; item: string }>({
      TableName: TABLE,
      KeyConditionExpression: '#owner = :owner',
      ExpressionAttributeNames: { '#owner': 'owner', '#item': 'item' },
      ExpressionAttributeValues: { ':owner': owner },
      ProjectionExpression: '#owner, #item',
      ConsistentRead: true,
    });
  }
}

const ownerOfFlows = (org_id: string): string => `ORG#${org_id}`;

/** The partition of what belongs to one flow. */
export const ownerOf = ({ org_id, flow_id }: { org_id: string; flow_id: string }): string =>
  `FLOW#${org_id}#${flow_id}`;

const versionKey = (version: number): string => `VERSION#${String(version).padStart(6, '0')}`;

/** As {@link pageOf} takes it. */
export const pageWish = ({ limit, last_key }: PageWish): { limit: number; last_key?: string } => ({
  limit,
  ...(last_key === undefined ? {} : { last_key }),
});

function flowItem(flow: Flow): Record<string, unknown> {
  const { org_id, flow_id } = flow;
  return {
    ...flow,
    owner: ownerOfFlows(org_id),
    item: `FLOW#${flow_id}`,
    definition: pack(JSON.stringify(flow.definition)),
  };
}

function flowOf({ owner: _, item: __, ...stored }: StoredFlow & { owner?: string; item?: string }): Flow {
  return { ...stored, definition: JSON.parse(unpack(stored.definition)) as Flow['definition'] };
}

function versionOf({ owner: _, item: __, ...stored }: StoredVersion & { owner?: string; item?: string }): FlowVersion {
  return {
    ...stored,
    definition: JSON.parse(unpack(stored.definition)) as FlowVersion['definition'],
    references: JSON.parse(unpack(stored.references)) as FlowVersion['references'],
  };
}
