import { type Intent, type OfferedTool, withTool } from '../intent.js';
import { isQuestion } from '../sentences.js';

interface FoundPassage {
  document: string;
  passage?: number;
  page?: number;
  heading?: string;
  text: string;
}

/** Questions that no other rule answers are looked up in the agent's documents and answered by quoting them. */
export const knowledgeLookupIntent: Intent = ({ sentence, tools }) => {
  const asked = isQuestion(sentence) || /\b(?:tell me|explain|describe|find|look up|search|show)\b/i.test(sentence);
  if (!asked || !tools.has('knowledge_lookup')) return undefined;
  return {
    tool: 'knowledge_lookup',
    input: { query: sentence, limit: 2 },
    phrase: ({ passages }) => quote(sentence, passagesOf(passages)),
  };
};

function quote(question: string, passages: FoundPassage[]): string {
  const [best] = passages;
  if (!best) return `I found nothing about "${question}" in the documents I was given.`;
  const others = [...new Set(passages.slice(1).map(({ document }) => document))].filter(
    (document) => document !== best.document,
  );
  const place = [
    ...(best.page === undefined ? [] : [`, page ${best.page}`]),
    ...(best.heading === undefined || best.text.startsWith('#') ? [] : [`, under "${best.heading}"`]),
    ...(best.passage === undefined ? [] : [`, passage ${best.passage}`]),
  ].join('');
  return `From "${best.document}"${place}: ${best.text}${others.length === 0 ? '' : ` (See also: ${others.join(', ')}.)`}`;
}

function passagesOf(value: unknown): FoundPassage[] {
  return Array.isArray(value)
    ? value.filter(
        (one): one is FoundPassage => typeof one === 'object' && one !== null && 'document' in one && 'text' in one,
      )
    : [];
}

const EXPLICIT = /\b(?:query|expression|jmespath|path)\b[:\s]+[`"']?([^\s`"']+)[`"']?/i;
const ASKED =
  /\b(?:get|extract|read|find|show|list|what(?:['’]s| is| are)|give me)\s+(?:me )?(?:the )?(?:values? of )?[`"']?([\w.[\]*@-]{1,100})[`"']?\s+(?:from|in|of|out of)\b/i;
const BRACKETS: Readonly<Record<string, string>> = { '{': '}', '[': ']' };

/** A JSON document in the message and the name of what to read from it. */
export const jsonQueryIntent: Intent = (turn) => {
  const document = documentIn(turn.message);
  if (!document) return undefined;
  const words = `${turn.message.slice(0, document.start)} ${turn.message.slice(document.end)}`.slice(0, 500);
  const query = EXPLICIT.exec(words)?.[1] ?? ASKED.exec(words)?.[1];
  if (query === undefined)
    return /\bjson\b/i.test(words)
      ? { text: 'Tell me what to read from that JSON, for example: get user.name from {...}.' }
      : undefined;
  return withTool(turn, {
    tool: 'json_query',
    input: { json: document.json, query },
    phrase: ({ result }) => `${query}: ${JSON.stringify(result ?? null)}`,
  });
};

/** From the first opening bracket to the last closing one of its kind, when that is JSON. */
function documentIn(message: string): { json: string; start: number; end: number } | undefined {
  const start = message.search(/\{\s*["}]|(?<![\w\]])\[\s*["{[\d\]]/);
  const end = message.lastIndexOf(BRACKETS[message[start] ?? ''] ?? '\0') + 1;
  if (start < 0 || end <= start) return undefined;
  const json = message.slice(start, end);
  try {
    JSON.parse(json);
    return { json, start, end };
  } catch {
    return undefined;
  }
}

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
