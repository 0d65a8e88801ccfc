import { Injectable } from '@nestjs/common';
import type { Write } from '../platform/database/unit-of-work.js';
import { type AgentDefinition, agentDefinitionSchema, type KnowledgeDocument } from '../runtimes/agent-definition.js';
import type { RuntimeKind } from '../runtimes/agent-runtime.js';
import { Runtimes } from '../runtimes/observed-runtimes.js';
import { retryOn } from '../platform/async/retry.js';
import { NotFoundError, ValidationError } from '../shared/domain-error.js';
import { DocumentReader, type UploadedDocument } from '../tools/documents/document-reader.js';
import { CodeToolKind } from '../tools/kinds/code/code.kind.js';
import type { Agent } from './agent.js';
import { AgentRevisionError } from './agents.errors.js';
import { charactersOf } from './agents.repository.js';
import { AgentsService } from './agents.service.js';

/** Bytes of a definition without its documents. Its version is one item of the database. */
const DEFINITION_BYTES = 150_000;
/** Characters of all documents of an agent together: each process holds the definitions of the agents that it runs. */
export const KNOWLEDGE_CHARACTERS = 5_000_000;

/** What an edit replaces. Each field as a whole; absent fields stay. */
export type DefinitionChanges = {
  [K in (typeof EDITABLE)[number]]?: unknown;
};

export const EDITABLE = [
  'display_name',
  'description',
  'role',
  'system_prompt',
  'model_id',
  'tools',
  'team',
  'requires_approval',
  'output_schema',
  'guardrails',
  'memory',
  'limits',
  'knowledge',
] as const;

/** Where a new agent belongs. */
export interface NewAgent {
  org_id: string;
  user_id: string;
  project_id: string;
  category?: string | undefined;
  tags?: string[] | undefined;
}

/** An agent after an edit, and the label of the version that the edit made. */
export interface EditedAgent {
  agent: Agent;
  version: string;
}

/** Definitions that people write: they are checked as those of builds are, and every change makes a new version. */
@Injectable()
export class AgentDefinitions {
  constructor(
    private readonly agents: AgentsService,
    private readonly runtimes: Runtimes,
    private readonly code: CodeToolKind,
    private readonly reader: DocumentReader,
  ) {}

  /**
   * A definition as a caller sends it, with its defaults.
   * @throws ValidationError that names each wrong field below `definition`
   */
  async read(org_id: string, given: Record<string, unknown>): Promise<AgentDefinition> {
    const { agent_name, description, capabilities } = given;
    const defaults = { schema_version: '1', display_name: agent_name, role: description };
    const definition = await this.checked(org_id, { ...defaults, ...given }, 'definition.');
    if (capabilities !== undefined) return definition;
    return { ...definition, capabilities: ['text_generation'] };
  }

  /**
   * Registers an agent on the `local` runtime.
   * @param guard conditions and writes of the caller for the same transaction
   * @throws AgentExistsError, AgentChangedError when the guard does not hold
   */
  create(where: NewAgent, definition: AgentDefinition, guard: Write[]): Promise<Agent> {
    const { category = 'general', tags = definition.tags, ...owner } = where;
    const { agent_name, description } = definition;
    return this.agents.registerNew(
      { ...owner, agent_name, description, category, tags, definition, runtime: 'local', build_id: null },
      guard,
    );
  }

  /**
   * Makes a version with the changes, which the agent then runs if `activate` is set. An override of the model, the approvals or the
   * output schema gives way to a change of the same field.
   * @param revision of the agent as the caller has read it
   * @throws AgentNotFoundError; AgentRevisionError with the current revision; ValidationError that names each wrong field, and a field
   * that an override would hide, without `activate`
   */
  async edit(
    caller: { org_id: string; user_id: string },
    agent_id: string,
    revision: number,
    changes: DefinitionChanges,
    activate = true,
  ): Promise<EditedAgent> {
    const given = Object.entries(changes).filter(([, value]) => value !== undefined);
    const { agent, definition } = await this.agents.getAt(caller.org_id, agent_id, revision);
    const next = {
      ...definition,
      ...Object.fromEntries(given.map(([field, value]) => [field, emptied(field, value)])),
    };
    const checked = await this.checked(caller.org_id, next, '');
    assertKept(agent.runtime, checked);
    if (!activate) assertNotHidden(agent, Object.fromEntries(given));
    const overrides = Object.fromEntries(
      given.flatMap(([field]) => (field in OVERRIDES ? [[field, OVERRIDES[field]]] : [])),
    );
    const about = changes.description === undefined ? {} : { description: checked.description };
    const fields = { ...overrides, ...about };
    return this.agents.storeEdit(agent, checked, { user_id: caller.user_id, fields, activate });
  }

  /**
   * Adds documents to what the agent knows, which makes a version. A document replaces the one of the same name.
   * @throws as {@link edit}; ValidationError naming the first file that cannot be read
   */
  async addDocuments(
    caller: { org_id: string; user_id: string },
    agent_id: string,
    files: readonly UploadedDocument[],
  ): Promise<Agent> {
    if (files.length === 0) throw ValidationError.field('files', 'must hold at least one file');
    await this.agents.get(caller.org_id, agent_id);
    const added = new Map<string, string>();
    for (const file of files) added.set(file.name, await this.reader.read(caller.org_id, file));
    return this.withKnowledge(caller, agent_id, (kept) => [
      ...kept.filter(({ name }) => !added.has(name)),
      ...[...added].map(([name, content]) => ({ name, content })),
    ]);
  }

  /** Removes a document, which makes a version. @throws as {@link edit}; NotFoundError */
  async removeDocument(caller: { org_id: string; user_id: string }, agent_id: string, name: string): Promise<Agent> {
    return this.withKnowledge(caller, agent_id, (all) => {
      const kept = all.filter((document) => document.name !== name);
      if (kept.length === all.length) throw new NotFoundError('Document', name, { details: { agent_id } });
      return kept;
    });
  }

  /** An edit that does not depend on what the caller has read: a change in between is no conflict. */
  private withKnowledge(
    caller: { org_id: string; user_id: string },
    agent_id: string,
    changed: (documents: KnowledgeDocument[]) => KnowledgeDocument[],
  ): Promise<Agent> {
    return retryOn(AgentRevisionError, async () => {
      const { agent, definition } = await this.agents.getAt(caller.org_id, agent_id);
      const knowledge = changed(definition.knowledge);
      const names = new Set(knowledge.map(({ name }) => name));
      // A member of the team does not list what is gone.
      const team = definition.team?.map(({ documents, ...member }) =>
        documents ? { ...member, documents: documents.filter((name) => names.has(name)) } : member,
      );
      return (await this.edit(caller, agent_id, agent.revision, { knowledge, ...(team ? { team } : {}) })).agent;
    });
  }

  private async checked(org_id: string, given: unknown, prefix: string): Promise<AgentDefinition> {
    const parsed = agentDefinitionSchema.safeParse(given);
    const fields: Record<string, string[]> = {};
    const problem = (field: string, reason: string): void => {
      (fields[`${prefix}${field}`] ??= []).push(reason);
    };
    for (const { path, message } of parsed.error?.issues ?? []) problem(path.join('.') || 'definition', message);
    if (parsed.success) await this.problemsOf(org_id, parsed.data, problem);
    if (parsed.success && Object.keys(fields).length === 0) return parsed.data;
    throw new ValidationError(`The definition is not valid: ${Object.keys(fields).slice(0, 20).join(', ')}`, {
      details: { fields: Object.fromEntries(Object.entries(fields).slice(0, 20)) },
    });
  }

  private async problemsOf(
    org_id: string,
    definition: AgentDefinition,
    problem: (field: string, reason: string) => void,
  ): Promise<void> {
    const { knowledge, tools, team = [], agent_name } = definition;
    const bytes = Buffer.byteLength(JSON.stringify({ ...definition, knowledge: [] }));
    if (bytes > DEFINITION_BYTES)
      return problem('definition', `must be at most ${DEFINITION_BYTES} bytes without its documents, not ${bytes}`);
    const characters = charactersOf(knowledge);
    if (characters > KNOWLEDGE_CHARACTERS)
      problem('knowledge', `must be at most ${KNOWLEDGE_CHARACTERS} characters in total, not ${characters}`);
    const names = knowledge.map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) problem('knowledge', `has two documents named "${twice}"`);
    try {
      await this.runtimes.get('local').deploy(agent_name, definition);
    } catch (error) {
      if (!(error instanceof ValidationError)) throw error;
      const named = error.details['fields'] as Record<string, string[]>;
      for (const [field, reasons] of Object.entries(named)) for (const reason of reasons) problem(field, reason);
    }
    const written = [
      ...tools.map((tool, index) => ({ field: `tools.${index}`, tool })),
      ...team.flatMap((member, at) =>
        member.tools.map((tool, index) => ({ field: `team.${at}.tools.${index}`, tool })),
      ),
    ];
    for (const { field, tool } of written) {
      const faults = tool.kind === 'code' ? await this.code.problemsOf(tool, { org_id }) : [];
      for (const fault of faults) problem(field, fault);
    }
  }
}

/** Fields of the agent that override its definition, as they are when they do not. */
const OVERRIDES: Readonly<Record<string, unknown>> = { model_id: null, requires_approval: [], output_schema: null };

/** @throws ValidationError for a change that no run would see, because the agent has an override of the same field */
function assertNotHidden(agent: Agent, changes: DefinitionChanges): void {
  const { model_id, requires_approval = [], output_schema } = agent;
  const overrides = {
    model_id: Boolean(model_id),
    requires_approval: requires_approval.length > 0,
    output_schema: Boolean(output_schema),
  };
  for (const [field, isSet] of Object.entries(overrides))
    if (isSet && field in changes)
      throw ValidationError.field(
        field,
        'is set on the agent itself and applies to every version: remove it there first with PUT /api/v1/agents/{agent_id}',
      );
}

/** An empty model, schema or team removes it. */
function emptied(field: string, value: unknown): unknown {
  if (field === 'model_id' && value === '') return null;
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  return (field === 'output_schema' || field === 'team') && isEmpty ? undefined : value;
}

/** @throws ValidationError for what a container cannot keep */
function assertKept(runtime: RuntimeKind, { requires_approval = [], output_schema }: AgentDefinition): void {
  if (runtime === 'local') return;
  if (requires_approval.length > 0)
    throw ValidationError.field('requires_approval', 'is not supported by an agent that runs in a container');
  if (output_schema)
    throw ValidationError.field('output_schema', 'is not supported by an agent that runs in a container');
}
