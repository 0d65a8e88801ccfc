import { Injectable } from '@nestjs/common';
import { Clock } from '../../shared/clock.js';
import { ConflictError, ValidationError } from '../../shared/domain-error.js';
import { Ids } from '../../shared/ids.js';
import { builtinTools } from '../builtin/index.js';
import { InputCheck } from '../input-check.js';
import { AttachedToolStore } from './attached-tool-store.js';
import type { AttachedTool, ToolOperation } from './attached-tool.js';
import { ToolConflictError } from './attached-tools.errors.js';
import { type Credential, parseConfig, parseCredential } from './tool-config.js';
import { ToolOperations } from './tool-operations.js';
import { type ToolOwner, ToolOwners } from './tool-owners.port.js';

const TOOLS_PER_PROJECT = 50;
/** Operations with their schemas must fit one record with room to spare. */
const DESCRIBED_MAX_BYTES = 1_000_000;

export interface ToolWish {
  org_id: string;
  user_id: string;
  kind: string;
  name: string;
  description: string;
  config: object;
  credential?: unknown;
  owner: { project_id: string } | { agent_id: string };
}

/** Attaches a tool: asks the service what it can do, checks that, and stores it. */
@Injectable()
export class ToolAttachment {
  constructor(
    private readonly store: AttachedToolStore,
    private readonly operations: ToolOperations,
    private readonly schemas: InputCheck,
    private readonly owners: ToolOwners,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** @throws ValidationError, OutgoingRefusedError, NotFoundError, ConflictError */
  async attach(wish: ToolWish): Promise<AttachedTool> {
    const { org_id, user_id, name, description } = wish;
    const config = parseConfig(wish.kind, wish.config);
    const credential: Credential | undefined =
      wish.credential === undefined ? undefined : parseCredential(wish.credential);
    const { owner, conditions } = await this.owners.require(org_id, wish.owner);
    const tool_id = this.ids.next('tool');
    // Discovery may start a program, so what can be refused without it is refused first.
    const others = await this.othersOf(org_id, owner, name);
    const operations = await this.operations.discover({ tool_id, name, description }, config, credential);
    await this.check(others, operations);
    const stored = config.kind === 'openapi' ? { ...config, document: undefined } : config;
    return this.store.create(
      {
        ...{ tool_id, org_id, ...owner, name, description, operations },
        config: JSON.parse(JSON.stringify(stored)) as AttachedTool['config'],
        created_by: user_id,
        created_at: this.clock.timestamp(),
      },
      credential,
      conditions,
    );
  }

  /** The project's tools. @throws ToolConflictError, ConflictError when there is no room for one of this name */
  private async othersOf(org_id: string, { project_id }: ToolOwner, name: string): Promise<AttachedTool[]> {
    const others = await this.store.byProject(org_id, project_id);
    if (others.some((other) => other.name === name)) throw new ToolConflictError(name);
    if (others.length >= TOOLS_PER_PROJECT)
      throw new ConflictError(`The project has ${TOOLS_PER_PROJECT} tools, which is the most`);
    return others;
  }

  private async check(others: readonly AttachedTool[], operations: ToolOperation[]): Promise<void> {
    const taken = new Set(others.flatMap((other) => other.operations.map((one) => one.name)));
    for (const { name: builtin } of builtinTools) taken.add(builtin);
    for (const operation of operations) {
      if (taken.has(operation.name)) throw ValidationError.field('name', `leads to a second tool "${operation.name}"`);
      taken.add(operation.name);
      const problem = await this.schemas.problemOf(operation.input_schema);
      if (problem !== undefined)
        throw ValidationError.field(
          'config',
          `has an input schema for "${operation.operation}" that is not valid: ${problem}`,
        );
    }
    if (Buffer.byteLength(JSON.stringify(operations)) > DESCRIBED_MAX_BYTES)
      throw ValidationError.field('config.operations', 'must choose fewer: their schemas are over 1 MB together');
  }
}
