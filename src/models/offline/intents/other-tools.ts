import { parsedJson } from '../../../shared/parsed-json.js';
import { type Intent, type ToolReply, withTool } from '../intent.js';
import { PHRASES } from '../vocabulary.js';
import { isQuestion } from '../sentences.js';

type FoundPassage = Partial<Record<'document' | 'passage' | 'page' | 'heading' | 'text', string>>;

/** Questions that no other rule answers are looked up in the agent's documents and answered by quoting them. */
export const knowledgeLookupIntent: Intent = ({ sentence, tools }) => {
  const asked = isQuestion(sentence) || /\b(?:tell me|explain|describe|find|look up|search|show)\b/i.test(sentence);
  if (!asked || !tools.has('knowledge_lookup')) return undefined;
  const phrase: ToolReply['phrase'] = ({ passages = [] }) => {
    const [best, second] = passages as FoundPassage[];
    if (!best) return `I found nothing about "${sentence}" in the documents I was given.`;
    const place = [
      best.page === undefined ? '' : `, page ${best.page}`,
      best.heading === undefined || best.text?.startsWith('#') ? '' : `, under "${best.heading}"`,
      best.passage === undefined ? '' : `, passage ${best.passage}`,
    ];
    const other = second && second.document !== best.document ? ` (See also: ${second.document}.)` : '';
    return `From "${best.document}"${place.join('')}: ${best.text}${other}`;
  };
  return { tool: 'knowledge_lookup', input: { query: sentence, limit: 2 }, phrase };
};

const PATHS = PHRASES.json_paths.map((phrase) => new RegExp(phrase, 'i'));

/** JSON in the message: the input of a tool that is named before it, or a document and the name of what to read from it. */
export const jsonIntent: Intent = (turn) => {
  const { message, tools } = turn;
  const start = message.search(/\{\s*["}]|(?<![\w\]])\[\s*["{[\d\]]/);
  const end = message.lastIndexOf(message[start] === '{' ? '}' : ']') + 1;
  const json = message.slice(start, end);
  const value = start < 0 || end <= start ? undefined : parsedJson(json);
  if (value === undefined) return undefined;
  const before = message.slice(0, start).split(/[^\p{L}\p{N}_-]+/u);
  const named = [...tools.keys()].find((name) => !Object.hasOwn(PHRASES.abilities, name) && before.includes(name));
  if (named !== undefined && json.startsWith('{')) return calling(named, value as Record<string, unknown>);
  const words = `${message.slice(0, start)} ${message.slice(end)}`.slice(0, 500);
  const query = PATHS.map((pattern) => pattern.exec(words)?.[1]).find((path) => path !== undefined);
  if (query === undefined && !/\bjson\b/i.test(words)) return undefined;
  if (query === undefined) return 'Tell me what to read from that JSON, for example: get user.name from {...}.';
  const phrase: ToolReply['phrase'] = ({ result }) => `${query}: ${JSON.stringify(result ?? null)}`;
  return withTool(turn, { tool: 'json_query', input: { json, query }, phrase });
};

function calling(tool: string, input: Record<string, unknown>): ToolReply {
  return { tool, input, phrase: (output) => `${tool} answered: ${JSON.stringify(output)}` };
}

/** Verbs in the names of tools. */
const VERB = /^(?:get|fetch|find|read|list|lookup|tool)?$/;

/** A tool that no rule knows is called when the sentence names it and it takes at most one required text. */
export const otherToolsIntent: Intent = ({ sentence, tools }) => {
  const said = new Set(sentence.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);
  for (const { name, inputSchema } of tools.values()) {
    const words = name.toLowerCase().split(/[^\p{L}\p{N}]+/u);
    const naming = words.filter((word) => !VERB.test(word));
    const isNamed = (naming.length > 0 ? naming : words).every((word) => said.has(word));
    if (!isNamed || Object.hasOwn(PHRASES.abilities, name)) continue;
    const { properties, required = [] } = inputSchema;
    const [only = ''] = required;
    if (required.length === 0) return calling(name, {});
    const { [only]: schema } = properties ?? {};
    const takesText = typeof schema === 'object' && schema.type === 'string';
    if (required.length === 1 && takesText) return calling(name, { [only]: sentence });
  }
  return undefined;
};
