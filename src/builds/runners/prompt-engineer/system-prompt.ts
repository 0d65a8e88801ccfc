import type { PromptParts } from './prompt-engineer.schema.js';

/** prompts/system.md: the parts as Markdown. Empty sections are left out. */
export function systemPrompt(parts: PromptParts): string {
  return [
    parts.identity,
    `## Objective\n\n${parts.objective}`,
    `## How you work\n\n${parts.instructions.map((one, index) => `${index + 1}. ${oneLine(one)}`).join('\n')}`,
    ...roleSections(parts.roles),
    section('Tools', parts.tool_guidance.map((one) => `\`${one.tool}\`: ${one.guidance}`)),
    section('Style', parts.style),
    section('Boundaries', parts.boundaries),
    `## When you are unsure\n\n${parts.when_unsure}`,
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

function roleSections(roles: PromptParts['roles']): string[] {
  if (roles.length === 0) return [];
  const sections = roles.map((role) => `### As the ${oneLine(role.name)}\n\n${list(role.instructions)}`);
  return ['## Your roles\n\nYou play these roles one after the other within one answer.', ...sections];
}

function section(title: string, items: readonly string[]): string {
  return items.length === 0 ? '' : `## ${title}\n\n${list(items)}`;
}

function list(items: readonly string[]): string {
  return items.map((item) => `- ${oneLine(item)}`).join('\n');
}

/** A line break inside an item could pose as a heading of the prompt. */
function oneLine(text: string): string {
  return text.replace(/\s+/gu, ' ').trim();
}
