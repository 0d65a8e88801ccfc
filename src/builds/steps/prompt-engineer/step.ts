import { PATHS } from '../../../stages/stage.js';
import {
  bulletList,
  DocumentWriter,
  markdownArtifact,
  markdownOf,
  numberedList,
  oneLine,
  readDocument,
  section,
  toolPath,
} from '../../step/documents.js';
import { agentNameFor, defineStep, type StepContext } from '../../step/step.js';
import { designSchema } from '../agent-design/prompt.js';
import { requirementsSchema } from '../requirements-analysis/prompt.js';
import { type ToolDocument, toolDocumentSchema, writtenTools } from '../tool-developer/prompt.js';
import { writePromptParts } from './offline.js';
import { PROMPT_TASK, type PromptParts } from './prompt.js';

/** Writes the system prompt of the agent. */
export const step = defineStep({
  name: 'prompt_engineer',
  prompt: PROMPT_TASK,
  offline: writePromptParts,
  uses: [DocumentWriter],
  run: async (context, writer) => {
    const requirements = readDocument(context, PATHS.requirements, requirementsSchema);
    const design = readDocument(context, PATHS.design, designSchema);
    const builtin = design.tools.map((tool) => readDocument(context, toolPath(tool.name), toolDocumentSchema));
    const tools = [...builtin, ...writtenTools(context).map((one) => one.document)];
    const { document, ...spent } = await writer.write(context, PROMPT_TASK, {
      requirements,
      design,
      tools,
    });
    const parts = { ...document, tool_guidance: guidanceForOwnTools(context, document, tools) };
    const prompt = withChange(context, spent.model) ?? systemPrompt(parts);
    context.log(
      'info',
      `System prompt: ${prompt.length} characters, ${parts.instructions.length} instructions, ${parts.boundaries.length} boundaries`,
    );
    for (const role of parts.roles) context.log('info', `Section for the role ${role.name}`);
    return {
      artifacts: [markdownArtifact(PATHS.systemPrompt, prompt)],
      output_data: {
        characters: prompt.length,
        instructions: parts.instructions.length,
        tools: parts.tool_guidance.map((one) => one.tool),
        prompt_version: PROMPT_TASK.version,
      },
      ...spent,
      tool_calls: 0,
      agent_name: agentNameFor(context, 'agent_developer_manager', design.agent_name),
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

/** prompts/system.md: the parts as Markdown. */
export function systemPrompt(parts: PromptParts): string {
  return markdownOf([
    oneLine(parts.identity),
    `## Objective\n\n${oneLine(parts.objective)}`,
    `## How you work\n\n${numberedList(parts.instructions)}`,
    ...roleSections(parts.roles),
    section(
      'Tools',
      parts.tool_guidance.map((one) => `\`${one.tool}\`: ${one.guidance}`),
    ),
    section('Style', parts.style),
    section('Boundaries', parts.boundaries),
    `## When you are unsure\n\n${oneLine(parts.when_unsure)}`,
  ]);
}

function roleSections(roles: PromptParts['roles']): string[] {
  if (roles.length === 0) return [];
  const sections = roles.map((role) => `### As the ${oneLine(role.name)}\n\n${bulletList(role.instructions)}`);
  return ['## Your roles\n\nYou play these roles one after the other within one answer.', ...sections];
}
