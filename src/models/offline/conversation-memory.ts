import { parsedJson } from '../../shared/parsed-json.js';
import { PHRASES } from './vocabulary.js';
import type { Conversation } from './prompt-reader.js';
import { amountOf, type Quantity, resultOf } from './quantity.js';
import { essence, isQuestion, sentencesOf } from './sentences.js';

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
