import { capitalised, clip } from '../../requirement/words.js';
import { packageInputSchema, type PackageText, PACKAGE_TASK } from './prompt.js';
import { z } from 'zod';
import { ModelsService } from '../../../models/models.service.js';
import {
  type AgentDefinition,
  type AgentDefinitionInput,
  agentDefinitionSchema,
  type TeamMember,
  teamMemberSchema,
} from '../../../runtimes/agent-definition.js';
import type { RevisionBrief } from '../../../projects/project-revision.js';
import { PATHS } from '../../../stages/stage.js';
import type { CodeTool } from '../../../tools/tool-definition.js';
import { DocumentWriter, jsonArtifact, readDocument, readText } from '../../step/documents.js';
import { BuildFault, defineStep, type StepContext } from '../../step/step.js';
import { type Design, designSchema } from '../agent-design/prompt.js';
import { type Plan, planSchema } from '../orchestrator/prompt.js';
import { type Requirements, requirementsSchema } from '../requirements-analysis/prompt.js';
import { codeOf, writtenTools } from '../tool-developer/prompt.js';
import { exportProject } from './export.js';

/** Writes the description of the agent by rule. */
export function writePackageText(input: unknown): PackageText {
  const { requirements, design } = packageInputSchema.parse(input);
  const tools = design.tools.map((tool) => tool.name);
  const sources = [
    ...(tools.length > 0 ? [`the tools ${tools.join(', ')}`] : []),
    ...(requirements.knowledge.length > 0
      ? [`the documents ${requirements.knowledge.map((one) => one.name).join(', ')}`]
      : []),
  ];
  const basis =
    sources.length > 0
      ? `Its answers rest on ${sources.join(' and ')}.`
      : 'It has no tools and no documents of its own.';
  const limits = design.limitations.length > 0 ? ` Known limits: ${design.limitations.join(' ')}` : '';
  return {
    description: clip(`${capitalised(design.role)}. ${design.core_functions.slice(0, 3).join('; ')}.`, 500),
    introduction: clip(`${requirements.overview} ${basis}${limits}`, 2000),
    example_messages: requirements.acceptance_examples.slice(0, 5).map((example) => clip(example.input, 1000)),
  };
}

const teamSchema = z.object({ team: z.array(teamMemberSchema) });

/** Writes the executable definition, and a small project that serves the agent outside the platform. */
export const step = defineStep({
  name: 'agent_code_developer',
  prompt: PACKAGE_TASK,
  offline: writePackageText,
  uses: [DocumentWriter, ModelsService],
  run: async (context, writer, models) => {
    const plan = readDocument(context, PATHS.plan, planSchema);
    const requirements = readDocument(context, PATHS.requirements, requirementsSchema);
    const design = readDocument(context, PATHS.design, designSchema);
    const system_prompt = readText(context, PATHS.systemPrompt);
    const { document, ...spent } = await writer.write(context, PACKAGE_TASK, {
      requirements,
      design,
    });
    const definition = assembleDefinition({
      plan,
      requirements,
      design,
      system_prompt,
      written: codeOf(writtenTools(context)),
      team: context.artifacts.has(PATHS.team) ? readDocument(context, PATHS.team, teamSchema).team : [],
      description: document.description,
      tags: context.tags,
      model_id: modelOf(context, models),
      ...(context.revision ? { revision: context.revision } : {}),
    });
    context.log(
      'info',
      `Definition of ${definition.agent_name} is valid: ${definition.tools.length} tools, ${definition.knowledge.length} documents${definition.team ? `, a team of ${definition.team.length}` : ''}`,
    );
    const files = exportProject(definition, document);
    context.log('info', `Exportable project: ${files.map((file) => file.path).join(', ')}`);
    return {
      artifacts: [jsonArtifact(PATHS.definition, definition), ...files],
      output_data: {
        agent_name: definition.agent_name,
        tools: definition.tools.length,
        knowledge_documents: definition.knowledge.length,
        export_files: files.map((file) => file.path),
      },
      ...spent,
      tool_calls: 0,
      agent_name: definition.agent_name,
    };
  },
});

/** A definition names a model only if the request or the requirement does; otherwise the agent runs on the platform's. */
function modelOf(context: StepContext, models: ModelsService): string | null {
  const model = context.model_id ?? namedModel(context.requirement, (id) => models.knows(id));
  if (model !== null) context.log('info', `The agent runs on the requested model: ${model}`);
  return model;
}

export interface DefinitionParts {
  plan: Plan;
  requirements: Requirements;
  design: Design;
  system_prompt: string;
  /** Tools that this build wrote. */
  written: readonly CodeTool[];
  /** What a member has is not a tool of the agent itself. */
  team: readonly TeamMember[];
  description: string;
  tags: readonly string[];
  /** Null when the project names no model; the agent then runs on the platform's current model. */
  model_id: string | null;
  /** When the build changes an agent. */
  revision?: RevisionBrief;
}

/** What a person wrote and the change is not about. The system prompt is the prompt engineer's. */
const KEPT = [
  'display_name',
  'role',
  'model_id',
  'memory',
  'limits',
  'requires_approval',
  'output_schema',
] as const satisfies readonly (keyof AgentDefinition)[];

/** The definition with what a person edited by hand since the last build. */
function withEdits(built: AgentDefinitionInput, revision: RevisionBrief | undefined): AgentDefinitionInput {
  if (!revision) return built;
  const { definition, edited_by_hand, built_tools } = revision;
  const isEdited = (field: string): boolean => edited_by_hand.includes(field);
  const kept: Partial<AgentDefinitionInput> = Object.fromEntries(
    KEPT.filter(isEdited).map((field): [string, unknown] => [field, definition[field]]),
  );
  const names = new Set(definition.tools.map(({ name }) => name));
  // A tool that the last build chose and the person removed stays away.
  const added = (built.tools ?? []).filter(({ name }) => !names.has(name) && !built_tools.includes(name));
  const guardrails = [...new Set([...definition.guardrails, ...(built.guardrails ?? [])])].slice(0, 50);
  return {
    ...built,
    ...kept,
    ...(isEdited('tools') ? { tools: [...definition.tools, ...added].slice(0, 50) } : {}),
    ...(isEdited('guardrails') ? { guardrails } : {}),
  };
}

/**
 * The executable definition.
 * @throws BuildFault when the parts do not make a valid definition
 */
export function assembleDefinition({
  plan,
  requirements,
  design,
  system_prompt,
  written,
  team,
  description,
  tags,
  model_id,
  revision,
}: DefinitionParts): AgentDefinition {
  const all = [...design.tools.map(({ name }) => ({ name, kind: 'builtin' as const })), ...written];
  const ofMembers = new Set(team.flatMap((member) => member.tools.map(({ name }) => name)));
  const tools = all.filter(({ name }) => !ofMembers.has(name));
  const documents = new Set(requirements.knowledge.map(({ name }) => name));
  const made: AgentDefinitionInput = {
    schema_version: '1',
    agent_name: design.agent_name,
    display_name: plan.agent.display_name,
    description,
    role: design.role,
    system_prompt,
    model_id,
    tools,
    ...(team.length > 0 ? { team: team.map((member) => withDocuments(member, documents)) } : {}),
    guardrails: design.guardrails,
    memory: { max_messages: design.memory.max_messages },
    limits: {
      max_steps: design.limits.max_steps,
      timeout_seconds: design.limits.timeout_seconds,
      max_output_tokens: design.limits.max_output_tokens,
    },
    knowledge: requirements.knowledge,
    tags: [...new Set([...tags, plan.agent.category])].map((tag) => clip(tag, 200)).slice(0, 20),
  };
  const definition = withEdits(made, revision);
  const named = [...(definition.tools ?? []), ...team.flatMap((member) => member.tools)].map(
    ({ name }) => `tool:${name}`,
  );
  const capabilities = [...new Set(['text_generation', ...named])];
  const parsed = agentDefinitionSchema.safeParse({ ...definition, capabilities });
  if (parsed.success) return parsed.data;
  throw new BuildFault(`The agent definition is not valid: ${z.prettifyError(parsed.error)}`, {
    details: { agent_name: design.agent_name },
    cause: parsed.error,
  });
}

/** A revision may have removed documents. */
function withDocuments(member: TeamMember, known: ReadonlySet<string>): TeamMember {
  const { documents } = member;
  return documents ? { ...member, documents: documents.filter((name) => known.has(name)) } : member;
}

/** "the model gpt-4o", "model_id: gpt-4o", "runs on gpt-4o", "powered by gpt-4o": phrases about the agent, not about its subject. */
const NAMED =
  /\b(?:models?|model[ _]id|runs? on|powered by)(?:\s{1,9}is)?\s{0,9}(?:[:=]\s{0,9})?["'`]?([A-Za-z0-9][\w.:/@+-]*[\w])/giu;

/** The first model that the requirement asks for and that `knows` confirms; else null. */
export function namedModel(requirement: string, knows: (modelId: string) => boolean): string | null {
  for (const [, id] of requirement.matchAll(NAMED)) if (id !== undefined && knows(id)) return id;
  return null;
}
