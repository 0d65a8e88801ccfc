import { Injectable } from '@nestjs/common';
import { CursorCodec, pageOf } from '../platform/database/cursors.js';
import { DynamoDb } from '../platform/database/client/dynamodb.js';
import { UnitOfWork, write, type Write } from '../platform/database/unit-of-work.js';
import { CachedReads } from '../platform/async/cached-reads.js';
import type { Page } from '../shared/page.js';
import type { Agent, AgentStatus, AgentVersion } from './agent.js';
import { AgentDocumentsRepository } from './agent-documents.repository.js';
import { AgentChangedError } from './agents.errors.js';

const TABLE = 'AgentInstances';
const AGENT_ITEM = 'AGENT';
/** The one partition of the sparse deletion index. */
const MARKED = 'MARKED';

export interface AgentFilter {
  project_id?: string | undefined;
  status?: AgentStatus | undefined;
  category?: string | undefined;
  capabilities?: string[] | undefined;
  search?: string | undefined;
}

/** Documents of a version stand in its item up to this many characters together: an item has at most 400 KB. */
const INLINE_CHARACTERS = 60_000;

export const charactersOf = (documents: readonly { content: string }[]): number =>
  documents.reduce((sum, { content }) => sum + content.length, 0);

type StoredAgent = Agent & { deletion?: string };

/** How old an agent's record may be for a run, in milliseconds. A change by this process takes effect at once. */
export const RECENT_MS = 500;

@Injectable()
export class AgentsRepository {
  private readonly recent = new CachedReads({ fresh_ms: RECENT_MS / 2, stale_ms: RECENT_MS });

  constructor(
    private readonly db: DynamoDb,
    private readonly cursors: CursorCodec,
    private readonly unit: UnitOfWork,
    private readonly documents: AgentDocumentsRepository,
  ) {}

  /** One item. Undefined also for another organization's agent and for one that is being deleted. */
  async findById(org_id: string, agent_id: string): Promise<Agent | undefined> {
    return visible(await this.read(agent_id), org_id);
  }

  /** As {@link findById}, at most half a second old where another process changed it. Shared: never change it. */
  async findRecent(org_id: string, agent_id: string): Promise<Agent | undefined> {
    return visible(await this.recent.read(agent_id, () => this.read(agent_id)), org_id);
  }

  /** Also returns agents that are being deleted, for continuing a deletion. */
  read(agent_id: string): Promise<StoredAgent | undefined> {
    return this.db.get<StoredAgent>(TABLE, { agent_id, item: AGENT_ITEM });
  }

  /**
   * Stores a changed agent with an optional new version, on condition that the agent has not changed since it was read.
   * @throws AgentChangedError
   */
  async save(before: Agent | undefined, agent: Agent, also: Write[] = [], version?: AgentVersion): Promise<void> {
    const agentIsNew = 'attribute_not_exists(agent_id)';
    const agentIsUnchanged = 'revision = :revision AND attribute_not_exists(deletion)';
    const condition = before
      ? { ConditionExpression: agentIsUnchanged, ExpressionAttributeValues: { ':revision': before.revision } }
      : { ConditionExpression: agentIsNew };
    const items: Write[] = [write.put({ TableName: TABLE, Item: agentItem(agent), ...condition }), ...also];
    if (version) items.push(write.put({ TableName: TABLE, Item: await this.versionItem(version, agent, before) }));
    if (!before) items.push(write.put({ TableName: TABLE, Item: projectEntry(agent) }));
    await this.changing(agent.agent_id, () => this.unit.commitOr(() => new AgentChangedError(agent.agent_id), items));
  }

  /** Also a change whose outcome is not known makes the record that runs use old. */
  private async changing(agent_id: string, change: () => Promise<void>): Promise<void> {
    try {
      await change();
    } finally {
      this.recent.forget(agent_id);
    }
  }

  stays(agent_id: string): Write {
    const agentStays = 'attribute_exists(agent_id) AND attribute_not_exists(deletion)';
    const Key = { agent_id, item: AGENT_ITEM };
    return write.check({ TableName: TABLE, Key, ConditionExpression: agentStays });
  }

  /** Marks an agent as deleted: it leaves every list and can no longer be changed. */
  async mark(agent: Agent, at: string, also: Write[]): Promise<void> {
    const Update = {
      TableName: TABLE,
      Key: { agent_id: agent.agent_id, item: AGENT_ITEM },
      UpdateExpression: 'SET deletion = :marked, updated_at = :at REMOVE list_org, list_org_status, list_project',
      ConditionExpression: 'revision = :revision AND attribute_not_exists(deletion)',
      ExpressionAttributeValues: { ':marked': MARKED, ':at': at, ':revision': agent.revision },
    };
    await this.changing(agent.agent_id, () =>
      this.unit.commitOr(() => new AgentChangedError(agent.agent_id), [write.update(Update), ...also]),
    );
  }

  /** Deletes versions, documents and the project's entry first and the marked item last, so that an interrupted deletion is found again. */
  async deleteItems(agent: Pick<Agent, 'agent_id' | 'project_id'>): Promise<void> {
    const { agent_id, project_id } = agent;
    const keys: { agent_id: string; item: string }[] = [];
    const query = {
      TableName: TABLE,
      KeyConditionExpression: 'agent_id = :id AND #item > :agent',
      ExpressionAttributeNames: { '#item': 'item' },
      ExpressionAttributeValues: { ':id': agent_id, ':agent': AGENT_ITEM },
      ProjectionExpression: '#item',
      ConsistentRead: true,
    };
    for await (const { item } of this.db.queryAll<{ item: string }>(query)) keys.push({ agent_id, item });
    await this.db.batchDelete(TABLE, [...keys, { agent_id: `PROJECT#${project_id}`, item: agent_id }]);
    await this.db.batchDelete(TABLE, [{ agent_id, item: AGENT_ITEM }]);
  }

  /** Ids of agents whose deletion was interrupted. */
  async *marked(): AsyncGenerator<string> {
    const query = {
      TableName: TABLE,
      IndexName: 'DeletionIndex',
      KeyConditionExpression: 'deletion = :marked',
      ExpressionAttributeValues: { ':marked': MARKED },
    };
    for await (const { agent_id } of this.db.queryAll<{ agent_id: string }>(query)) yield agent_id;
  }

  /** Ids of an organization's agents, from an eventually consistent index. */
  async *idsByOrg(org_id: string): AsyncGenerator<string> {
    const query = {
      TableName: TABLE,
      IndexName: 'OrgIndex',
      KeyConditionExpression: 'list_org = :org',
      ExpressionAttributeValues: { ':org': org_id },
    };
    for await (const { agent_id } of this.db.queryAll<{ agent_id: string }>(query)) yield agent_id;
  }

  /** Ids of a project's agents, read consistently. The deletion of a project relies on it. */
  async idsByProject(project_id: string): Promise<string[]> {
    const ids: string[] = [];
    const query = {
      TableName: TABLE,
      KeyConditionExpression: 'agent_id = :project',
      ExpressionAttributeValues: { ':project': `PROJECT#${project_id}` },
      ConsistentRead: true,
    };
    for await (const { item } of this.db.queryAll<{ item: string }>(query)) ids.push(item);
    return ids;
  }

  /** With the texts of its documents. */
  async findVersion(agent_id: string, version_number: number): Promise<AgentVersion | undefined> {
    const version = await this.db.get<AgentVersion>(TABLE, { agent_id, item: versionKey(version_number) });
    if (!version?.documents) return version;
    const knowledge = await this.documents.read(agent_id, version.documents);
    return { ...version, definition: { ...version.definition, knowledge } };
  }

  private async versionItem(
    version: AgentVersion,
    agent: Agent,
    before: Agent | undefined,
  ): Promise<Record<string, unknown>> {
    const { documents: _stored, ...own } = version;
    const { definition, version_number, agent_id } = version;
    const item = versionKey(version_number);
    if (charactersOf(definition.knowledge) <= INLINE_CHARACTERS) return { ...own, item };
    // Texts of a new agent come before it. Its entry in the project lets the project's deletion find them after a crash.
    const owned = before ? this.stays(agent_id) : write.put({ TableName: TABLE, Item: projectEntry(agent) });
    const documents = await this.documents.store(version, owned);
    return { ...own, documents, definition: { ...definition, knowledge: [] }, item };
  }

  /** GET /agents/{id}/versions: newest first, without texts that are stored apart. */
  async listVersions(
    org_id: string,
    agent_id: string,
    page: { limit: number; last_key?: string | undefined },
  ): Promise<Page<AgentVersion>> {
    return pageOf<AgentVersion>(this.db, this.cursors, {
      query: {
        TableName: TABLE,
        KeyConditionExpression: 'agent_id = :id AND begins_with(#item, :version)',
        ExpressionAttributeNames: { '#item': 'item' },
        ExpressionAttributeValues: { ':id': agent_id, ':version': 'VERSION#' },
        ScanIndexForward: false,
        ConsistentRead: true,
      },
      scope: `versions:${org_id}:${agent_id}`,
      limit: page.limit,
      ...(page.last_key === undefined ? {} : { last_key: page.last_key }),
      key_attributes: ['agent_id', 'item'],
    });
  }

  /** GET /agents: newest first, from the index by project, by status or of all. Other filters are applied to what was read. */
  async list(
    org_id: string,
    filter: AgentFilter,
    page: { limit: number; last_key?: string | undefined },
  ): Promise<Page<Agent>> {
    const { index, attribute, value } = listIndex(org_id, filter);
    return pageOf<Agent>(this.db, this.cursors, {
      query: {
        TableName: TABLE,
        IndexName: index,
        KeyConditionExpression: '#partition = :partition',
        ExpressionAttributeNames: { '#partition': attribute },
        ExpressionAttributeValues: { ':partition': value },
        ScanIndexForward: false,
      },
      scope: `agents:${org_id}:${JSON.stringify([filter.project_id, filter.status, filter.category, filter.capabilities, filter.search])}`,
      limit: page.limit,
      ...(page.last_key === undefined ? {} : { last_key: page.last_key }),
      key_attributes: ['agent_id', 'item', attribute, 'created_at'],
      ...(needsFilter(filter) ? { keep: (agent: Agent) => matches(agent, filter) } : {}),
    });
  }

  /** Reads the whole table, for the recount of the gauges only. */
  async *all(): AsyncGenerator<StoredAgent> {
    for await (const item of this.db.scanAll<StoredAgent & { item: string }>(TABLE))
      if (item.item === AGENT_ITEM) yield item;
  }
}

function visible(agent: StoredAgent | undefined, org_id: string): Agent | undefined {
  return agent?.org_id === org_id && agent.deletion === undefined ? agent : undefined;
}

function listIndex(org_id: string, filter: AgentFilter): { index: string; attribute: string; value: string } {
  if (filter.project_id !== undefined)
    return { index: 'ProjectIndex', attribute: 'list_project', value: `${org_id}#${filter.project_id}` };
  if (filter.status !== undefined)
    return { index: 'OrgStatusIndex', attribute: 'list_org_status', value: `${org_id}#${filter.status}` };
  return { index: 'OrgIndex', attribute: 'list_org', value: org_id };
}

function needsFilter({ project_id, status, category, capabilities, search }: AgentFilter): boolean {
  return (
    (project_id !== undefined && status !== undefined) ||
    category !== undefined ||
    capabilities !== undefined ||
    search !== undefined
  );
}

function matches(agent: Agent, { status, category, capabilities, search }: AgentFilter): boolean {
  const text = `${agent.agent_name}\n${agent.description}`.toLowerCase();
  return (
    (status === undefined || agent.status === status) &&
    (category === undefined || agent.category === category) &&
    (capabilities ?? []).every((capability) => agent.capabilities.includes(capability)) &&
    (search === undefined || text.includes(search.toLowerCase()))
  );
}

function agentItem(agent: Agent): Record<string, unknown> {
  const { org_id, project_id, status } = agent;
  return {
    ...agent,
    item: AGENT_ITEM,
    list_org: org_id,
    list_org_status: `${org_id}#${status}`,
    list_project: `${org_id}#${project_id}`,
  };
}

/** Lists the agent under its project. */
function projectEntry({ agent_id, org_id, project_id }: Agent): Record<string, unknown> {
  return { agent_id: `PROJECT#${project_id}`, item: agent_id, org_id };
}

const versionKey = (version_number: number): string => `VERSION#${String(version_number).padStart(6, '0')}`;
