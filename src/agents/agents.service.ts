import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { ModelsService } from '../models/models.service.js';
import type { Write } from '../platform/database/unit-of-work.js';
import { retryOn } from '../platform/async/retry.js';
import { Clock } from '../shared/clock.js';
import type { AgentDefinition } from '../runtimes/agent-definition.js';
import { Runtimes } from '../runtimes/observed-runtimes.js';
import { ValidationError } from '../shared/domain-error.js';
import { CachedReads } from '../platform/async/cached-reads.js';
import type { Page } from '../shared/page.js';
import type { GaugeName } from '../statistics/counter-row.js';
import { StatisticsGauges } from '../statistics/statistics-gauges.js';
import {
  ableBy,
  type Agent,
  type AgentChanges,
  agentIdOf,
  type AgentStatus,
  type AgentVersion,
  deploymentOf,
  edited,
  gaugeOf,
  registered,
  type Registration,
  rolloutAfter,
  runsCandidate,
  stopped,
} from './agent.js';
import {
  AgentChangedError,
  AgentExistsError,
  AgentNotFoundError,
  AgentNotRunningError,
  AgentRevisionError,
  AgentVersionNotFoundError,
} from './agents.errors.js';
import { type AgentFilter, AgentsRepository, charactersOf } from './agents.repository.js';

export { RECENT_MS } from './agents.repository.js';

/** How many versions are searched for a label. */
const VERSIONS_LIMIT = 100;
/** Characters of cached definitions with their documents. */
const CACHED_CHARACTERS = 50_000_000;
/** What a definition takes without its documents, roughly. */
const DEFINITION_CHARACTERS = 10_000;
/** How old the names of an organization's agents may be, in milliseconds. */
const NAMES_MS = 2_000;
const PAGE = 100;

/** An agent that can be invoked, with the definition it runs. */
export interface RunnableAgent {
  agent: Agent;
  definition: AgentDefinition;
  /** Of a run that takes part in a rollout, whichever of its two versions it runs. */
  rollout_id?: string;
}

/** What a caller of a run chooses instead of what the agent runs now. */
export interface RunChoice {
  /** The label of one of its versions. */
  version?: string | undefined;
  model?: string | undefined;
  /** The session of the run: decides its version while a rollout runs. Absent: the current version. */
  session_id?: string | undefined;
}

const SCHEMA_CHARACTERS = 20_000;

/** An empty schema stands for none. */
const schemaOf = (schema: Record<string, unknown>) => (Object.keys(schema).length > 0 ? schema : null);

/** The labels that builds give; see `versionLabel`. */
const BUILD_LABEL = /^v1\.0\.\d+$/;
type VersionFields = 'version' | 'version_number' | 'latest_version_number';
export interface Change {
  agent: Agent;
  version?: AgentVersion | undefined;
}

/** Which of the two versions of a rollout the session runs. A version that the caller chooses goes before the rollout. */
function inRollout(agent: Agent, { version, model, session_id }: RunChoice): Omit<RunnableAgent, 'definition'> {
  const { rollout, runtime } = agent;
  if (rollout?.status !== 'running' || runtime !== 'local' || version !== undefined || session_id === undefined)
    return { agent };
  const { version_number, rollout_id } = rollout;
  const runs = runsCandidate(rollout, session_id) ? { version: rollout.version, version_number } : {};
  // A run on a model of the caller's choice says nothing about the versions.
  return { agent: { ...agent, ...runs }, ...(model === undefined ? { rollout_id } : {}) };
}

/** The agent with another current version. */
export function pointedTo(agent: Agent, target: AgentVersion): Agent {
  const { version, version_number, definition, coverage = null } = target;
  return { ...agent, version, version_number, coverage, ...ableBy(definition) };
}

/** The registry: agents, their versions and their state. */
@Injectable()
export class AgentsService {
  /** Versions never change, so a cached definition never expires. */
  private readonly definitions = new LRUCache<string, AgentDefinition>({
    maxSize: CACHED_CHARACTERS,
    sizeCalculation: ({ knowledge }) => DEFINITION_CHARACTERS + charactersOf(knowledge),
  });

  private readonly names = new CachedReads({ fresh_ms: NAMES_MS / 2, stale_ms: NAMES_MS });

  constructor(
    private readonly repository: AgentsRepository,
    private readonly gauges: StatisticsGauges,
    private readonly models: ModelsService,
    private readonly runtimes: Runtimes,
    private readonly clock: Clock,
  ) {}

  /**
   * Registers an agent, or gives an existing one its next version. Idempotent for the same build.
   * @param guard conditions of the caller that must hold in the same transaction.
   * @param base_version_number the newest version that the build started from, when it changes an agent
   * @throws AgentChangedError when the guard does not hold or another request changes the same agent at this moment.
   * AgentRevisionError when the agent has a newer version than the base.
   */
  async register(input: Registration, guard: Write[] = [], base_version_number?: number): Promise<Agent> {
    const existing = await this.repository.findById(input.org_id, agentIdOf(input.project_id, input.agent_name));
    if (existing && existing.build_id === input.build_id) return existing;
    if (existing && base_version_number !== undefined && existing.latest_version_number !== base_version_number)
      throw new AgentRevisionError(existing.agent_id, existing.revision);
    const { agent, version } = registered(input, existing, this.clock.timestamp());
    await this.repository.save(
      existing,
      agent,
      [...guard, ...this.moved(input.org_id, existing?.status, 'running')],
      version,
    );
    return agent;
  }

  /**
   * Registers an agent that must be new.
   * @param guard as for {@link register}
   * @throws AgentExistsError, AgentChangedError
   */
  async registerNew(input: Registration, guard: Write[]): Promise<Agent> {
    const agent_id = agentIdOf(input.project_id, input.agent_name);
    const { agent, version } = registered(input, undefined, this.clock.timestamp());
    const counted = this.moved(input.org_id, undefined, 'running');
    await this.repository.save(undefined, agent, [...guard, ...counted], version).catch(async (error: unknown) => {
      const isTaken = error instanceof AgentChangedError && (await this.repository.read(agent_id));
      throw isTaken ? new AgentExistsError(agent_id) : error;
    });
    return agent;
  }

  /**
   * The agent with the definition that it runs now, for a caller that changes it.
   * @throws AgentNotFoundError, AgentRevisionError with the current revision
   */
  async getAt(org_id: string, agent_id: string, revision?: number): Promise<RunnableAgent> {
    const agent = await this.get(org_id, agent_id);
    if (revision !== undefined && agent.revision !== revision) throw new AgentRevisionError(agent_id, agent.revision);
    return { agent, definition: (await this.version(agent)).definition };
  }

  /**
   * Makes a version with a definition that was checked, and points the agent to it if `activate` is set.
   * @param before the agent as it was read
   * @param edit.fields changed together with the current version
   * @returns the agent, and the label of the version
   * @throws AgentRevisionError when the agent has changed since
   */
  async storeEdit(
    before: Agent,
    definition: AgentDefinition,
    { user_id, fields, activate }: { user_id: string; fields: Partial<Agent>; activate: boolean },
  ): Promise<{ agent: Agent; version: string }> {
    const at = this.clock.timestamp();
    const changed = activate ? { ...before, ...fields } : before;
    const { agent: next, version } = edited(changed, definition, { user_id, at, activate });
    const agent = { ...next, updated_at: at, revision: before.revision + 1 };
    await this.repository.save(before, agent, [], version).catch(async (error: unknown) => {
      if (!(error instanceof AgentChangedError)) throw error;
      const { agent_id, revision } = await this.get(before.org_id, before.agent_id);
      throw new AgentRevisionError(agent_id, revision);
    });
    return { agent, version: version.version };
  }

  /** @throws AgentNotFoundError also when the agent belongs to another organization. */
  async get(org_id: string, agent_id: string): Promise<Agent> {
    const agent = await this.repository.findById(org_id, agent_id);
    if (!agent) throw new AgentNotFoundError(agent_id);
    return agent;
  }

  async exists(org_id: string, agent_id: string): Promise<boolean> {
    return (await this.repository.findById(org_id, agent_id)) !== undefined;
  }

  /**
   * The agent with the definition that it runs now, or with a version or model that the caller chooses. While a rollout runs, a
   * session runs one of its two versions; `agent.version` names it. A change by another
   * process takes effect within half a second. Overrides of the agent apply to any version; a chosen model goes before them.
   * @throws AgentNotFoundError, AgentNotRunningError; AgentVersionNotFoundError; ValidationError for a model that no provider
   * serves, and for a choice where the agent runs in a container
   */
  async getRunnable(org_id: string, agent_id: string, choice: RunChoice = {}): Promise<RunnableAgent> {
    const found = await this.repository.findRecent(org_id, agent_id);
    if (!found) throw new AgentNotFoundError(agent_id);
    if (found.status !== 'running') throw new AgentNotRunningError(agent_id, found.status);
    const { agent: own, ...part } = inRollout(found, choice);
    const agent = await this.chosen(own, choice);
    // A deleted agent can be registered again under the same id: the creation time tells the two apart.
    const key = `${agent_id}#${agent.created_at}#${agent.version_number}`;
    const definition = this.definitions.get(key) ?? (await this.version(agent)).definition;
    this.definitions.set(key, definition);
    const { model_id, requires_approval = [], output_schema } = agent;
    if (!model_id && requires_approval.length === 0 && !output_schema) return { agent, definition, ...part };
    const approved = [...(definition.requires_approval ?? []), ...requires_approval];
    const set = {
      ...(model_id ? { model_id } : {}),
      ...(approved.length > 0 ? { requires_approval: approved } : {}),
      ...(output_schema ? { output_schema } : {}),
    };
    return { agent, definition: { ...definition, ...set }, ...part };
  }

  /** The agent as it would be with the version and the model. */
  private async chosen(agent: Agent, { version, model }: RunChoice): Promise<Agent> {
    if (version === undefined && model === undefined) return agent;
    const field = version === undefined ? 'model' : 'version';
    if (agent.runtime !== 'local')
      throw ValidationError.field(field, 'cannot be set for an agent that runs in a container');
    if (model !== undefined) {
      try {
        this.models.describe(model);
      } catch (error) {
        if (!(error instanceof ValidationError)) throw error;
        throw ValidationError.field('model', error.message.replace(/^model_id /, ''));
      }
    }
    const at = version === undefined || version === agent.version ? {} : await this.placeOf(agent, version);
    return { ...agent, ...at, ...(model === undefined ? {} : { model_id: model }) };
  }

  private async placeOf(agent: Agent, label: string): Promise<Pick<Agent, 'version' | 'version_number'>> {
    const { version, version_number } = await this.labelled(agent, label);
    return { version, version_number };
  }

  /**
   * The version of a label, with its definition. One call for a label that a build or an edit gave, as it tells the number; a list
   * for others. @throws AgentVersionNotFoundError
   */
  async labelled(agent: Agent, label: string): Promise<AgentVersion> {
    const { agent_id } = agent;
    const number = BUILD_LABEL.test(label) ? Number(label.slice(label.lastIndexOf('.') + 1)) + 1 : 0;
    const guess = number > 0 ? await this.repository.findVersion(agent_id, number) : undefined;
    const target = guess?.version === label ? guess : await this.versionLabelled(agent, label);
    if (!target) throw new AgentVersionNotFoundError(agent_id, label);
    return target;
  }

  /**
   * The id behind an id or a short name. Names are up to two seconds old; an unknown one is looked up again.
   * @throws AgentNotFoundError for a name that no agent or more than one agent of the organization has
   */
  async idOf(org_id: string, name: string): Promise<string> {
    if (name.includes(':')) return name;
    const read = () => this.names.read(org_id, () => this.namesOf(org_id));
    const [known] = (await read()).get(name) ?? [];
    if (known === undefined) this.names.forget(org_id);
    const [agent_id, other] = (await read()).get(name) ?? [];
    if (agent_id === undefined || other !== undefined) throw new AgentNotFoundError(name);
    return agent_id;
  }

  /** Every agent that can be invoked, newest first. */
  async *runnable(org_id: string): AsyncGenerator<Agent> {
    yield* this.all(org_id, { status: 'running' });
  }

  private async namesOf(org_id: string): Promise<ReadonlyMap<string, string[]>> {
    const names = new Map<string, string[]>();
    for await (const { agent_name, agent_id } of this.all(org_id, {}))
      names.set(agent_name, [...(names.get(agent_name) ?? []), agent_id]);
    return names;
  }

  private async *all(org_id: string, filter: AgentFilter): AsyncGenerator<Agent> {
    for (let last_key: string | null | undefined; last_key !== null;) {
      const page = await this.repository.list(org_id, filter, { limit: PAGE, last_key });
      yield* page.items;
      last_key = page.last_key;
    }
  }

  /** A condition for records under the agent: it exists and its deletion has not begun. */
  stays(agent_id: string): Write {
    return this.repository.stays(agent_id);
  }

  list(
    org_id: string,
    filter: AgentFilter,
    page: { limit: number; last_key?: string | undefined },
  ): Promise<Page<Agent>> {
    return this.repository.list(org_id, filter, page);
  }

  /** @throws ValidationError for a model that no provider serves. */
  async update(org_id: string, agent_id: string, changes: AgentChanges): Promise<Agent> {
    const before = await this.get(org_id, agent_id);
    const { runtime } = before;
    if (runtime !== 'local' && changes.requires_approval?.length)
      throw ValidationError.field('requires_approval', 'is not supported by an agent that runs in a container');
    if (changes.model_id) this.models.describe(changes.model_id);
    const given = Object.fromEntries(
      Object.entries(changes).filter(([, value]) => value !== undefined),
    ) as Partial<Agent>;
    const model = changes.model_id === undefined ? {} : { model_id: changes.model_id || null };
    const schema = changes.output_schema === undefined ? {} : { output_schema: schemaOf(changes.output_schema) };
    if (schema.output_schema) await this.assertSchema({ ...before, ...model }, schema.output_schema);
    return this.change(org_id, agent_id, async (agent) => {
      const moved = changes.version === undefined ? {} : await this.movedTo(agent, changes.version);
      return { agent: { ...agent, ...moved.able, ...given, ...moved.at, ...model, ...schema }, version: moved.version };
    });
  }

  /** @throws ValidationError for a schema that cannot be used, or that runtime or model cannot keep */
  private async assertSchema(agent: Agent, schema: Record<string, unknown>): Promise<void> {
    const size = JSON.stringify(schema).length;
    if (size > SCHEMA_CHARACTERS)
      throw ValidationError.field(
        'output_schema',
        `must be at most ${SCHEMA_CHARACTERS} characters of JSON, not ${size}`,
      );
    const { output_schema: _own, ...stored } = (await this.version(agent)).definition;
    const definition = { ...stored, model_id: agent.model_id ?? stored.model_id };
    const { org_id, agent_id } = agent;
    const asked = { org_id, agent_id, definition, options: { answer_format: { name: 'answer', schema } } };
    await this.runtimes
      .get(agent.runtime)
      .assertTakes(asked)
      .catch((error: unknown) => {
        if (!(error instanceof ValidationError)) throw error;
        throw ValidationError.field('output_schema', error.message.replace(/^answer_format /, ''));
      });
  }

  /**
   * What a version that was set by hand means: the version with this label, or a new one with the definition that runs now.
   * @throws ValidationError for a new label of the form that builds give.
   */
  private async movedTo(
    agent: Agent,
    label: string,
  ): Promise<{ at?: Pick<Agent, VersionFields>; able?: Partial<Agent>; version?: AgentVersion }> {
    if (label === agent.version) return {};
    const { latest_version_number } = agent;
    const existing = await this.versionLabelled(agent, label);
    if (existing) {
      const { version, version_number, definition, coverage = null } = existing;
      const able = { ...ableBy(definition), coverage };
      return { at: { version, version_number, latest_version_number }, able };
    }
    if (BUILD_LABEL.test(label))
      throw ValidationError.field(
        'version',
        `${label} does not exist; labels of the form v1.0.<number> are reserved for builds and edits`,
      );
    const { definition, build_id, coverage = null } = await this.version(agent);
    const version_number = latest_version_number + 1;
    const { agent_id, org_id } = agent;
    const created_at = this.clock.timestamp();
    return {
      at: { version: label, version_number, latest_version_number: version_number },
      version: { agent_id, org_id, version: label, version_number, build_id, definition, coverage, created_at },
    };
  }

  private async versionLabelled({ org_id, agent_id }: Agent, label: string): Promise<AgentVersion | undefined> {
    const { items } = await this.repository.listVersions(org_id, agent_id, { limit: VERSIONS_LIMIT });
    return items.find(({ version }) => version === label);
  }

  /** The id of the model that the agent runs on now. The model may no longer be configured. */
  modelOf({ model_id, supported_models }: Agent): string {
    return model_id ?? supported_models[0] ?? this.models.describe().id;
  }

  /** Any state may follow any other: an operator takes an agent offline, brings it back, or marks it as broken. */
  async setStatus(
    org_id: string,
    agent_id: string,
    status: AgentStatus,
    error_message: string | undefined,
  ): Promise<Agent> {
    return this.change(org_id, agent_id, async (agent) => ({
      agent: { ...agent, status, error_message: error_message ?? null },
    }));
  }

  async listVersions(
    org_id: string,
    agent_id: string,
    page: { limit: number; last_key?: string | undefined },
  ): Promise<Page<AgentVersion>> {
    await this.get(org_id, agent_id);
    return this.repository.listVersions(org_id, agent_id, page);
  }

  /** Points the agent to an earlier version, with the coverage that its build proved. @throws AgentVersionNotFoundError */
  async rollback(org_id: string, agent_id: string, label: string): Promise<Agent> {
    const target = await this.labelled(await this.get(org_id, agent_id), label);
    return this.change(org_id, agent_id, async (agent) => ({ agent: pointedTo(agent, target) }));
  }

  /** Asks the runtime whether it can run the agent. @throws AgentNotFoundError */
  async health(org_id: string, agent_id: string): Promise<{ agent: Agent; is_ready: boolean; message: string }> {
    const agent = await this.get(org_id, agent_id);
    const { ready, message } = await this.runtimes.get(agent.runtime).health(agent_id, deploymentOf(agent));
    return { agent, is_ready: ready && agent.status === 'running', message };
  }

  /**
   * Moves an agent to another runtime: deploys the definition that it runs now, points the agent to the deployment, and
   * removes the old one. Until the move is complete the agent answers from where it was. A container has one version, so a
   * rollout ends.
   * @throws AgentNotFoundError; ValidationError for a runtime that is not configured, for an endpoint_url with a runtime other
   * than http, and for a container that does not answer its ping.
   */
  async place(org_id: string, agent_id: string, kind: Agent['runtime'], endpoint_url?: string): Promise<Agent> {
    if (kind !== 'http' && endpoint_url !== undefined)
      throw ValidationError.field('endpoint_url', 'applies only to the "http" runtime');
    const runtime = this.runtimes.get(kind);
    const before = await this.get(org_id, agent_id);
    const { definition } = await this.version(before);
    if (kind !== 'local' && [...(before.requires_approval ?? []), ...(definition.requires_approval ?? [])].length > 0)
      throw ValidationError.field('runtime', 'must be local: a container cannot enforce requires_approval');
    if (kind !== 'local' && (before.output_schema ?? definition.output_schema))
      throw ValidationError.field('runtime', 'must be local: a container cannot enforce output_schema');
    const at = this.clock.timestamp();
    const deployment = await runtime.deploy(agent_id, definition, endpoint_url === undefined ? {} : { endpoint_url });
    const placed = await this.change(org_id, agent_id, async (agent) => ({
      agent: {
        ...agent,
        runtime: kind,
        endpoint_url: null,
        ...deployment,
        ...(kind === 'local' ? {} : stopped(agent, at)),
      },
    }));
    if (before.runtime !== kind) await this.runtimes.get(before.runtime).undeploy(agent_id, deploymentOf(before));
    return placed;
  }

  /** The definition that the last build made, up to the version that the agent runs now. Undefined without a build. */
  async lastBuilt({ org_id, agent_id, version_number }: Agent): Promise<AgentDefinition | undefined> {
    const { items } = await this.repository.listVersions(org_id, agent_id, { limit: VERSIONS_LIMIT });
    const built = items.find((version) => version.build_id !== null && version.version_number <= version_number);
    return built && (await this.repository.findVersion(agent_id, built.version_number))?.definition;
  }

  /** What the agent runs now. A version never changes. @throws AgentVersionNotFoundError */
  async version(agent: Agent): Promise<AgentVersion> {
    const version = await this.repository.findVersion(agent.agent_id, agent.version_number);
    if (!version) throw new AgentVersionNotFoundError(agent.agent_id, agent.version);
    return version;
  }

  /** Undefined when the organization does not have the agent. */
  findById(org_id: string, agent_id: string): Promise<Agent | undefined> {
    return this.repository.findById(org_id, agent_id);
  }

  /** One gauge for each live agent, for the recount of the statistics. Reads the whole table. */
  async *recount(): AsyncGenerator<{ org_id: string; name: GaugeName }> {
    for await (const { org_id, status, deletion } of this.repository.all())
      if (deletion === undefined) yield { org_id, name: gaugeOf(status) };
  }

  /**
   * Stores a change of the agent as it is now. `changed` is called again when another request changed the agent meanwhile.
   * @throws AgentNotFoundError, AgentChangedError after several attempts
   */
  async change(org_id: string, agent_id: string, changed: (agent: Agent) => Promise<Change>): Promise<Agent> {
    return retryOn(AgentChangedError, async () => {
      const before = await this.get(org_id, agent_id);
      const { agent: next, version } = await changed(before);
      const at = this.clock.timestamp();
      const ended = before.version_number === next.version_number ? {} : rolloutAfter(before, next.version_number, at);
      const agent = { ...next, ...ended, updated_at: at, revision: before.revision + 1 };
      await this.repository.save(before, agent, this.moved(org_id, before.status, agent.status), version);
      return agent;
    });
  }

  private moved(org_id: string, from: AgentStatus | undefined, to: AgentStatus): Write[] {
    if (from === to) return [];
    const changes: Partial<Record<GaugeName, number>> = { [gaugeOf(to)]: 1, ...(from ? { [gaugeOf(from)]: -1 } : {}) };
    return [this.gauges.adjust(org_id, changes)];
  }
}
