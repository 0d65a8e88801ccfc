import { bulletList, markdownOf, numberedList, oneLine, section } from '../markdown.js';
import type { PromptParts } from './prompt-engineer.schema.js';

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
