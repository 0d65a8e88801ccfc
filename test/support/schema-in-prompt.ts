import type { ChatCompletionRequest } from '@copilotkit/aimock';
import { textOf } from './scripted-openai.js';

/** How the instructions for each document begin. */
const TITLES: Record<string, string> = {
  plan: 'Write the plan',
  requirements: 'Write the requirements',
  example_review: 'Write one verdict for each example',
  architecture: 'Write the architecture',
  agent_design: 'Write the design',
  tool_notes: 'Write one entry per tool',
  prompt_parts: 'Write the parts of the system prompt',
  package_text: 'Write about the finished agent',
};

/** Which document is asked for, when its schema stands in the prompt. */
export function schemaInPrompt({ messages }: ChatCompletionRequest): string | undefined {
  const [system, user] = messages.map(textOf);
  if (system?.includes('JSON Schema of your answer:\n{"type":"object"') !== true) return undefined;
  return Object.keys(TITLES).find((name) => user?.startsWith(TITLES[name] ?? ''));
}

/** The format by which the scripted model knows a document. */
export function namedFormat(name: string): { type: string; json_schema: { name: string } } {
  return { type: 'json_schema', json_schema: { name } };
}
