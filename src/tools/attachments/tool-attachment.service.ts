import type { Write } from '../../platform/database/unit-of-work.js';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../shared/clock.js';
import { ConflictError, ValidationError } from '../../shared/domain-error.js';
import { Ids } from '../../shared/ids.js';
import { CredentialsService } from '../credentials/credentials.service.js';
import { InputCheck } from '../tool-workers.js';
import { builtinTools } from '../kinds/builtin/index.js';
import { parseCredential } from '../kinds/credentials.js';
import type { ToolOperation } from '../kinds/tool-kind.js';
import { type ToolKindName, ToolKinds } from '../kinds/tool-kinds.js';
import { AttachedToolStore } from './attached-tool-store.js';
import { type AttachedTool, ToolConflictError } from './attached-tool.js';

export interface ToolOwner {
  project_id: string;
  /** Null: the whole project. */
  agent_id: string | null;
}

/** Projects and agents as owners of tools. The projects module implements it. */
export abstract class ToolOwners {
  /**
   * The owner, and the conditions that it still exists when the tool is stored.
   * @throws NotFoundError, also for a project or agent of another organization
   */
  abstract require(
    org_id: string,
    wanted: { project_id: string } | { agent_id: string },
  ): Promise<{ owner: ToolOwner; conditions: Write[] }>;
}

/** The wanted owner of a tool. @throws ValidationError unless exactly one of the two ids is given */
export function ownerOf({
  project_id,
  agent_id,
}: {
  project_id?: string | undefined;
  agent_id?: string | undefined;
}): { project_id: string } | { agent_id: string } {
  if (project_id !== undefined && agent_id !== undefined)
    throw ValidationError.field('project_id', 'must not be combined with agent_id');
  if (project_id !== undefined) return { project_id };
  if (agent_id !== undefined) return { agent_id };
  throw ValidationError.field('project_id', 'is required unless agent_id is given');
}

const TOOLS_PER_PROJECT = 50;
/** Operations with their schemas must fit one record. */
const DESCRIBED_MAX_BYTES = 1_000_000;

export interface ToolWish {
  org_id: string;
  user_id: string;
  kind: ToolKindName;
  name: string;
  description: string;
  config: object;
  credential?: unknown;
  /** A stored credential, instead of one of the tool's own. */
  credential_id?: string | undefined;
  owner: { project_id: string } | { agent_id: string };
}

/** Attaches a tool: discovers its operations, checks them, and stores it. */
@Injectable()
export class ToolAttachment {
  constructor(
    private readonly store: AttachedToolStore,
    private readonly kinds: ToolKinds,
    private readonly schemas: InputCheck,
    private readonly owners: ToolOwners,
    private readonly credentials: CredentialsService,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** @throws ValidationError, OutgoingRefusedError, NotFoundError, ConflictError */
  async attach(wish: ToolWish): Promise<AttachedTool> {
    const { org_id, user_id, name, description } = wish;
    const kind = this.kinds.get(wish.kind);
    const config = this.kinds.parseConfig(wish.kind, wish.config);
    const own = wish.credential === undefined ? undefined : parseCredential(wish.credential);
    const { credential_id } = wish;
    if (own && credential_id !== undefined)
      throw ValidationError.field('credential_id', 'must not be combined with credential');
    if (credential_id !== undefined) await this.credentials.get(org_id, credential_id);
    const { owner, conditions } = await this.owners.require(org_id, wish.owner);
    const tool_id = this.ids.next('tool');
    const credential = own ?? this.credentials.storedUse(org_id, credential_id, { actor: user_id, used_for: tool_id });
    // Discovery may start a program, so refuse what can be refused without it first.
    const others = await this.othersOf(org_id, owner, name);
    const operations = await kind.discover({ tool_id, org_id, name, description }, config, credential);
    await this.check(org_id, others, operations);
    return this.store.create(
      {
        ...{ tool_id, org_id, ...owner, name, description, operations },
        ...(credential_id === undefined ? {} : { credential_id }),
        config: JSON.parse(JSON.stringify(kind.storedConfig(config))) as AttachedTool['config'],
        created_by: user_id,
        created_at: this.clock.timestamp(),
      },
      own,
      conditions,
    );
  }

  /** The project's tools. @throws ToolConflictError, ConflictError when the project has no room for another */
  private async othersOf(org_id: string, { project_id }: ToolOwner, name: string): Promise<AttachedTool[]> {
    const others = await this.store.byProject(org_id, project_id);
    if (others.some((other) => other.name === name)) throw new ToolConflictError(name);
    if (others.length >= TOOLS_PER_PROJECT)
      throw new ConflictError(`The project already has the maximum of ${TOOLS_PER_PROJECT} tools`, {
        suggestion: 'Detach a tool first.',
      });
    return others;
  }

  private async check(org_id: string, others: readonly AttachedTool[], operations: ToolOperation[]): Promise<void> {
    const taken = new Set(others.flatMap((other) => other.operations.map((one) => one.name)));
    for (const { name: builtin } of builtinTools) taken.add(builtin);
    for (const operation of operations) {
      if (taken.has(operation.name))
        throw ValidationError.field('name', `would create a second tool "${operation.name}"`);
      taken.add(operation.name);
      const problem = await this.schemas.problemOf(operation.input_schema, org_id);
      if (problem !== undefined)
        throw ValidationError.field(
          'config',
          `has an input schema for "${operation.operation}" that is not valid: ${problem}`,
        );
    }
    if (Buffer.byteLength(JSON.stringify(operations)) > DESCRIBED_MAX_BYTES)
      throw ValidationError.field('config.operations', 'must choose fewer: their schemas exceed 1 MB in total');
  }
}
