import { Injectable } from '@nestjs/common';
import { CursorCodec, pageOf } from '../../platform/database/cursors.js';
import { DynamoDb } from '../../platform/database/client/dynamodb.js';
import { UnitOfWork, write, type Write } from '../../platform/database/unit-of-work.js';
import { pack, type PackedText, unpack } from '../../platform/database/packed-text.js';
import type { Page } from '../../shared/page.js';
import type { ToolOperation } from '../kinds/tool-kind.js';
import type { ToolConfig } from '../kinds/tool-kinds.js';
import { type AttachedTool, ToolConflictError } from './attached-tool.js';

const TABLE = 'PlatformTools';
const TOOL_PREFIX = 'tool_';

type StoredTool = Omit<AttachedTool, 'operations' | 'config'> & { body: PackedText };

const orgKey = (org_id: string): string => `ORG#${org_id}`;
const projectKey = (org_id: string, project_id: string): string => `PROJECT#${org_id}#${project_id}`;

@Injectable()
export class AttachedToolsRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly cursors: CursorCodec,
    private readonly unit: UnitOfWork,
  ) {}

  /** @param owner conditions that the project or agent exists and is not being deleted @throws ToolConflictError */
  async create(tool: AttachedTool, owner: Write[]): Promise<void> {
    const { org_id, project_id, tool_id, name } = tool;
    const project = projectKey(org_id, project_id);
    const put = (key: object): Write => write.put({ TableName: TABLE, Item: { ...stored(tool), ...key } });
    const nameIsFree = 'attribute_not_exists(#owner)';
    const nameItem: Write = write.put({
      TableName: TABLE,
      Item: { owner: project, item: `NAME#${name}`, tool_id },
      ConditionExpression: nameIsFree,
      ExpressionAttributeNames: { '#owner': 'owner' },
    });
    await this.unit.commitOr(
      () => new ToolConflictError(name),
      [put({ owner: orgKey(org_id), item: tool_id }), put({ owner: project, item: tool_id }), nameItem, ...owner],
    );
  }

  async find(org_id: string, tool_id: string): Promise<AttachedTool | undefined> {
    const row = await this.db.get<StoredTool>(TABLE, { owner: orgKey(org_id), item: tool_id });
    return row && tool_id.startsWith(TOOL_PREFIX) ? asTool(row) : undefined;
  }

  /** GET /tools: newest first. */
  async list(
    org_id: string,
    filter: { project_id?: string | undefined; agent_id?: string | undefined },
    page: { limit: number; last_key?: string | undefined },
  ): Promise<Page<AttachedTool>> {
    const { project_id, agent_id } = filter;
    const found = await pageOf<StoredTool>(this.db, this.cursors, {
      query: {
        ...toolsOf(project_id === undefined ? orgKey(org_id) : projectKey(org_id, project_id)),
        ScanIndexForward: false,
      },
      scope: `tools:${org_id}:${JSON.stringify([project_id, agent_id])}`,
      limit: page.limit,
      ...(page.last_key === undefined ? {} : { last_key: page.last_key }),
      key_attributes: ['owner', 'item'],
      ...(agent_id === undefined ? {} : { keep: (tool: StoredTool) => tool.agent_id === agent_id }),
    });
    return { items: found.items.map(asTool), last_key: found.last_key };
  }

  /** Everything that a project and its agents have, oldest first, in one query. */
  async byProject(org_id: string, project_id: string): Promise<AttachedTool[]> {
    const tools: AttachedTool[] = [];
    for await (const row of this.db.queryAll<StoredTool>(toolsOf(projectKey(org_id, project_id))))
      tools.push(asTool(row));
    return tools;
  }

  /** Every tool of an organization. */
  async byOrg(org_id: string): Promise<AttachedTool[]> {
    const tools: AttachedTool[] = [];
    for await (const row of this.db.queryAll<StoredTool>(toolsOf(orgKey(org_id)))) tools.push(asTool(row));
    return tools;
  }

  /** The item under the project goes last: by it an interrupted deletion is found again. */
  async delete({ org_id, project_id, tool_id, name }: AttachedTool): Promise<void> {
    const project = projectKey(org_id, project_id);
    await this.db.batchDelete(TABLE, [
      { owner: orgKey(org_id), item: tool_id },
      { owner: project, item: `NAME#${name}` },
    ]);
    await this.db.batchDelete(TABLE, [{ owner: project, item: tool_id }]);
  }
}

function toolsOf(owner: string) {
  return {
    TableName: TABLE,
    KeyConditionExpression: '#owner = :owner AND begins_with(#item, :tool)',
    ExpressionAttributeNames: { '#owner': 'owner', '#item': 'item' },
    ExpressionAttributeValues: { ':owner': owner, ':tool': TOOL_PREFIX },
    ConsistentRead: true,
  };
}

function stored({ operations, config, ...tool }: AttachedTool): StoredTool {
  return { ...tool, body: pack(JSON.stringify({ operations, config })) };
}

function asTool({ body, ...tool }: StoredTool): AttachedTool {
  const { tool_id, org_id, project_id, agent_id, name, description, credential, created_by, created_at } = tool;
  const { credential_id } = tool;
  const { operations, config } = JSON.parse(unpack(body)) as { operations: ToolOperation[]; config: ToolConfig };
  return {
    tool_id,
    org_id,
    project_id,
    agent_id,
    name,
    description,
    config,
    credential,
    operations,
    created_by,
    created_at,
    ...(credential_id === undefined ? {} : { credential_id }),
  };
}
