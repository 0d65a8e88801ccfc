import { setImmediate as turn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { Agent } from '../agents/agent.js';
import { AgentsService } from '../agents/agents.service.js';
import type { Flow, FlowReferences } from '../flows/flow.js';
import { FlowGraph } from '../flows/definition/flow-graph.js';
import { FlowsService } from '../flows/flows.service.js';
import type { ClientLanguageName, Files } from '../integrations/clients/client-language.js';
import { ClientsService } from '../integrations/clients/clients.service.js';
import { ContractTestsService } from '../integrations/contract-tests/contract-tests.service.js';
import type { Integration } from '../integrations/integration.js';
import { IntegrationsService } from '../integrations/integrations.service.js';
import { VersionsService } from '../integrations/versions.service.js';
import { zip } from '../platform/archive/zip.js';
import { sha256 } from '../platform/async/hash.js';
import { ProjectsService } from '../projects/projects.service.js';
import { ProjectNotFoundError } from '../projects/projects.errors.js';
import type { AgentDefinition } from '../runtimes/agent-definition.js';
import { ValidationError } from '../shared/domain-error.js';
import { VERSION } from '../shared/version.js';
import { AttachedToolStore } from '../tools/attachments/attached-tool-store.js';
import type { AttachedTool } from '../tools/attachments/attached-tool.js';
import { ExportRefusedError } from './exports.errors.js';
import { dependenciesOf, dockerfile, readme, sbom, type SbomLibrary } from './package-texts.js';
import {
  credentialsIn,
  type ExportReason,
  type Manifest,
  MANIFEST,
  PACKAGE_MAX_BYTES,
  Slugs,
  UNPACKED_MAX_BYTES,
} from './package.js';

export interface ExportWish {
  org_id: string;
  user_id: string;
  name: string;
  agent_ids: readonly string[];
  flow_ids: readonly string[];
  integration_ids: readonly string[];
  /** Of the generated clients; all whose generators are installed unless given. */
  client_languages?: readonly ClientLanguageName[] | undefined;
}

interface ExportedAgent {
  agent: Agent;
  definition: AgentDefinition;
}

interface ExportedFlow {
  flow: Flow;
  definition: Record<string, unknown>;
  references: FlowReferences;
  /** Ids that its steps name. */
  agents: string[];
  flows: string[];
}

/** Everything that was chosen, as it is stored. */
interface Chosen {
  agents: ExportedAgent[];
  tools: AttachedTool[];
  flows: ExportedFlow[];
  integrations: Integration[];
}

/** Packs agents, flows and integrations, so that another organization or deployment can take them over. */
@Injectable()
export class ExportsService {
  constructor(
    private readonly agents: AgentsService,
    private readonly tools: AttachedToolStore,
    private readonly projects: ProjectsService,
    private readonly flows: FlowsService,
    private readonly integrations: IntegrationsService,
    private readonly versions: VersionsService,
    private readonly contracts: ContractTestsService,
    private readonly clients: ClientsService,
  ) {}

  /**
   * A ZIP archive of at most 25 MB. The same state gives the same bytes. Credentials never leave: the manifest says what needs one.
   * Integrations that have no contract test of their current version are tested against their mock first.
   * @throws ExportRefusedError with every reason; NotFoundError; ClientUnavailableError for a language that was asked for
   */
  async export(wish: ExportWish, signal?: AbortSignal): Promise<Buffer> {
    if (wish.agent_ids.length + wish.flow_ids.length + wish.integration_ids.length === 0)
      throw ValidationError.field('agent_ids', 'must contain an id unless flow_ids or integration_ids contains one');
    const reasons: ExportReason[] = [];
    const chosen = await this.chosen(wish, reasons);
    reasons.push(...missingReferences(chosen), ...secretReasons(chosen));
    for (const integration of chosen.integrations) reasons.push(...(await this.contractReasons(wish, integration)));
    if (reasons.length > 0) throw new ExportRefusedError(reasons);
    const archive = await zip(await this.filesOf(wish, chosen, signal));
    if (archive.byteLength > PACKAGE_MAX_BYTES) throw new ExportRefusedError([tooLarge(wish.name)]);
    return archive;
  }

  private async chosen(wish: ExportWish, reasons: ExportReason[]): Promise<Chosen> {
    const { org_id } = wish;
    const agents: ExportedAgent[] = [];
    for (const agent_id of unique(wish.agent_ids)) {
      const agent = await this.agents.get(org_id, agent_id);
      if (agent.status === 'error') reasons.push(agentInError(agent));
      agents.push({ agent, definition: overridden(agent, (await this.agents.version(agent)).definition) });
    }
    const owners = new Set(agents.map(({ agent }) => agent.agent_id));
    const tools: AttachedTool[] = [];
    for (const project_id of unique(agents.map(({ agent }) => agent.project_id))) {
      const all = await this.tools.byProject(org_id, project_id);
      tools.push(...all.filter(({ agent_id }) => agent_id === null || owners.has(agent_id)));
    }
    const flows: ExportedFlow[] = [];
    for (const flow_id of unique(wish.flow_ids)) {
      const flow = await this.flows.get(org_id, flow_id);
      if (flow.status !== 'published' || flow.version === null) reasons.push(notPublished(flow));
      else flows.push(await this.flowOf(org_id, flow, flow.version));
    }
    const integrations: Integration[] = [];
    for (const id of unique(wish.integration_ids)) integrations.push(await this.integrations.getReady(org_id, id));
    return { agents, tools: tools.toSorted((a, b) => (a.tool_id < b.tool_id ? -1 : 1)), flows, integrations };
  }

  private async flowOf(org_id: string, flow: Flow, version: number): Promise<ExportedFlow> {
    const { definition, references } = await this.flows.getVersion(org_id, flow.flow_id, version);
    const { all } = new FlowGraph(definition);
    const flows: string[] = [];
    for (const { step } of all) if (step.flow) flows.push(await this.flows.idOf(org_id, step.flow.flow_id));
    const agents = all.flatMap(({ step }) => [step.agent?.agent_id, step.compensate?.agent?.agent_id]);
    return {
      ...{ flow, references, flows: unique(flows), agents: unique(agents.filter((id) => id !== undefined)) },
      definition: withIds({ ...definition }, references),
    };
  }

  /** Of the runs of the current version the newest counts. */
  private async contractReasons(
    { org_id, user_id }: ExportWish,
    { integration_id, name, version, callable_count }: Integration,
  ): Promise<ExportReason[]> {
    if (callable_count === 0) return [];
    const runs = await this.contracts.list(org_id, integration_id);
    const wish = { org_id, actor: user_id, integration_id, target: 'mock' as const, record: false };
    const run = runs.find((one) => one.version === version) ?? (await this.contracts.run(wish));
    if (run.failed === 0) return [];
    return [
      {
        check: 'contract_tests_failing',
        severity: 'critical',
        subject: integration_id,
        message: `${run.failed} contract ${run.failed === 1 ? 'test' : 'tests'} of the integration "${name}" failed (${run.target})`,
        fix: `Read GET /api/v1/integrations/${integration_id}/contract-tests/${run.run_id}, correct the document or the API, and run the tests again.`,
      },
    ];
  }

  private async filesOf(wish: ExportWish, chosen: Chosen, signal: AbortSignal | undefined): Promise<Files> {
    const { org_id, name } = wish;
    const { dump } = await import('js-yaml');
    const files: Files = {};
    const read: string[] = [];
    const put = (path: string, content: string | Uint8Array): string => {
      files[path] = content;
      read.push(path);
      return path;
    };
    const slugs = { agent: new Slugs(), flow: new Slugs(), integration: new Slugs() };
    const agents: Manifest['agents'] = chosen.agents.map(({ agent, definition }) => {
      const { agent_id, project_id, agent_name, description, category, tags } = agent;
      const file = put(`agents/${slugs.agent.next(agent_name)}/agent.json`, json(definition));
      return { agent_id, project_id, description, category, tags, file };
    });
    const flows: Manifest['flows'] = inOrder(chosen.flows).map(({ flow, definition }) => {
      const { flow_id, name: title, description } = flow;
      const text = dump({ name: title, description, definition }, { lineWidth: 120, sortKeys: byReader });
      return { flow_id, name: title, description, file: put(`flows/${slugs.flow.next(title)}.yaml`, text) };
    });
    const integrations: Manifest['integrations'] = [];
    const libraries: SbomLibrary[] = [];
    for (const integration of chosen.integrations) {
      const folder = slugs.integration.next(integration.name);
      integrations.push(await this.packed(org_id, integration, `integrations/${folder}`, put));
      libraries.push(...(await this.addClients(wish, integration, `clients/${folder}`, files, signal)));
    }
    const hashes: [string, string][] = [];
    let bytes = 0;
    for (const path of read.toSorted()) {
      const content = Buffer.from(files[path] ?? '');
      bytes += content.byteLength;
      hashes.push([path, await sha256(content)]);
      await turn();
    }
    if (bytes > UNPACKED_MAX_BYTES) throw new ExportRefusedError([tooLarge(name)]);
    const manifest: Manifest = {
      ...{ format_version: 1, name, nexus_version: VERSION },
      integrations,
      projects: await this.projectsOf(org_id, chosen.agents),
      agents,
      tools: chosen.tools.map(({ tool_id, project_id, agent_id, name: tool, description, config, ...rest }) => ({
        ...{ tool_id, project_id, agent_id, name: tool, description, kind: config.kind, config: { ...config } },
        needs_credential: rest.credential !== null || rest.credential_id !== undefined,
      })),
      flows,
      files: Object.fromEntries(hashes),
    };
    files[MANIFEST] = json(manifest);
    files['README.md'] = readme(manifest, libraries);
    if (agents.length > 0) files['Dockerfile'] = dockerfile(manifest);
    const models = unique(
      chosen.agents.map(({ agent, definition }) => definition.model_id ?? this.agents.modelOf(agent)),
    );
    files['sbom.cdx.json'] = json(sbom(manifest, await sha256(Buffer.from(json(manifest))), models, libraries));
    return files;
  }

  private async packed(
    org_id: string,
    integration: Integration,
    folder: string,
    put: (path: string, content: string | Uint8Array) => string,
  ): Promise<Manifest['integrations'][number]> {
    const { integration_id, name, format, base_url, source_url, version, credential_id, mock = 'off' } = integration;
    const document = await this.versions.document(org_id, integration_id, version);
    const others = await this.versions.files(org_id, integration_id, version);
    const references = Object.entries(others).map(([url, text], index): [string, string] => [
      url,
      put(`${folder}/references/${index + 1}`, text),
    ]);
    return {
      ...{ integration_id, name, format, base_url, source_url, mock, needs_credential: credential_id !== null },
      file: put(
        `${folder}/document${document[0] === 0x7b ? '.json' : format === 'graphql' ? '.graphql' : '.yaml'}`,
        document,
      ),
      references: Object.fromEntries(references),
    };
  }

  /** GraphQL fields and messages have no client: those of a language that was not asked for are left out. */
  private async addClients(
    { org_id, client_languages }: ExportWish,
    { integration_id, callable_count, format }: Integration,
    folder: string,
    files: Files,
    signal: AbortSignal | undefined,
  ): Promise<SbomLibrary[]> {
    if (callable_count === 0 || format === 'graphql') return [];
    const libraries: SbomLibrary[] = [];
    for (const language of client_languages ?? this.clients.languages()) {
      const client = await this.clients.files({ org_id, integration_id, language }, signal);
      for (const [path, content] of Object.entries(client.files)) files[`${folder}/${language}/${path}`] = content;
      libraries.push({ name: client.name, language, dependencies: dependenciesOf(language, client.files) });
    }
    return libraries;
  }

  private async projectsOf(org_id: string, agents: readonly ExportedAgent[]): Promise<Manifest['projects']> {
    const byId = new Map(agents.map((one) => [one.agent.project_id, one]));
    return Promise.all(
      [...byId].map(async ([project_id, { agent, definition }]) => {
        const project = await this.projects.get(org_id, project_id).catch((error: unknown) => {
          if (error instanceof ProjectNotFoundError) return undefined;
          throw error;
        });
        const { project_name = agent.agent_name, tags = [] } = project ?? {};
        const requirement = project?.requirement || agent.description || definition.role;
        return { project_id, project_name, requirement, tags };
      }),
    );
  }
}

const unique = (ids: readonly string[]): string[] => [...new Set(ids)];
/** The database gives fields in any order: they are sorted, so that the same state gives the same bytes. */
const json = (value: unknown): string =>
  `${JSON.stringify(value, (_key, one: unknown) => (isFields(one) ? sortedFields(one) : one), 2)}\n`;
const isFields = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const sortedFields = (value: object) =>
  Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));

/** In YAML that people read, what names a step comes first. */
const FIRST_FIELDS = ['name', 'id', 'description', 'needs', 'when'];
const byReader = (a: string, b: string): number => {
  const [first, second] = [a, b].map((key) => (FIRST_FIELDS.includes(key) ? FIRST_FIELDS.indexOf(key) : 99));
  return (first ?? 0) - (second ?? 0) || (a < b ? -1 : 1);
};

/** What the agent runs now: its definition with what was set for the agent. */
function overridden({ model_id, requires_approval = [], output_schema }: Agent, definition: AgentDefinition) {
  const approved = unique([...(definition.requires_approval ?? []), ...requires_approval]);
  return {
    ...definition,
    ...(model_id ? { model_id } : {}),
    ...(approved.length > 0 ? { requires_approval: approved } : {}),
    ...(output_schema ? { output_schema } : {}),
  };
}

/** Integrations and tools by their ids: their names may mean others where the flow goes. */
function withIds<T>(value: T, references: FlowReferences): T {
  if (Array.isArray(value)) return value.map((one: unknown) => withIds(one, references)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, child]: [string, unknown]): [string, unknown] => {
    const inner = withIds(child, references);
    if (typeof inner !== 'object' || inner === null) return [key, inner];
    const { integration, name } = inner as { integration?: unknown; name?: unknown };
    if (key === 'call' && typeof integration === 'string') {
      const id = references.integrations?.[integration]?.integration_id ?? references.tools[integration];
      return [key, { ...inner, integration: id ?? integration }];
    }
    if (key === 'tool' && typeof name === 'string') return [key, { ...inner, name: references.tools[name] ?? name }];
    return [key, inner];
  });
  return Object.fromEntries(entries) as T;
}

/** A flow comes after the flows that it runs. */
function inOrder(flows: readonly ExportedFlow[]): ExportedFlow[] {
  const byId = new Map(flows.map((one) => [one.flow.flow_id, one]));
  const ordered = new Set<ExportedFlow>();
  const add = (one: ExportedFlow, above: readonly ExportedFlow[]): void => {
    if (above.includes(one)) return;
    for (const id of one.flows) {
      const inner = byId.get(id);
      if (inner) add(inner, [...above, one]);
    }
    ordered.add(one);
  };
  for (const one of flows) add(one, []);
  return [...ordered];
}

function missingReferences({ agents, tools, flows, integrations }: Chosen): ExportReason[] {
  const known = new Set([
    ...agents.map(({ agent }) => agent.agent_id),
    ...tools.map(({ tool_id }) => tool_id),
    ...flows.map(({ flow }) => flow.flow_id),
    ...integrations.map(({ integration_id }) => integration_id),
  ]);
  const missing = (subject: string, what: string, field: string, ids: readonly string[]): ExportReason[] =>
    unique(ids.filter((id) => !known.has(id))).map((id) => ({
      check: 'reference_missing',
      severity: 'critical',
      subject,
      message: `${what} uses ${id}, which is not exported`,
      fix: `Add ${id} to ${field}.`,
    }));
  return [
    ...flows.flatMap(({ flow, references, agents: used, flows: inner }) => {
      const what = `The flow "${flow.name}"`;
      const apis = Object.values(references.integrations ?? {}).map(({ integration_id }) => integration_id);
      const attached = Object.values(references.tools);
      return [
        ...missing(flow.flow_id, what, 'integration_ids', apis),
        ...missing(flow.flow_id, what, 'agent_ids', used),
        ...missing(flow.flow_id, what, 'flow_ids', inner),
        ...missing(flow.flow_id, what, 'agent_ids', attached).map((reason) => ({
          ...reason,
          fix: 'Add an agent that has the tool to agent_ids.',
        })),
      ];
    }),
    ...tools.flatMap(({ tool_id, name, config }) => {
      const what = `The tool "${name}"`;
      if (config.kind === 'integration') return missing(tool_id, what, 'integration_ids', [config.integration_id]);
      return config.kind === 'flow' ? missing(tool_id, what, 'flow_ids', [config.flow_id]) : [];
    }),
  ];
}

function secretReasons({ agents, tools, flows, integrations }: Chosen): ExportReason[] {
  const reasons = (subject: string, what: string, value: unknown): ExportReason[] =>
    credentialsIn(value).map((place) => ({
      check: 'credential_in_definition',
      severity: 'critical',
      subject,
      message: `${what} contains what looks like a credential at ${place}`,
      fix: 'Revoke the credential and remove it from the definition. If calls need one, store a new one with POST /api/v1/credentials, then set credential_id on the integration, or attach the tool again with it.',
    }));
  return [
    ...agents.flatMap(({ agent, definition }) =>
      reasons(agent.agent_id, `The agent "${agent.agent_name}"`, definition),
    ),
    ...tools.flatMap(({ tool_id, name, config }) => reasons(tool_id, `The tool "${name}"`, config)),
    ...flows.flatMap(({ flow, definition }) => reasons(flow.flow_id, `The flow "${flow.name}"`, definition)),
    ...integrations.flatMap(({ integration_id, name, base_url, source_url }) =>
      reasons(integration_id, `The integration "${name}"`, { base_url, source_url }),
    ),
  ];
}

const notPublished = ({ flow_id, name, status }: Flow): ExportReason => ({
  check: 'flow_not_published',
  severity: 'critical',
  subject: flow_id,
  message: `The flow "${name}" is ${status}, not published`,
  fix: `Publish it with POST /api/v1/flows/${flow_id}/publish, or leave it out.`,
});

const agentInError = ({ agent_id, agent_name, error_message }: Agent): ExportReason => ({
  check: 'agent_in_error',
  severity: 'critical',
  subject: agent_id,
  message: `The agent "${agent_name}" has the status error${error_message === null ? '' : `: ${error_message}`}`,
  fix: `Correct the cause and set its status with PUT /api/v1/agents/{agent_id}/status, or leave it out.`,
});

const tooLarge = (name: string): ExportReason => ({
  check: 'too_large',
  severity: 'critical',
  subject: name,
  message: 'The package is larger than 25 MB, or 200 MB unpacked',
  fix: 'Export fewer integrations at once, or set client_languages to [].',
});
