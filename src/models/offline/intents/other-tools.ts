import type { Intent, OfferedTool } from '../intent.js';

/** Tools with a rule of their own. */
const KNOWN = new Set([
  'calculator',
  'date_time',
  'unit_conversion',
  'text_statistics',
  'json_query',
  'knowledge_lookup',
]);

/** A tool that no rule knows is called when the sentence names it and it takes at most one required text. */
export const otherToolsIntent: Intent = ({ sentence, tools }) => {
  const words = new Set(sentence.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);
  for (const tool of tools.values()) {
    const input =
      KNOWN.has(tool.name) || !nameWords(tool).every((word) => words.has(word)) ? undefined : inputFor(tool, sentence);
    if (input)
      return { tool: tool.name, input, phrase: (output) => `${tool.name} answered: ${JSON.stringify(output)}` };
  }
  return undefined;
};

function nameWords({ name }: OfferedTool): string[] {
  const verbs = new Set(['get', 'fetch', 'find', 'read', 'list', 'lookup', 'tool']);
  const words = name
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
  const naming = words.filter((word) => !verbs.has(word));
  return naming.length > 0 ? naming : words;
}

function inputFor({ input_schema }: OfferedTool, sentence: string): Record<string, unknown> | undefined {
  const { properties = {}, required = [] } = input_schema as {
    properties?: Record<string, { type?: unknown }>;
    required?: string[];
  };
  const [only, ...rest] = required;
  if (only === undefined) return {};
  return rest.length === 0 && properties[only]?.type === 'string' ? { [only]: sentence } : undefined;
}
