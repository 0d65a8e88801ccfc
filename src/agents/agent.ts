import { hash } from 'node:crypto';
import { decodeTime, isValid } from 'ulid';
import type { AgentDefinition } from '../runtimes/agent-definition.js';
import type { Coverage } from '../shared/coverage.js';
import type { Deployment } from '../runtimes/agent-runtime.js';

/** `superseded`: the agent got another current version than the candidate. */
export type RolloutStatus = 'running' | 'promoted' | 'stopped' | 'superseded';

/** A candidate version that answers a share of an agent's sessions beside the current version. An agent keeps its last one. */
export interface Rollout {
  rollout_id: string;
  status: RolloutStatus;
  /** The candidate. */
  version: string;
  version_number: number;
  /** The current version while the rollout ran. */
  base_version: string;
  /** Per cent of the sessions that began since `started_at` and run the candidate: 1 to 99. */
  percent: number;
  started_by: string;
  started_at: string;
  updated_at: string;
  ended_at: string | null;
}

const RANGE = 2 ** 32;

/**
 * Where a session stands between 0 and 100. It depends on the two ids alone, so it is the same in every process; another rollout
 * draws again.
 */
export function standingOf(rollout_id: string, session_id: string): number {
  const digest = hash('sha256', `${rollout_id}:${session_id}`, 'hex');
  return (Number.parseInt(digest.slice(0, 8), 16) / RANGE) * 100;
}

/** Whether a session runs the candidate. One that began before the rollout stays with the current version. */
export function runsCandidate({ rollout_id, percent, started_at }: Rollout, session_id: string): boolean {
  const ulid = session_id.slice(session_id.indexOf('_') + 1);
  const isOlder = isValid(ulid) && decodeTime(ulid) < Date.parse(started_at);
  return !isOlder && standingOf(rollout_id, session_id) < percent;
}

function ended(rollout: Rollout, status: Exclude<RolloutStatus, 'running'>, at: string): Rollout {
  return { ...rollout, status, updated_at: at, ended_at: at };
}

/** The rollout of an agent that no longer runs it. */
export function stopped({ rollout }: { rollout?: Rollout }, at: string): { rollout?: Rollout } {
  return rollout?.status === 'running' ? { rollout: ended(rollout, 'stopped', at) } : {};
}

/** The rollout of an agent that stores a change. It ends when the agent's current version changes. */
export function rolloutAfter(
  before: { rollout?: Rollout; version_number: number } | undefined,
  version_number: number,
  at: string,
): { rollout?: Rollout } {
  const { rollout } = before ?? {};
  if (!rollout) return {};
  if (rollout.status !== 'running' || before?.version_number === version_number) return { rollout };
  return { rollout: ended(rollout, version_number === rollout.version_number ? 'promoted' : 'superseded', at) };
}

export const AGENT_STATUSES = ['running', 'building', 'offline', 'error'] as const;
export type AgentStatus = (typeof AGENT_STATUSES)[number];

export interface AgentCoreConfig {
  agent_arn: string;
  agent_alias_id: string;
  agent_alias_arn: string;
}

/** A deployed agent. `revision` increases by one with every change; a change is stored only if it is still the one that was read. */
export interface Agent {
  agent_id: string;
  org_id: string;
  user_id: string;
  project_id: string;
  agent_name: string;
  description: string;
  category: string;
  version: string;
  /** The version that answers now; a rollback points it to an older one. */
  version_number: number;
  /** The newest version that exists. */
  latest_version_number: number;
  status: AgentStatus;
  capabilities: string[];
  tools: string[];
  /** The model of its definition; empty for the platform's model. */
  supported_models: string[];
  /** Overrides the model of the definition; null or absent for no override. */
  model_id?: string | null;
  /** What its build proved of the requirement. Null or absent when no build measured it. */
  coverage?: Coverage | null;
  /** Tools whose calls wait for a person's approval, beside those that the definition names. */
  requires_approval?: string[];
  /** Overrides the output schema of the definition. */
  output_schema?: Record<string, unknown> | null;
  supported_inputs: string[];
  tags: string[];
  runtime: 'local' | 'http' | 'agentcore';
  agentcore_config: AgentCoreConfig | null;
  region: string | null;
  /** Where the container of an agent on the `http` runtime answers. */
  endpoint_url?: string | null;
  error_message: string | null;
  /** The build that registered the agent last. Makes registration idempotent for a build. Null before the first build. */
  build_id: string | null;
  /** The last rollout, which may have ended. Absent: there never was one. */
  rollout?: Rollout;
  created_at: string;
  updated_at: string;
  deployed_at: string;
  revision: number;
}

/** The definition of an agent at one deployment. Immutable. */
export interface AgentVersion {
  agent_id: string;
  org_id: string;
  version: string;
  version_number: number;
  /** The build that made it. Null for a version that was written by hand. */
  build_id: string | null;
  definition: AgentDefinition;
  /** Who wrote it by hand. Absent for versions of builds and for records of version 1.0.0. */
  created_by?: string;
  /** What the build proved of the requirement. Null or absent when no build measured it. */
  coverage?: Coverage | null;
  /** Set when the texts of the documents stand in items of their own; `definition.knowledge` of a listed version is then empty. */
  documents?: DocumentReference[];
  created_at: string;
}

/** A document of a version whose text is stored apart. */
export interface DocumentReference {
  name: string;
  /** Of the text, in hex. */
  sha256: string;
  characters: number;
}

export interface Registration {
  org_id: string;
  user_id: string;
  project_id: string;
  agent_name: string;
  description: string;
  category: string;
  definition: AgentDefinition;
  runtime: Agent['runtime'];
  tags: string[];
  /** Null for an agent that is created from a definition. */
  build_id: string | null;
  coverage?: Coverage | null;
  region?: string | null;
  agentcore_config?: AgentCoreConfig | null;
}

export interface AgentChanges {
  description?: string | undefined;
  category?: string | undefined;
  version?: string | undefined;
  capabilities?: string[] | undefined;
  tags?: string[] | undefined;
  requires_approval?: string[] | undefined;
  /** Empty removes the override. */
  output_schema?: Record<string, unknown> | undefined;
  /** Empty removes the override. */
  model_id?: string | undefined;
}

export const agentIdOf = (project_id: string, agent_name: string): string => `${project_id}:${agent_name}`;

/** v1.0.0 for the first version, v1.0.1 for the second, and so on. */
export const versionLabel = (version_number: number): string => `v1.0.${version_number - 1}`;

/** The agent after a registration. The definition becomes its next version. */
export function registered(
  input: Registration,
  existing: Agent | undefined,
  at: string,
): { agent: Agent; version: AgentVersion } {
  const agent_id = agentIdOf(input.project_id, input.agent_name);
  const version_number = (existing?.latest_version_number ?? 0) + 1;
  const version = versionLabel(version_number);
  const { org_id, user_id, project_id, agent_name, description, category, definition, runtime, tags, build_id } = input;
  const agent: Agent = {
    agent_id,
    org_id,
    user_id,
    project_id,
    agent_name,
    description,
    category,
    version,
    version_number,
    latest_version_number: version_number,
    status: 'running',
    ...ableBy(definition),
    model_id: existing?.model_id ?? null,
    coverage: input.coverage ?? null,
    ...(existing?.output_schema ? { output_schema: existing.output_schema } : {}),
    ...(existing?.requires_approval ? { requires_approval: existing.requires_approval } : {}),
    supported_inputs: ['text'],
    tags,
    runtime,
    agentcore_config: input.agentcore_config ?? null,
    region: input.region ?? null,
    endpoint_url: null,
    error_message: null,
    build_id,
    ...rolloutAfter(existing, version_number, at),
    created_at: existing?.created_at ?? at,
    updated_at: at,
    deployed_at: at,
    revision: (existing?.revision ?? 0) + 1,
  };
  const { coverage } = agent;
  return {
    agent,
    version: {
      agent_id,
      org_id,
      version,
      version_number,
      build_id,
      definition,
      coverage: coverage ?? null,
      created_at: at,
    },
  };
}

/**
 * The agent after an edit by hand. The definition becomes its next version, which no build has proven. Without `activate` the agent
 * stays at its current version.
 */
export function edited(
  agent: Agent,
  definition: AgentDefinition,
  { user_id, at, activate }: { user_id: string; at: string; activate: boolean },
): { agent: Agent; version: AgentVersion } {
  const { agent_id, org_id } = agent;
  const version_number = agent.latest_version_number + 1;
  const version = versionLabel(version_number);
  const made = { agent_id, org_id, version, version_number, build_id: null, coverage: null };
  const active = {
    ...ableBy(definition),
    ...{ version, version_number, coverage: null, deployed_at: at },
    ...rolloutAfter(agent, version_number, at),
  };
  return {
    agent: { ...agent, latest_version_number: version_number, ...(activate ? active : {}) },
    version: { ...made, definition, created_by: user_id, created_at: at },
  };
}

/** Fields derived from the definition. Tools are those of its team too. Capabilities are those of the definition and `tool:<name>` for each tool. */
export function ableBy(definition: AgentDefinition): Pick<Agent, 'capabilities' | 'tools' | 'supported_models'> {
  const all = [...definition.tools, ...(definition.team ?? []).flatMap((member) => member.tools)];
  const tools = [...new Set(all.map(({ name }) => name))];
  const capabilities = new Set(['text_generation', ...definition.capabilities, ...tools.map((name) => `tool:${name}`)]);
  return {
    capabilities: [...capabilities],
    tools,
    supported_models: definition.model_id === null ? [] : [definition.model_id],
  };
}

/** The deployment that the record of an agent describes. */
export const deploymentOf = ({ region, agentcore_config, endpoint_url }: Agent): Deployment => ({
  region,
  agentcore_config,
  endpoint_url: endpoint_url ?? null,
});

/** The gauge that counts agents in this state. */
export const gaugeOf = (status: AgentStatus): `agents_${AgentStatus}` => `agents_${status}`;
