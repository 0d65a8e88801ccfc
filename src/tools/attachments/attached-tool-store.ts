import { Injectable } from '@nestjs/common';
import { CachedReads } from '../../platform/async/cached-reads.js';
import type { Write } from '../../platform/database/unit-of-work.js';
import { SecretBox } from '../../platform/secrets/secret-box.js';
import type { Page } from '../../shared/page.js';
import type { OwnCredential } from '../kinds/credentials.js';
import { ToolKinds } from '../kinds/tool-kinds.js';
import { type AttachedTool, credentialBinding, ToolNotFoundError } from './attached-tool.js';
import { AttachedToolsRepository } from './attached-tools.repository.js';

/** Younger tools are used without a read, in milliseconds. */
const FRESH_MS = 5_000;
/** Up to this age a run gets the known tools while the database is read again: other processes may miss a change for this long. */
const STALE_MS = 30_000;

/** Stored tools: seals credentials, keeps the cache current and releases connections on deletion. */
@Injectable()
export class AttachedToolStore {
  /** The tools of each project, so that a run without attached tools costs no call to the database. */
  private readonly known = new CachedReads({ fresh_ms: FRESH_MS, stale_ms: STALE_MS });

  constructor(
    private readonly repository: AttachedToolsRepository,
    private readonly kinds: ToolKinds,
    private readonly secrets: SecretBox,
  ) {}

  /** Stores the tool with its credential sealed. @throws ToolConflictError, InvalidStateError without an encryption key */
  async create(
    tool: Omit<AttachedTool, 'credential'>,
    credential: OwnCredential | undefined,
    conditions: Write[],
  ): Promise<AttachedTool> {
    const sealed = credential && {
      type: credential.type,
      sealed: this.secrets.seal(JSON.stringify(credential), credentialBinding(tool)),
    };
    const whole: AttachedTool = { ...tool, credential: sealed ?? null };
    await this.repository.create(whole, conditions);
    this.known.forget(keyOf(tool.org_id, tool.project_id));
    return whole;
  }

  /** @throws ToolNotFoundError, also for a tool of another organization */
  async get(org_id: string, tool_id: string): Promise<AttachedTool> {
    const tool = await this.repository.find(org_id, tool_id);
    if (!tool) throw new ToolNotFoundError(tool_id);
    return tool;
  }

  list(...asked: Parameters<AttachedToolsRepository['list']>): Promise<Page<AttachedTool>> {
    return this.repository.list(...asked);
  }

  /** The tools of an agent and of its project, up to 30 seconds old. @param agent_id `<project_id>:<name>` */
  async ofAgent(org_id: string, agent_id: string): Promise<AttachedTool[]> {
    const project_id = agent_id.slice(0, Math.max(0, agent_id.lastIndexOf(':')));
    if (project_id === '') return [];
    const tools = await this.known.read(keyOf(org_id, project_id), () => this.repository.byProject(org_id, project_id));
    return tools.filter((tool) => tool.agent_id === null || tool.agent_id === agent_id);
  }

  async byProject(org_id: string, project_id: string): Promise<AttachedTool[]> {
    return this.repository.byProject(org_id, project_id);
  }

  /** Every tool of an organization, from an eventually consistent index. */
  async byOrg(org_id: string): Promise<AttachedTool[]> {
    return this.repository.byOrg(org_id);
  }

  /** Other processes may use the tool for up to five more seconds. */
  async delete(tool: AttachedTool): Promise<void> {
    await this.repository.delete(tool);
    this.known.forget(keyOf(tool.org_id, tool.project_id));
    await this.kinds.get(tool.config.kind).release(tool.tool_id);
  }

  /** Part of a project's deletion. @returns the number of deleted tools */
  async deleteByProject(org_id: string, project_id: string): Promise<number> {
    return this.deleteAll(await this.repository.byProject(org_id, project_id));
  }

  /** Part of an agent's deletion; the project's own tools stay. */
  async deleteByAgent(org_id: string, project_id: string, agent_id: string): Promise<number> {
    const tools = await this.repository.byProject(org_id, project_id);
    return this.deleteAll(tools.filter((tool) => tool.agent_id === agent_id));
  }

  async deleteByOrg(org_id: string): Promise<void> {
    await this.deleteAll(await this.repository.byOrg(org_id));
  }

  private async deleteAll(tools: AttachedTool[]): Promise<number> {
    for (const tool of tools) await this.delete(tool);
    return tools.length;
  }
}

const keyOf = (org_id: string, project_id: string): string => `${org_id}#${project_id}`;
