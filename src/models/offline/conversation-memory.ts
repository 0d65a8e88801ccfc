import { factKey, factsIn, type Fact } from './facts.js';
import type { SpokenMessage } from './prompt-reader.js';
import { amountOf, conversionSourceOf, type Quantity, resultOf } from './quantity.js';
import { sentencesOf } from './sentences.js';

const STATE_START = '<session_state>\n';
const STATE_END = '\n</session_state>';
/** The end of an answer, where its result stands. */
const ANSWER_READ_CHARACTERS = 20_000;

/** What has been said so far: facts of the user, results of the agent, and the messages themselves. Later facts replace earlier ones. */
export class ConversationMemory {
  readonly userMessages: string[] = [];
  readonly answers: string[] = [];
  private readonly known = new Map<string, string>();
  private result: Quantity | undefined;
  private converted: Quantity | undefined;
  private mentioned: Quantity | undefined;

  static of(system: string, earlier: readonly SpokenMessage[]): ConversationMemory {
    const memory = new ConversationMemory();
    for (const [key, value] of Object.entries(sessionState(system))) {
      if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
        memory.known.set(factKey(key), String(value));
    }
    for (const { role, text } of earlier) {
      if (role === 'assistant') memory.noteAnswer(text);
      else memory.noteMessage(text);
    }
    return memory;
  }

  noteMessage(text: string): void {
    this.userMessages.push(text);
    for (const sentence of sentencesOf(text)) this.learn(factsIn(sentence));
  }

  noteAnswer(text: string): void {
    this.answers.push(text);
    const read = text.slice(-ANSWER_READ_CHARACTERS);
    const result = resultOf(read);
    this.result = result ?? this.result;
    this.mentioned = result ?? this.mentioned;
    this.converted = conversionSourceOf(read) ?? this.converted;
  }

  learn(facts: readonly Fact[]): void {
    for (const { key, value } of facts) {
      this.known.set(key, value);
      this.mentioned = amountOf(value) ?? this.mentioned;
    }
  }

  fact(key: string): string | undefined {
    return this.known.get(factKey(key));
  }

  get facts(): Fact[] {
    return [...this.known].map(([key, value]) => ({ key, value }));
  }

  /** The number that "that" means: the last result or amount that was spoken of. */
  get lastMentioned(): Quantity | undefined {
    return this.mentioned;
  }

  get lastResult(): Quantity | undefined {
    return this.result;
  }

  /** What "and in miles?" converts. */
  get lastConversionSource(): Quantity | undefined {
    return this.converted;
  }
}

function sessionState(system: string): Record<string, unknown> {
  const start = system.indexOf(STATE_START) + STATE_START.length;
  const end = system.lastIndexOf(STATE_END);
  if (start < STATE_START.length || end < start) return {};
  const json = system.slice(start, end);
  try {
    const state: unknown = JSON.parse(json);
    return typeof state === 'object' && state !== null ? { ...state } : {};
  } catch {
    return {};
  }
}
