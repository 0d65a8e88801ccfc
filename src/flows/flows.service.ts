import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../shared/clock.js';
import { ValidationError } from '../shared/domain-error.js';
import { Ids } from '../shared/ids.js';
import type { OperationUserDto } from '../integrations/dto/review.dto.js';
import { type Page, PAGE_LIMIT_MAX } from '../shared/page.js';
import { checkDefinition, type Fault } from './definition/definition-check.js';
import { FLOW_LIMITS } from './definition/definition.js';
import { FlowGraph } from './definition/flow-graph.js';
import { FlowReferencesService } from './definition/references.service.js';
import type { CheckedFlow, Flow, FlowChanges, FlowStatus, FlowVersion } from './flow.js';
import {
  FlowChangedError,
  FlowNotFoundError,
  FlowNotPublishableError,
  FlowNotPublishedError,
  FlowVersionNotFoundError,
} from './flows.errors.js';
import { FlowsRepository, type PageWish } from './flows.repository.js';

const KEPT_VERSIONS = 200;

/** A version that can be run, with its order worked out. */
export interface RunnableFlow {
  version: FlowVersion;
  graph: FlowGraph;
}

/** Flows: drafts, their faults, and published versions. */
@Injectable()
export class FlowsService {
  /** Versions never change, so a cached one never expires. */
  private readonly versions = new LRUCache<string, RunnableFlow>({ max: KEPT_VERSIONS });

  constructor(
    private readonly repository: FlowsRepository,
    private readonly references: FlowReferencesService,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** A draft may have faults; they are answered with it. */
  async create(
    { org_id, user_id }: { org_id: string; user_id: string },
    wish: { name: string; description?: string | undefined; definition: Record<string, unknown> },
    flow_id = this.newId(),
  ): Promise<CheckedFlow> {
    requireBounded(wish.definition);
    const at = this.clock.timestamp();
    const { name, description = '', definition } = wish;
    const flow: Flow = {
      ...{ flow_id, org_id, user_id, name, description, definition },
      ...{ status: 'draft', version: null, revision: 1, created_at: at, updated_at: at, published_at: null },
    };
    await this.repository.create(flow);
    return { flow, faults: checkDefinition(definition).faults };
  }

  /** For a flow that is noted before it is created. */
  newId(): string {
    return this.ids.next('flow');
  }

  /** @throws FlowNotFoundError */
  async get(org_id: string, flow_id: string): Promise<Flow> {
    const flow = await this.repository.findById(org_id, flow_id);
    if (!flow) throw new FlowNotFoundError(flow_id);
    return flow;
  }

  /** With the faults of its definition. @throws FlowNotFoundError */
  async getChecked(org_id: string, flow_id: string): Promise<CheckedFlow> {
    const flow = await this.get(org_id, flow_id);
    return { flow, faults: checkDefinition(flow.definition).faults };
  }

  list(org_id: string, status: FlowStatus | undefined, page: PageWish): Promise<Page<Flow>> {
    return this.repository.list(org_id, status, page);
  }

  /**
   * Changes the draft. Published versions stay as they are.
   * @param revision the one that the caller has read
   * @throws FlowNotFoundError, FlowChangedError with the current revision
   */
  async update(org_id: string, flow_id: string, revision: number, changes: FlowChanges): Promise<CheckedFlow> {
    if (changes.definition) requireBounded(changes.definition);
    const before = await this.get(org_id, flow_id);
    if (before.revision !== revision) throw new FlowChangedError(flow_id, before.revision);
    const { name = before.name, description = before.description, definition } = changes;
    const flow: Flow = {
      ...this.changed(before),
      ...{ name, description },
      ...(definition ? { definition, status: 'draft' as const } : {}),
    };
    await this.repository.save(before, flow);
    return { flow, faults: checkDefinition(flow.definition).faults };
  }

  /** Every fault of a definition, of form, order and references, and what a published flow would need. */
  async validate(org_id: string, definition: unknown): Promise<Fault[]> {
    const checked = checkDefinition(definition);
    if (!checked.definition || checked.faults.length > 0) return checked.faults;
    return (await this.references.check(org_id, checked.definition)).faults;
  }

  /** Makes the draft the newest version. @throws FlowNotPublishableError with every reason, FlowChangedError */
  async publish(principal: { org_id: string; user_id: string }, flow_id: string): Promise<Flow> {
    const { org_id, user_id } = principal;
    const before = await this.get(org_id, flow_id);
    const { definition, faults } = checkDefinition(before.definition);
    if (!definition || faults.length > 0) throw new FlowNotPublishableError(flow_id, faults);
    const checked = await this.references.check(org_id, definition);
    if (checked.faults.length > 0) throw new FlowNotPublishableError(flow_id, checked.faults);
    const at = this.clock.timestamp();
    const version = (before.version ?? 0) + 1;
    const flow: Flow = { ...this.changed(before), status: 'published', version, published_at: at };
    const { references } = checked;
    await this.repository.save(before, flow, [
      this.repository.versionCreation({
        ...{ flow_id, org_id, version, definition, references, published_at: at, published_by: user_id },
      }),
    ]);
    return flow;
  }

  /** The published flows that call operations of an integration. Reads every published flow of the organization. */
  async usersOf(org_id: string, integration_id: string): Promise<OperationUserDto[]> {
    const users: OperationUserDto[] = [];
    for await (const { flow_id: id, name, version } of this.published(org_id)) {
      const { references } = (await this.runnable(org_id, id, version)).version;
      const used = Object.values(references.integrations ?? {}).filter((one) => one.integration_id === integration_id);
      const operation_ids = used.flatMap((one) => one.operation_ids);
      if (operation_ids.length > 0)
        users.push({ kind: 'flow', id, name, project_id: null, agent_id: null, operation_ids });
    }
    return users;
  }

  /** The id of a published flow, by its id or its unique name. @throws FlowNotFoundError, ValidationError */
  async idOf(org_id: string, id_or_name: string): Promise<string> {
    if (await this.repository.findById(org_id, id_or_name)) return id_or_name;
    const named: string[] = [];
    for await (const { flow_id, name } of this.published(org_id)) if (name === id_or_name) named.push(flow_id);
    const [flow_id] = named;
    if (flow_id === undefined) throw new FlowNotFoundError(id_or_name);
    if (named.length > 1)
      throw ValidationError.field(
        'flow',
        `matches several flows; use one of these ids: ${named.slice(0, 20).join(', ')}`,
      );
    return flow_id;
  }

  /** Flows that can be run, newest first; also those whose draft has changed since. */
  private async *published(org_id: string): AsyncGenerator<Flow & { version: number }> {
    let last_key: string | undefined;
    do {
      const page = await this.repository.list(org_id, undefined, { limit: PAGE_LIMIT_MAX, last_key });
      for (const flow of page.items) if (flow.version !== null) yield { ...flow, version: flow.version };
      last_key = page.last_key ?? undefined;
    } while (last_key !== undefined);
  }

  /** Takes the flow out of use: it starts no further runs. Runs that have begun go on. */
  async archive(org_id: string, flow_id: string): Promise<Flow> {
    const before = await this.get(org_id, flow_id);
    if (before.status === 'archived') return before;
    const flow: Flow = { ...this.changed(before), status: 'archived' };
    await this.repository.save(before, flow);
    return flow;
  }

  /** Makes the definition of a version the draft again. @throws FlowVersionNotFoundError */
  async restore(org_id: string, flow_id: string, version: number): Promise<CheckedFlow> {
    const before = await this.get(org_id, flow_id);
    const { definition } = await this.getVersion(org_id, flow_id, version);
    const flow: Flow = { ...this.changed(before), status: 'draft', definition: { ...definition } };
    await this.repository.save(before, flow);
    return { flow, faults: checkDefinition(flow.definition).faults };
  }

  async listVersions(org_id: string, flow_id: string, page: PageWish): Promise<Page<FlowVersion>> {
    await this.get(org_id, flow_id);
    return this.repository.listVersions(org_id, flow_id, page);
  }

  /** @throws FlowVersionNotFoundError */
  async getVersion(org_id: string, flow_id: string, version: number): Promise<FlowVersion> {
    return (await this.runnable(org_id, flow_id, version)).version;
  }

  /** The version that a new run uses. @throws FlowNotFoundError, FlowNotPublishedError, FlowVersionNotFoundError */
  async newestRunnable(org_id: string, flow_id: string, wanted?: number): Promise<RunnableFlow> {
    const flow = await this.get(org_id, flow_id);
    if (flow.version === null || flow.status === 'archived') throw new FlowNotPublishedError(flow_id, flow.status);
    return this.runnable(org_id, flow_id, wanted ?? flow.version);
  }

  /** Costs no database call for a version that was used before. @throws FlowVersionNotFoundError */
  async runnable(org_id: string, flow_id: string, version: number): Promise<RunnableFlow> {
    const key = `${org_id}#${flow_id}#${version}`;
    const known = this.versions.get(key);
    if (known) return known;
    const found = await this.repository.findVersion(org_id, flow_id, version);
    if (!found) throw new FlowVersionNotFoundError(flow_id, version);
    const runnable = { version: found, graph: new FlowGraph(found.definition) };
    this.versions.set(key, runnable);
    return runnable;
  }

  private changed(before: Flow): Flow {
    return { ...before, revision: before.revision + 1, updated_at: this.clock.timestamp() };
  }
}

function requireBounded(definition: Record<string, unknown>): void {
  const size = Buffer.byteLength(JSON.stringify(definition));
  if (size > FLOW_LIMITS.definition_bytes)
    throw ValidationError.field('definition', `must be at most ${FLOW_LIMITS.definition_bytes} bytes, not ${size}`);
}
