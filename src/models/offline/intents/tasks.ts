import { convertUnits, parseUnit } from '../../../shared/units.js';
import { type Intent, type Turn, withTool, compiled, replierOf, type ToolReply } from '../phrases.js';
import { PHRASES, amountOf, digitsForWords, type Quantity, essence, isQuestion } from '../vocabulary.js';
import { terms } from '../../../platform/search/document-index.js';
import { parsedJson } from '../conversation-memory.js';

const LEAD_IN = new RegExp(PHRASES.lead_in, 'i');
/** An expression made of nothing but numbers, signs, brackets and functions, with something to do in it. */
const EXPRESSION =
  /^(?!-?[\d.,]+$)(?!.*\d{4}-\d{2}-\d{2})(?=.*\d)(?=.*(?:[-+*/^%!×÷²³]|\bmod\b|[a-z]\())(?:[\d.,]|(?<=\d)e(?=[+-]?\d)|[-+*/^%!()×÷²³√\s]|\bmod\b|\bof\b|\bpi\b|\b(?:sqrt|cbrt|abs|exp|ln|log|log10|log2|floor|ceil|round|factorial|sin|cos|tan|asin|acos|atan|pow|gcd|lcm|min|max|sum|mean|median|std)(?=\())+$/i;
/** Arithmetic in the middle of a sentence, in any language. */
const EMBEDDED =
  /(?<![\w.-])-?\({0,9}\d[\d.,]{0,300}(?<=\d)%?\){0,9}(?:\s{1,9}[-+*/^×÷]\s{1,9}\({0,9}-?\d[\d.,]{0,300}(?<=\d)%?\){0,9}|\s?[*^×÷]\s?\({0,9}-?\d[\d.,]{0,300}(?<=\d)%?\){0,9}|%\sof\s\d[\d.,]{0,300}(?<=\d)){1,100}(?![\w-])/;
const MONEY = compiled(String.raw`(?<=\d)\s{0,9}CURRENCY|[$€£]\s?(?=\d)`, 'giu');
const SHARE = /\bwhat (?:%|percent(?:age)?)/i;
const ASKS_ARITHMETIC = new RegExp(PHRASES.asks_arithmetic, 'iu');

/** Arithmetic in figures or words, also on what was said before. */
export const calculatorIntent: Intent = (turn) => {
  const { mentioned } = turn.memory;
  const question = rewritten(essence(turn.sentence).replace(LEAD_IN, ''), ELLIPSES);
  if (/^(?:the|my) total$/i.test(question) && mentioned)
    return `The total is ${measured(mentioned.value, mentioned.unit)}.`;
  const resolved = resolveReferences(question, turn.memory);
  const embedded = EMBEDDED.exec(rewritten(turn.sentence.replace(MONEY, '')))?.[0].trim();
  const expression = expressionOf(resolved.text.replace(MONEY, '')) ?? embedded;
  const isDangling = resolved.dangling && ASKS_ARITHMETIC.test(question);
  if (expression === undefined) return isDangling ? PHRASES.nothing_earlier : undefined;
  const unit = SHARE.test(turn.sentence) ? '%' : (resolved.unit ?? resolved.text.match(MONEY)?.[0].trim());
  return withTool(turn, {
    tool: 'calculator',
    input: { expression },
    phrase: ({ formatted, approximate }) =>
      `${expression} = ${approximate === true ? 'about ' : ''}${measured(String(formatted), unit)}.`,
  });
};

function measured(number: string, unit = ''): string {
  return /^[$€£]$/.test(unit) ? `${unit}${number}` : `${number}${unit === '%' ? '' : ' '}${unit}`.trim();
}

const [PURCHASES, ARITHMETIC, ELLIPSES] = (['purchases', 'arithmetic', 'ellipses'] as const).map((name) =>
  PHRASES[name].map(([phrase, expression]) => ({ pattern: compiled(phrase, 'giu'), expression })),
);
const rewritten = (text: string, rules = PURCHASES) =>
  rules?.reduce((result, { pattern, expression }) => result.replace(pattern, expression), text) ?? text;

/** An expression for words such as "15 percent of 80"; undefined for a text that is no arithmetic. */
function expressionOf(text: string): string | undefined {
  const expression = rewritten(rewritten(digitsForWords(text)), ARITHMETIC)
    .replace(/\s+|=$/g, ' ')
    .trim();
  return EXPRESSION.test(expression) ? expression : undefined;
}

const COMPOUND = new RegExp(PHRASES.compound, 'giu');
const phraseReply = replierOf(PHRASES.tools);

/** "Convert 10 km to miles", "and in yards?", "How many days are left until Christmas?" */
export const conversionIntent: Intent = (turn) => {
  const asked = digitsForWords(essence(turn.sentence)).replace(COMPOUND, inOneUnit);
  const { facts, mentioned, source = mentioned } = turn.memory;
  const resolved = resolveReferences(rewritten(asked, ELLIPSES), { facts, mentioned: source }, true);
  return phraseReply(asked, turn) ?? phraseReply(resolved.text, turn);
};

/** "5 feet 11 inches" in feet. */
function inOneUnit(text: string, whole: string, unit: string, rest: string, part: string): string {
  const [from, to] = [parseUnit(part), parseUnit(unit)];
  const more = from && to && convertUnits(Number(rest), from, to);
  return more === undefined ? text : `${Number(whole) + more} ${unit}`;
}

type Known = Pick<Turn['memory'], 'facts' | 'mentioned'>;
const PRONOUN = new RegExp(PHRASES.pronoun, 'giu');

/** Puts numbers in place of what was said before: "15% of my budget" becomes "15% of 1200", "double that" "double 180". */
function resolveReferences(text: string, { facts, mentioned }: Known, withUnits = false) {
  let unit: string | undefined;
  const put = (quantity: Quantity): string => {
    unit ??= quantity.unit;
    return withUnits && quantity.unit ? `${quantity.value} ${quantity.unit}` : quantity.value;
  };
  let resolved = text;
  for (const [key, value] of facts) {
    // Most facts are not spoken of; only those that are cost a pattern.
    const amount = /^[\p{L}\p{N} -]+$/u.test(key) && resolved.toLowerCase().includes(key) ? amountOf(value) : undefined;
    const pattern = amount && new RegExp(`\\b(?:my|the|our) (?:(?:total|whole) )?${key}\\b`, 'giu');
    if (pattern) resolved = resolved.replace(pattern, () => put(amount));
  }
  if (mentioned) resolved = resolved.replace(PRONOUN, () => put(mentioned));
  // A pronoun is left, and nothing is known that it could mean.
  return { text: resolved, unit, dangling: resolved.search(PRONOUN) >= 0 };
}

const ASKED = new RegExp(PHRASES.summarise, 'iu');
const SENTENCES_MAX = 400;
/** Of an earlier message to summarise. */
const TEXT_MIN_LENGTH = 80;

const textReply = replierOf(PHRASES.texts);

/** Counts of a text, always through the tool: counting by eye is what models get wrong. */
export const textStatisticsIntent: Intent = (turn) => textReply(turn.message, turn);

/** Extractive summaries: the sentences that share most words with the whole text, unchanged and in their order. */
export const summaryIntent: Intent = ({ message, memory }) => {
  if (!ASKED.test(message)) return undefined;
  const own = /^[^\n:]{0,200}[:\n]([\s\S]+)$/u.exec(message)?.[1]?.trim();
  const text = own || memory.messages.findLast((earlier) => earlier.length >= TEXT_MIN_LENGTH);
  const sentences = text?.split(/(?<=[.!?])\s+|\n+/u, SENTENCES_MAX);
  if (!sentences) return 'Please give me the text after a colon, for example "Summarise: ...".';
  const counts = new Map<string, number>();
  for (const term of sentences.flatMap(terms)) counts.set(term, (counts.get(term) ?? 0) + 1);
  const scored = sentences.map((sentence, index) => {
    const words = terms(sentence);
    const weight = words.reduce((sum, word) => sum + (counts.get(word) ?? 0), 0);
    return { index, text: sentence.trim(), score: weight / Math.sqrt(words.length + 1) };
  });
  const best = scored.sort((a, b) => b.score - a.score).slice(0, Math.min(3, Math.ceil(sentences.length / 3)));
  best.sort((a, b) => a.index - b.index);
  return best.map(({ text }) => text).join(' ');
};

const SORT = new RegExp(PHRASES.sort, 'iu');
const DESCENDING = new RegExp(PHRASES.descending, 'iu');

/** Sorts the list behind the colon: numbers by value, everything else by the alphabet. */
export const sortingIntent: Intent = ({ message }) => {
  const [, how = '', list] = SORT.exec(message) ?? [];
  if (list === undefined) return undefined;
  const separator = list.trim().includes('\n') ? '\n' : ',';
  const plain = list.split(separator).map((item) => item.replace(/^\s*(?:[-*•]\s|and\b)\s*/i, '').trim());
  const items = plain.map((item) => item.replace(/[.?!]$/, '')).filter((item) => item !== '');
  const areNumbers = items.every((item) => /^-?\d+(?:\.\d+)?$/.test(item));
  items.sort(areNumbers ? (a, b) => Number(a) - Number(b) : new Intl.Collator('en', { numeric: true }).compare);
  if (DESCENDING.test(how)) items.reverse();
  return separator === '\n' ? items.map((item) => `- ${item}`).join('\n') : `${items.join(', ')}.`;
};

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
