import { clip, capitalised, slugOf } from '../../requirement/words.js';
import { promptInputSchema, type PromptParts, PROMPT_TASK } from './prompt.js';
import { memberTool, type TeamMember } from '../../../runtimes/agent-definition.js';
import { PATHS } from '../../../stages/stage.js';
import {
  bulletList,
  DocumentWriter,
  jsonArtifact,
  markdownArtifact,
  markdownOf,
  numberedList,
  oneLine,
  readDocument,
  section,
  toolPath,
} from '../../step/documents.js';
import { defineStep, type StepContext } from '../../step/step.js';
import { type Design, designSchema, type Specialist } from '../agent-design/prompt.js';
import { type Requirements, requirementsSchema } from '../requirements-analysis/prompt.js';
import { codeOf, type ToolDocument, toolDocumentSchema, writtenTools } from '../tool-developer/prompt.js';

const FROM_DOCUMENTS = 'Look up factual questions in your documents first, and answer from them.';

/** Writes the parts of the system prompt by rule. */
export function writePromptParts(input: unknown): PromptParts {
  const { requirements, design, tools } = promptInputSchema.parse(input);
  return {
    identity: clip(`You are ${design.role}.`, 1500),
    objective: clip(`A conversation is a success when the user got this: ${design.purpose}`, 1500),
    instructions: [
      ...design.core_functions.slice(0, 20).map((one) => clip(`${one}.`, 1500)),
      ...(requirements.knowledge.length > 0 ? [FROM_DOCUMENTS] : []),
      'Begin with the answer; explain only as far as it helps.',
    ],
    roles: design.team.map(({ name, responsibility, documents }) => ({
      name,
      instructions: [
        clip(`The ${name} ${responsibility}.`, 1500),
        ...(documents.length > 0 ? [FROM_DOCUMENTS] : []),
        'Give the finished result; say so when the task is not yours.',
      ],
    })),
    tool_guidance: tools.map((tool) => ({
      tool: tool.name,
      guidance: clip(
        `${tool.when_to_use} Not: ${tool.when_not_to_use} If it fails, correct the input once, then say what did not work.`,
        1500,
      ),
    })),
    style: [
      `Be ${requirements.tone.join(', ')}.`,
      'Answer in the language of the user.',
      ...requirements.non_functional_requirements.usability.slice(1, 8),
    ],
    boundaries: design.boundaries,
    when_unsure: 'Say what you do not know, and ask one question that gets you further.',
  };
}

/** Writes the system prompt of the agent. */
export const step = defineStep({
  name: 'prompt_engineer',
  prompt: PROMPT_TASK,
  offline: writePromptParts,
  uses: [DocumentWriter],
  run: async (context, writer) => {
    const requirements = readDocument(context, PATHS.requirements, requirementsSchema);
    const design = withTeam(readDocument(context, PATHS.design, designSchema), requirements);
    const builtin = design.tools.map((tool) => readDocument(context, toolPath(tool.name), toolDocumentSchema));
    const tools = [...builtin, ...writtenTools(context).map((one) => one.document)];
    const { document, ...spent } = await writer.write(context, PROMPT_TASK, {
      requirements,
      design,
      tools,
    });
    const parts = { ...document, tool_guidance: guidanceForOwnTools(context, document, tools) };
    const team = teamOf(context, parts, design);
    const prompt = withChange(context, spent.model) ?? systemPrompt(parts, team);
    context.log(
      'info',
      `System prompt: ${prompt.length} characters, ${parts.instructions.length} instructions, ${parts.boundaries.length} boundaries`,
    );
    for (const { name, system_prompt } of team)
      context.log('info', `Prompt of the specialist ${name}: ${system_prompt.length} characters`);
    return {
      artifacts: [
        markdownArtifact(PATHS.systemPrompt, prompt),
        // An empty list replaces the team of an earlier attempt.
        ...(team.length > 0 || context.artifacts.has(PATHS.team) ? [jsonArtifact(PATHS.team, { team })] : []),
      ],
      output_data: {
        characters: prompt.length,
        instructions: parts.instructions.length,
        tools: parts.tool_guidance.map((one) => one.tool),
        prompt_version: PROMPT_TASK.version,
      },
      ...spent,
      tool_calls: 0,
      agent_name: design.agent_name,
    };
  },
});

/** Rules cannot merge a change into a prompt that a person wrote, so the change follows it. */
function withChange({ revision }: StepContext, model: string): string | undefined {
  if (!revision?.edited_by_hand.includes('system_prompt') || !model.startsWith('nexus/')) return undefined;
  return markdownOf([revision.definition.system_prompt.trim(), section('Change', [revision.change])]);
}

function guidanceForOwnTools(
  context: StepContext,
  parts: PromptParts,
  tools: ToolDocument[],
): PromptParts['tool_guidance'] {
  const own = new Set(tools.map((tool) => tool.name));
  return parts.tool_guidance.filter(({ tool }) => {
    if (!own.has(tool)) context.log('warning', `Guidance for "${tool}" was dropped: the agent does not have this tool`);
    return own.has(tool);
  });
}

/** prompts/system.md: the parts as Markdown. The guidance on tools of members is in their prompts. */
export function systemPrompt(parts: PromptParts, team: readonly TeamMember[] = []): string {
  const ofMembers = new Set(team.flatMap(({ tools }) => tools.map(({ name }) => name)));
  return markdownOf([
    oneLine(parts.identity),
    `## Objective\n\n${oneLine(parts.objective)}`,
    `## How you work\n\n${numberedList(parts.instructions)}`,
    teamSection(team),
    toolSection(parts, (tool) => !ofMembers.has(tool)),
    section('Style', parts.style),
    section('Boundaries', parts.boundaries),
    `## When you are unsure\n\n${oneLine(parts.when_unsure)}`,
  ]);
}

/** The part of the supervisor's instructions that describes its team. */
function teamSection(team: readonly TeamMember[]): string {
  if (team.length === 0) return '';
  const rule =
    'Give each part of a message to the specialist that it is for, with everything that it needs to know. Answer with what the specialists found; do not answer in their place.';
  return `## Your team\n\n${rule}\n\n${bulletList(team.map((one) => `\`${memberTool(one)}\`: ${one.description}`))}`;
}

/** Designs of version 1.0.0 have no team: each role gets every tool and document. */
function withTeam(design: Design, { roles, knowledge }: Requirements): Design {
  if (roles.length < 2 || design.team.length > 0) return design;
  const all = { tools: design.tools.map(({ name }) => name), documents: knowledge.map(({ name }) => name) };
  return { ...design, team: roles.map((role) => ({ ...role, ...all })) };
}

/** The team as the definition has it: what a person wrote by hand, else the specialists of the design. */
function teamOf(context: StepContext, parts: PromptParts, design: Design): TeamMember[] {
  const { revision } = context;
  if (revision?.edited_by_hand.includes('team')) return revision.definition.team ?? [];
  const names = new Set<string>();
  const written = codeOf(writtenTools(context));
  return design.team.map((specialist) => {
    const name = memberName(specialist.name, names);
    const builtin = specialist.tools.map((tool) => ({ kind: 'builtin' as const, name: tool }));
    return {
      name,
      description: clip(capitalised(oneLine(specialist.responsibility)), 1000),
      role: clip(`the ${oneLine(specialist.name)} of a team`, 500),
      system_prompt: memberPrompt(
        specialist,
        parts,
        written.map((tool) => tool.name),
      ),
      tools: [...builtin, ...written],
      documents: specialist.documents,
    };
  });
}

function memberPrompt(specialist: Specialist, parts: PromptParts, written: readonly string[]): string {
  const own = new Set([...specialist.tools, ...written]);
  const { instructions } = parts.roles.find(({ name }) => name.toLowerCase() === specialist.name.toLowerCase()) ?? {
    instructions: [specialist.responsibility],
  };
  return markdownOf([
    `You are the ${oneLine(specialist.name)} of a team. A supervisor gives you one task at a time and passes your result on.`,
    `## How you work\n\n${numberedList(instructions)}`,
    toolSection(parts, (tool) => own.has(tool)),
    section('Style', parts.style),
    section('Boundaries', parts.boundaries),
    `## When you are unsure\n\n${oneLine(parts.when_unsure)}`,
  ]);
}

function toolSection({ tool_guidance }: PromptParts, isOwn: (tool: string) => boolean): string {
  const own = tool_guidance.filter(({ tool }) => isOwn(tool));
  return section(
    'Tools',
    own.map((one) => `\`${one.tool}\`: ${one.guidance}`),
  );
}

const MEMBER_NAME_MAX = 50;

/** A name that a tool may have, unique in the team. */
function memberName(role: string, taken: Set<string>): string {
  const base = slugOf(role, '_').replace(/^(?=[^a-z])/, 'role_');
  let name = base.slice(0, MEMBER_NAME_MAX);
  for (let next = 2; taken.has(name); next++) name = `${base.slice(0, MEMBER_NAME_MAX - 3)}_${next}`;
  taken.add(name);
  return name;
}
