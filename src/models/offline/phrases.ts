import type { LanguageModelV4FunctionTool } from '@ai-sdk/provider';
import type { ConversationMemory } from './conversation-memory.js';
import { dateInWords, timeInWords } from '../../shared/date-words.js';
import { parseUnit } from '../../shared/units.js';
import { type Phrase, PHRASES } from './vocabulary.js';

/** A tool that the request offers to the model. */
export type OfferedTool = Pick<LanguageModelV4FunctionTool, 'name' | 'description' | 'inputSchema'>;

/** What a rule may look at: one sentence of the latest message (or all of it) and everything known about the conversation. */
export interface Turn {
  sentence: string;
  message: string;
  /** The instructions of the agent. */
  system: string;
  memory: ConversationMemory;
  tools: ReadonlyMap<string, OfferedTool>;
}

export interface ToolReply {
  tool: string;
  input: Record<string, unknown>;
  /** The answer, given what the tool returned. */
  phrase(output: Record<string, unknown>): string;
}

/** A rule of the offline model: answers what it recognises, by a text or a tool, and is undefined for everything else. Pure. */
export type Intent = (turn: Turn) => string | ToolReply | undefined;

/** A call of the tool, or an honest answer when this agent does not have it. */
export function withTool({ tools }: Turn, call: ToolReply): string | ToolReply {
  const refusal = `I would need the tool "${call.tool}" for that, and this agent does not have it, so I will not guess.`;
  return tools.has(call.tool) ? call : refusal;
}

/** What stands for a pattern, as a tool takes it. Undefined for a text that only looks like one. */
const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  NUMBER: (text) => (/^an?$/i.test(text) ? 1 : Number(text.replaceAll(',', ''))),
  UNIT: (text) => (parseUnit(text) ? text : undefined),
  DATE: dateInWords,
  CLOCK: timeInWords,
  SPAN: (text) => (/business|working/i.test(text) ? 'business_days' : text.toLowerCase().replace(/s?$/, 's')),
  HOURS: (text) => text.toLowerCase().replace(/s?$/, 's'),
  TEXT: (text) => /["“:\n]\s*["“]?([^"“”]+|[\s\S]+)/.exec(text)?.[1]?.trim(),
};
const readerOf = (name: string) => READERS[name.replace('_2', '')] ?? String;

const NAMES = new RegExp(String.raw`(?<![\\{<])\b(?:${Object.keys(PHRASES.patterns).join('|')})(?:_2)?\b`, 'g');

/** The pattern of a phrase. `keeps` makes a group of what stands for each name. */
export function compiled(phrase: string, flags: string, keeps = false): RegExp {
  const pattern = phrase.replace(NAMES, (name) => {
    const inner = compiled(PHRASES.patterns[name.replace('_2', '')] ?? '', 'u', keeps).source;
    return keeps ? `(?<${name}>${inner})` : `(?:${inner})`;
  });
  return new RegExp(pattern, flags);
}

/** Finds the first phrase with which a text ends, with the words that stand for its patterns. */
export function matcherOf(phrases: readonly Phrase[]) {
  const known = phrases.flatMap((phrase) =>
    phrase.say.map((say) => [phrase, compiled(String.raw`(?<![\p{L}\d.,-])(?:${say})[?!.]*$`, 'iu', true)] as const),
  );
  return (text: string): (Phrase & { words: Record<string, string | undefined> }) | undefined => {
    for (const [phrase, pattern] of known) {
      const match = pattern.exec(text);
      const words: Record<string, string | undefined> = match?.groups ?? {};
      const isRead = Object.entries(words).every(([name, word]) => !word || readerOf(name)(word) !== undefined);
      if (match && isRead) return { ...phrase, words };
    }
    return undefined;
  };
}

/** Answers a text by the first phrase that fits, with a call of its tool if it names one. */
export function replierOf(phrases: readonly Phrase[]): (text: string, turn: Turn) => ReturnType<Intent> {
  const find = matcherOf(phrases);
  return (text, turn) => {
    const { tool, answer = '', words = {}, input = {} } = find(text) ?? {};
    if (tool === undefined) return answer || undefined;
    const given = Object.entries(input).flatMap(([key, template]): [string, unknown][] => {
      const [, sign, name = ''] = /^(-?)([A-Z]+(?:_2)?)$/.exec(String(template)) ?? [];
      if (sign === undefined) return [[key, template]];
      const value = words[name] === undefined ? undefined : readerOf(name)(words[name]);
      return value === undefined ? [] : [[key, sign === '-' ? -Number(value) : value]];
    });
    const phrase = (output: Record<string, unknown>): string =>
      answer.replace(/\{(\w+)\}/g, (_, name: string) => words[name] ?? written(output[name]));
    return withTool(turn, { tool, input: Object.fromEntries(given), phrase });
  };
}

/** Moments are shown as days, numbers with separated thousands and at most 10 significant digits. */
function written(value: unknown): string {
  if (typeof value === 'number') return value.toLocaleString('en-US', { maximumSignificantDigits: 10 });
  return String(value)
    .replace(/(?<=^\d{4}-\d{2}-\d{2})T.*|_/, ' ')
    .trim();
}
