import type { LanguageModelV4, JSONSchema7 } from '@ai-sdk/provider';
import { generateText, jsonSchema, type ModelMessage, NoObjectGeneratedError, Output } from 'ai';
import { z } from 'zod';
import { addUsage, NO_USAGE, type Usage } from '../shared/usage.js';
import { DomainError } from '../shared/domain-error.js';
import { ModelError } from './model-error.js';
import { usageOf } from './model-provider.js';
import { providerFailure } from './remote/provider-failure.js';
import { writeStructuredPrompt } from './structured-prompt.js';

export interface StructuredRequest<T> {
  /** Name of the schema; the offline model finds its writer by it. */
  name: string;
  schema: z.ZodType<T>;
  system: string;
  instructions: string;
  /** JSON value that the model works on. It is passed as data, see {@link writeStructuredPrompt}. */
  input: unknown;
  model_id?: string | null;
  signal?: AbortSignal;
  /** Counts the calls of the model on budgets. */
  meter?: (model: LanguageModelV4) => LanguageModelV4;
  /** Told why the first answer was not usable, before the model is asked to mend it. */
  onRepair?: (problem: string) => void;
}

/** How much of a bad answer and of what is wrong with it goes back to the model. */
const SHOWN_ANSWER_MAX = 60_000;
const SHOWN_PROBLEM_MAX = 2_000;

/** One object of a schema from one model: asked for, and once mended when the first answer does not fit. */
export class StructuredGeneration<T> {
  usage: Usage = NO_USAGE;

  constructor(
    private readonly model: LanguageModelV4,
    private readonly request: StructuredRequest<T>,
  ) {}

  /** @throws ModelError that carries the tokens of all tries in `usage`. */
  async run(): Promise<T> {
    const { instructions, input } = this.request;
    const messages: ModelMessage[] = [{ role: 'user', content: writeStructuredPrompt(instructions, input) }];
    try {
      return await this.ask(messages);
    } catch (error) {
      if (!NoObjectGeneratedError.isInstance(error) || faultOf(error) !== 'malformed') throw this.failureOf(error);
      return await this.mend(messages, error);
    }
  }

  private async mend(messages: ModelMessage[], bad: NoObjectGeneratedError): Promise<T> {
    const problem = problemOf(bad);
    this.request.onRepair?.(problem);
    const answer = bad.text?.slice(0, SHOWN_ANSWER_MAX) ?? '';
    try {
      return await this.ask([
        ...messages,
        ...(answer === '' ? [] : [{ role: 'assistant' as const, content: answer }]),
        {
          role: 'user',
          content: `That answer cannot be used: ${problem}\n\nAnswer again with the complete, corrected JSON object and nothing else.`,
        },
      ]);
    } catch (error) {
      throw this.failureOf(error);
    }
  }

  private async ask(messages: ModelMessage[]): Promise<T> {
    const { schema, name, system, signal } = this.request;
    try {
      const result = await generateText({
        model: this.model,
        instructions: system,
        messages,
        output: Output.object({ schema: wireSchema(schema), name }),
        // Tries are the provider's own affair: it knows Retry-After and when to leave off.
        maxRetries: 0,
        ...(signal ? { abortSignal: signal } : {}),
      });
      const { output } = result;
      this.usage = addUsage(this.usage, usageOf(result.usage));
      return output;
    } catch (error) {
      if (NoObjectGeneratedError.isInstance(error) && error.usage)
        this.usage = addUsage(this.usage, usageOf(error.usage));
      throw error;
    }
  }

  private failureOf(error: unknown): unknown {
    const { signal, name } = this.request;
    if (signal?.aborted === true) return signal.reason;
    // A budget refused the call: the model was not asked.
    if (error instanceof DomainError && !(error instanceof ModelError)) return error;
    const called = { provider: this.model.provider, model: this.model.modelId };
    if (!NoObjectGeneratedError.isInstance(error)) {
      const known = providerFailure(error, called);
      known.usage = this.usage;
      return known;
    }
    const fault = faultOf(error);
    const what = fault === 'malformed' ? `the answer does not match the schema: ${problemOf(error)}` : SAYINGS[fault];
    return new ModelError(`The model ${called.model} could not write "${name}": ${what}`, {
      fault,
      details: { name, ...called },
      usage: this.usage,
      cause: error,
    });
  }
}

const SAYINGS = { refusal: 'it declined', truncated: 'the answer was cut off at the output token limit' };

function faultOf({ finishReason }: NoObjectGeneratedError): 'malformed' | 'refusal' | 'truncated' {
  if (finishReason === 'content-filter') return 'refusal';
  return finishReason === 'length' ? 'truncated' : 'malformed';
}

/** What was wrong with the answer, in words that a model can act upon. */
function problemOf({ cause, text: answer }: NoObjectGeneratedError): string {
  if (answer?.trim() === '') return 'it is empty';
  const inner = cause instanceof Error && cause.cause instanceof z.ZodError ? cause.cause : cause;
  const text = inner instanceof z.ZodError ? z.prettifyError(inner) : 'it is not one JSON object';
  return text.slice(0, SHOWN_PROBLEM_MAX);
}

/** The schema as providers take it; the answer is held against the zod schema with all its bounds. */
function wireSchema<T>(schema: z.ZodType<T>) {
  return jsonSchema<T>(portableSchema(schema), {
    validate: (value) => {
      const parsed = schema.safeParse(value);
      return parsed.success ? { success: true, value: parsed.data } : { success: false, error: parsed.error };
    },
  });
}

type Node = Record<string, unknown>;

/** Keywords that strict JSON modes of providers refuse, with what they say in words. */
const IN_WORDS: Readonly<Record<string, (value: unknown) => string>> = {
  minLength: (value) => `at least ${String(value)} characters`,
  maxLength: (value) => `at most ${String(value)} characters`,
  pattern: (value) => `matches ${String(value)}`,
  format: (value) => `format ${String(value)}`,
  minimum: (value) => `at least ${String(value)}`,
  maximum: (value) => `at most ${String(value)}`,
  exclusiveMinimum: (value) => `more than ${String(value)}`,
  exclusiveMaximum: (value) => `less than ${String(value)}`,
  minItems: (value) => `at least ${String(value)} items`,
  maxItems: (value) => `at most ${String(value)} items`,
};
const DROPPED: ReadonlySet<string> = new Set(['$schema', 'default']);
/** The bounds of a safe integer say nothing to a model. */
const isNoBound = (value: unknown): boolean => Math.abs(Number(value)) === Number.MAX_SAFE_INTEGER;

/**
 * The JSON Schema that a provider gets: objects are closed and name all their properties as required, as strict modes
 * want it; bounds stand in the descriptions. The answer is checked against the zod schema itself.
 */
export function portableSchema(schema: z.ZodType): JSONSchema7 {
  return portable(z.toJSONSchema(schema, { target: 'draft-7', io: 'input' })) as JSONSchema7;
}

function portable(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(portable);
  if (typeof node !== 'object' || node === null) return node;
  const words: string[] = [];
  const kept: Node = {};
  for (const [key, value] of Object.entries(node)) {
    const say = IN_WORDS[key];
    if (DROPPED.has(key)) continue;
    if (say === undefined) kept[key] = key === 'properties' ? portableProperties(value as Node) : portable(value);
    else if (!isNoBound(value)) words.push(say(value));
  }
  if (words.length > 0) kept['description'] = described(kept['description'], words);
  if (kept['type'] === 'object' && kept['properties'])
    Object.assign(kept, { additionalProperties: false, required: Object.keys(kept['properties']) });
  return kept;
}

function described(description: unknown, words: readonly string[]): string {
  return typeof description === 'string' ? `${description}; ${words.join(', ')}` : words.join(', ');
}

/** Names of properties are no keywords. */
function portableProperties(properties: Node): Node {
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, portable(value)]));
}
