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

/** A tool that the message names exactly, with its input as JSON behind it: `Call order_status with {"number": "A-17"}`. */
export const namedToolIntent: Intent = ({ message, tools }) => {
  const start = message.indexOf('{');
  const end = message.lastIndexOf('}');
  const named = start < 0 ? undefined : [...tools.values()].find(({ name }) => hasWord(message.slice(0, start), name));
  const input = named && !KNOWN.has(named.name) ? objectIn(message.slice(start, end + 1)) : undefined;
  return named && input
    ? { tool: named.name, input, phrase: (output) => `${named.name} answered: ${JSON.stringify(output)}` }
    : undefined;
};

function hasWord(text: string, word: string): boolean {
  return text.split(/[^\p{L}\p{N}_-]+/u).includes(word);
}

function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

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
