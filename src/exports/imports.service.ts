import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { AgentsService } from '../agents/agents.service.js';
import { DefinitionWorkers } from '../flows/definition/definition-workers.js';
import { FlowsService } from '../flows/flows.service.js';
import { IntegrationsService } from '../integrations/integrations.service.js';
import { MockService } from '../integrations/mock.service.js';
import { ModelsService } from '../models/models.service.js';
import { unzip, ZipFault } from '../platform/archive/zip.js';
import { sha256 } from '../platform/async/hash.js';
import { ProjectsService } from '../projects/projects.service.js';
import { type AgentDefinition, agentDefinitionSchema } from '../runtimes/agent-definition.js';
import { DomainError, InvalidStateError, ValidationError } from '../shared/domain-error.js';
import { ToolAttachment } from '../tools/attachments/tool-attachment.service.js';
import { TOOL_KIND_NAMES, type ToolKindName } from '../tools/kinds/tool-kinds.js';
import { type Manifest, MANIFEST, manifestSchema, PACKAGE_MAX_FILES, UNPACKED_MAX_BYTES } from './package.js';
import { type NoteItem, UnfinishedImports } from './unfinished-imports.workflow.js';
import type { ImportReportDto } from './exports.dto.js';

/** JSON and YAML of a package are read in this process: an agent or a flow is far smaller. */
const TEXT_MAX_BYTES = 1_000_000;
const READY_MS = 120_000;
const READY_POLL_MS = 50;
const FAULTS_SHOWN = 20;

interface Importer {
  org_id: string;
  user_id: string;
}

/** A package that was read and checked. */
interface OpenPackage {
  manifest: Manifest;
  files: Record<string, Buffer>;
  definitions: Map<string, AgentDefinition>;
}

/** Takes packages over: every item gets a new id, and what names another item names the new one. */
@Injectable()
export class ImportsService {
  constructor(
    private readonly agents: AgentsService,
    private readonly projects: ProjectsService,
    private readonly tools: ToolAttachment,
    private readonly flows: FlowsService,
    private readonly yaml: DefinitionWorkers,
    private readonly integrations: IntegrationsService,
    private readonly mocks: MockService,
    private readonly models: ModelsService,
    private readonly unfinished: UnfinishedImports,
  ) {}

  /**
   * Makes integrations, projects, agents, tools and flows, in this order. When one cannot be made, those made before are deleted
   * again; also when the process dies meanwhile, by the engine within a minute.
   * @throws ValidationError that names what is wrong with the package; DocumentInvalidError, FlowNotPublishableError
   */
  async import(importer: Importer, archive: Uint8Array, signal?: AbortSignal): Promise<ImportReportDto> {
    const open = await this.opened(archive);
    const report: ImportReportDto = { integrations: [], projects: [], agents: [], tools: [], flows: [], needs: [] };
    return this.unfinished.during(importer.org_id, async (note) => {
      await this.importIntegrations(importer, open, report, note, signal);
      await this.importAgents(importer, open, report, note);
      await this.importTools(importer, open, report, (kind) => kind !== 'flow');
      await this.importFlows(importer, open, report, note);
      await this.importTools(importer, open, report, (kind) => kind === 'flow');
      return report;
    });
  }

  private async opened(archive: Uint8Array): Promise<OpenPackage> {
    const files = await unzip(archive, { files_max: PACKAGE_MAX_FILES, bytes_max: UNPACKED_MAX_BYTES }).catch(
      (error: unknown) => {
        if (error instanceof ZipFault) throw ValidationError.field('file', error.message);
        throw error;
      },
    );
    const found = files[MANIFEST];
    if (!found) throw ValidationError.field('file', `is not an exported package: it has no ${MANIFEST}`);
    const manifest = checked(manifestSchema, parsed(MANIFEST, found), MANIFEST);
    for (const [path, expected] of Object.entries(manifest.files)) {
      const content = files[path];
      if (!content) throw ValidationError.field('file', `lacks ${path}`);
      if ((await sha256(content)) !== expected)
        throw ValidationError.field('file', `contains a modified ${path}: its SHA-256 differs from the manifest`);
      await turn();
    }
    const named = [...manifest.agents, ...manifest.flows, ...manifest.integrations].map(({ file }) => file);
    const references = manifest.integrations.flatMap((one) => Object.values(one.references));
    const unknown = [...named, ...references].find((path) => !(path in manifest.files));
    if (unknown !== undefined) throw ValidationError.field('file', `lists ${unknown} without its SHA-256`);
    const definitions = new Map<string, AgentDefinition>();
    for (const { agent_id, project_id, file } of manifest.agents) {
      const definition = checked(agentDefinitionSchema, parsed(file, files[file]!), file);
      if (!manifest.projects.some((one) => one.project_id === project_id))
        throw ValidationError.field('file', `names no project for ${agent_id}`);
      definitions.set(agent_id, definition);
      await turn();
    }
    return { manifest, files, definitions };
  }

  private async importIntegrations(
    { org_id, user_id }: Importer,
    { manifest, files }: OpenPackage,
    report: ImportReportDto,
    note: NoteItem,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    for (const packed of manifest.integrations) {
      const { integration_id: from, name, format, base_url, source_url, references, mock, needs_credential } = packed;
      const origin = {
        ...{ bytes: files[packed.file]!, source_url },
        files: Object.fromEntries(
          Object.entries(references).map(([url, path]) => [url, files[path]!.toString('utf8')]),
        ),
      };
      const integration_id = this.integrations.newId();
      await note({ kind: 'integration', id: integration_id });
      const wish = {
        org_id,
        user_id,
        name,
        origin,
        format,
        integration_id,
        ...(base_url === null ? {} : { base_url }),
      };
      await this.integrations.create(wish, signal);
      report.integrations.push({ from, id: integration_id, name });
      await this.untilReady(org_id, integration_id, name, signal);
      if (mock !== 'off') await this.mocks.turn(org_id, integration_id, mock);
      if (needs_credential)
        report.needs.push({
          ...{ kind: 'credential', id: integration_id },
          message: `The integration "${name}" used a credential, which is not in the package: store one and set credential_id with PATCH /api/v1/integrations/${integration_id}.`,
        });
    }
  }

  /** The engine finishes the import; flows and tools need its catalogue. */
  private async untilReady(org_id: string, integration_id: string, name: string, signal?: AbortSignal): Promise<void> {
    const end = performance.now() + READY_MS;
    for (;;) {
      const { version, status } = await this.integrations.get(org_id, integration_id);
      if (version > 0) return;
      if (status === 'failed')
        throw ValidationError.field('file', `contains a document of "${name}" that cannot be imported`);
      if (performance.now() > end)
        throw new InvalidStateError(`The import of the integration "${name}" did not finish in time`, {
          suggestion: 'Check that engine workers are running, then import the package again.',
        });
      await delay(READY_POLL_MS, undefined, { signal });
    }
  }

  private async importAgents(
    { org_id, user_id }: Importer,
    { manifest, definitions }: OpenPackage,
    report: ImportReportDto,
    note: NoteItem,
  ): Promise<void> {
    for (const { project_id: from, project_name, requirement, tags } of manifest.projects) {
      const own = manifest.agents.filter(({ project_id }) => project_id === from);
      const names = own.map(({ agent_id }) => definitions.get(agent_id)!.agent_name);
      const wish = { org_id, user_id, project_name, requirement, tags };
      const project_id = this.projects.newId();
      await note({ kind: 'project', id: project_id });
      const { build_id } = await this.projects.createBuilt(wish, names, project_id);
      report.projects.push({ from, id: project_id, name: project_name });
      for (const { agent_id, description, category, tags: labels } of own) {
        const definition = this.withKnownModel(definitions.get(agent_id)!, report);
        const { agent_name } = definition;
        const registration = { org_id, user_id, project_id, agent_name, description, category, definition };
        const made = { ...registration, runtime: 'local' as const, tags: labels, build_id };
        const agent = await this.agents.register(made, [this.projects.stays(project_id)]);
        report.agents.push({ from: agent_id, id: agent.agent_id, name: agent_name });
      }
    }
  }

  private withKnownModel(definition: AgentDefinition, report: ImportReportDto): AgentDefinition {
    if (definition.model_id === null) return definition;
    try {
      this.models.describe(definition.model_id);
      return definition;
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      const message = `The agent "${definition.agent_name}" ran on ${definition.model_id}, which is not configured here: it uses the platform's model.`;
      report.needs.push({ kind: 'model', id: null, message });
      return { ...definition, model_id: null };
    }
  }

  /** A tool whose service cannot be reached from here is reported, not fatal: it can be attached later. */
  private async importTools(
    { org_id, user_id }: Importer,
    { manifest }: OpenPackage,
    report: ImportReportDto,
    isWanted: (kind: string) => boolean,
  ): Promise<void> {
    for (const {
      tool_id: from,
      project_id,
      agent_id,
      name,
      description,
      kind,
      config,
      needs_credential,
    } of manifest.tools) {
      if (!isWanted(kind)) continue;
      const refused = (message: string): void => void report.needs.push({ kind: 'tool', id: null, message });
      if (!TOOL_KIND_NAMES.some((known) => known === kind)) {
        refused(`The tool "${name}" was not attached: kind "${kind}" is not supported here.`);
        continue;
      }
      const owner =
        agent_id === null ? { project_id: newId(report, project_id) } : { agent_id: newId(report, agent_id) };
      const wish = { org_id, user_id, kind: kind as ToolKindName, name, description, owner };
      try {
        const { tool_id } = await this.tools.attach({ ...wish, config: renamed(config, report) });
        report.tools.push({ from, id: tool_id, name });
        if (needs_credential)
          report.needs.push({
            ...{ kind: 'credential', id: tool_id },
            message: `The tool "${name}" used a credential, which is not in the package: delete the tool and attach it again with credential_id.`,
          });
      } catch (error) {
        if (!(error instanceof DomainError)) throw error;
        refused(`The tool "${name}" was not attached: ${error.message}. Attach it with POST /api/v1/tools.`);
      }
    }
  }

  private async importFlows(
    importer: Importer,
    { manifest, files }: OpenPackage,
    report: ImportReportDto,
    note: NoteItem,
  ): Promise<void> {
    const { org_id } = importer;
    for (const { flow_id: from, name, description, file } of manifest.flows) {
      const text = files[file]!;
      if (text.byteLength > TEXT_MAX_BYTES) throw ValidationError.field('file', `contains a ${file} of over 1 MB`);
      const read = renamed(await this.yaml.readYaml(org_id, text.toString('utf8')), report);
      const { definition } = (read ?? {}) as { definition?: Record<string, unknown> };
      if (typeof definition !== 'object' || definition === null)
        throw ValidationError.field('file', `contains a ${file} without a definition`);
      const flow_id = this.flows.newId();
      await note({ kind: 'flow', id: flow_id });
      await this.flows.create(importer, { name, description, definition }, flow_id);
      report.flows.push({ from, id: flow_id, name });
      await this.flows.publish(importer, flow_id);
    }
  }
}

/** Every id of the package becomes the new one, also inside of texts such as `<project_id>:<agent>`. */
function renamed<T>(value: T, report: ImportReportDto): T {
  const pairs = [...report.agents, ...report.projects, ...report.integrations, ...report.tools, ...report.flows];
  const replace = (one: unknown): unknown => {
    if (typeof one === 'string') return pairs.reduce((text, { from, id }) => text.replaceAll(from, id), one);
    if (Array.isArray(one)) return one.map(replace);
    if (typeof one !== 'object' || one === null) return one;
    return Object.fromEntries(Object.entries(one).map(([key, child]: [string, unknown]) => [key, replace(child)]));
  };
  return replace(value) as T;
}

function newId({ agents, projects }: ImportReportDto, from: string): string {
  const found = [...agents, ...projects].find((one) => one.from === from);
  if (!found) throw ValidationError.field('file', `refers to ${from}, which the package does not contain`);
  return found.id;
}

function parsed(path: string, bytes: Buffer): unknown {
  if (bytes.byteLength > TEXT_MAX_BYTES) throw ValidationError.field('file', `contains a ${path} of over 1 MB`);
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    throw ValidationError.field('file', `contains a ${path} that is not JSON`);
  }
}

interface Schema<T> {
  safeParse(
    value: unknown,
  ):
    | { success: true; data: T }
    | { success: false; error: { issues: readonly { path: readonly PropertyKey[]; message: string }[] } };
}

function checked<T>(schema: Schema<T>, value: unknown, path: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.slice(0, FAULTS_SHOWN);
  const faults = issues.map(({ path: place, message }) => ({ pointer: `/${place.map(String).join('/')}`, message }));
  throw new ValidationError(
    `The package is not valid: ${path}${faults[0]?.pointer ?? ''} ${faults[0]?.message ?? ''}`,
    {
      details: { fields: { file: [`contains a ${path} that is not valid`] }, path, faults },
      suggestion: 'Export the package again, and import it unchanged.',
    },
  );
}
