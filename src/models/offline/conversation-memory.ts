import type { LanguageModelV4Message, LanguageModelV4Prompt } from '@ai-sdk/provider';
import { PHRASES, amountOf, type Quantity, resultOf, essence, isQuestion, sentencesOf } from './vocabulary.js';

/** Undefined for a text that is no JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** What a tool answered to a call of this turn. */
export type ToolOutcome = { value: unknown } | { error: string };

/** A prompt as the offline model sees it. */
export interface Conversation {
  system: string;
  /** Everything said before the latest message of the user, oldest first. */
  earlier: readonly { role: 'user' | 'assistant'; text: string }[];
  latest: string;
  /** Results of the calls made since the latest message, in the order of the calls. */
  outcomes: ToolOutcome[];
}

export function readPrompt(prompt: LanguageModelV4Prompt): Conversation {
  const lastUser = prompt.findLastIndex(({ role }) => role === 'user');
  return {
    system: prompt.flatMap((message) => (message.role === 'system' ? [message.content] : [])).join('\n\n'),
    earlier: prompt.slice(0, Math.max(0, lastUser)).flatMap(spoken),
    latest: prompt.slice(lastUser).flatMap(spoken)[0]?.text ?? '',
    outcomes: prompt.slice(lastUser + 1).flatMap(outcomesOf),
  };
}

function spoken({ role, content }: LanguageModelV4Message): Conversation['earlier'] {
  if (role !== 'user' && role !== 'assistant') return [];
  const text = content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
  return text === '' ? [] : [{ role, text }];
}

function outcomesOf({ role, content }: LanguageModelV4Message): ToolOutcome[] {
  const results = role === 'tool' ? content.flatMap((part) => (part.type === 'tool-result' ? [part.output] : [])) : [];
  return results.map((output) => {
    if (output.type === 'execution-denied') return { error: output.reason ?? 'the call was not allowed' };
    if (!output.type.startsWith('error')) return { value: output.value };
    return { error: typeof output.value === 'string' ? output.value : JSON.stringify(output.value) };
  });
}

const [STATE_START, STATE_END] = ['<session_state>\n', '\n</session_state>'] as const;
/** The end of an answer, where its result stands. */
const ANSWER_READ_CHARACTERS = 20_000;

/** What has been said so far: facts of the user, results of the agent, and the messages themselves. Later facts replace earlier ones. */
export class ConversationMemory {
  /** What the user wrote before the latest message, oldest first. */
  readonly messages: string[] = [];
  readonly answers: string[] = [];
  /** By their keys as {@link factKey} writes them. */
  readonly facts = new Map<string, string>();
  /** The number that "that" means: the last result or amount that was spoken of. */
  mentioned: Quantity | undefined;
  /** What "and in miles?" converts. */
  source: Quantity | undefined;

  constructor(system: string, earlier: Conversation['earlier']) {
    for (const [key, value] of Object.entries(sessionState(system)))
      if (['string', 'number', 'boolean'].includes(typeof value)) this.facts.set(factKey(key), String(value));
    for (const { role, text } of earlier) {
      if (role === 'assistant') this.noteAnswer(text);
      else {
        this.messages.push(text);
        sentencesOf(text).forEach((sentence) => this.learn(sentence));
      }
    }
  }

  noteAnswer(text: string): void {
    this.answers.push(text);
    const { result, source } = resultOf(text.slice(-ANSWER_READ_CHARACTERS));
    if (result) [this.mentioned, this.source] = [result, source];
  }

  learn(sentence: string): void {
    for (const [key, value] of factsIn(sentence)) {
      this.facts.set(key, value);
      const amount = amountOf(value);
      if (amount) [this.mentioned, this.source] = [amount, undefined];
    }
  }
}

function sessionState(system: string): object {
  const [start, end] = [system.indexOf(STATE_START), system.lastIndexOf(STATE_END)];
  const state = start < 0 || end < start ? undefined : parsedJson(system.slice(start + STATE_START.length, end));
  return typeof state === 'object' && state !== null ? state : {};
}

/** "I am Ada": only the capital tells a name. */
const FACTS = [new RegExp(PHRASES.named, 'u'), ...PHRASES.facts.map((phrase) => new RegExp(phrase, 'iu'))];

/** What a sentence states of the user: "budget" is "1200 euros". A question states nothing. */
export function factsIn(sentence: string): [key: string, value: string][] {
  const clauses = isQuestion(sentence) ? [] : sentence.split(/(?:,?\s{1,9}and|,)\s{1,9}(?=(?:my|i|i['’]m)\s)/iu);
  return clauses.flatMap((clause) => {
    const told = essence(clause);
    const groups = FACTS.map((pattern) => pattern.exec(told)?.groups).find((found) => found !== undefined);
    return groups ? [[factKey(groups['key'] ?? 'name'), groups['value']?.trim() ?? '']] : [];
  });
}

/** How keys are compared: "My Favourite_Color" is "favorite color". */
export function factKey(text: string): string {
  const key = text.trim().toLowerCase().replaceAll('_', ' ').replace(/\s+/g, ' ');
  return key.replaceAll('ourite', 'orite').replaceAll('colour', 'color');
}
