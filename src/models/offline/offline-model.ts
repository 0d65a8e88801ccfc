import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamPart,
  LanguageModelV4StreamResult,
  LanguageModelV4Usage,
} from '@ai-sdk/provider';
import { Injectable } from '@nestjs/common';
import { ModelError } from '../model-error.js';
import { type ModelAbilities, ModelProvider } from '../model-provider.js';
import { readStructuredInput } from '../structured-prompt.js';
import { lazily } from '../../platform/async/lazily.js';
import type { Conversation } from './conversation-memory.js';
import type { OfferedTool } from './phrases.js';

export const OFFLINE_MODEL_ID = 'nexus/offline';

/** Turns the input of a structured request into the object that the request's schema describes. Pure and deterministic. */
export type OfflineWriter = (input: unknown) => unknown;

/** What the offline model knows how to write, by the name of the schema that a structured request names. */
@Injectable()
export class OfflineWriters {
  readonly byName = new Map<string, OfflineWriter>();

  /** A second writer under the same name is a programming error and throws. */
  register(name: string, writer: OfflineWriter): void {
    if (this.byName.has(name)) throw new Error(`An offline writer named "${name}" is already registered`);
    this.byName.set(name, writer);
  }
}

/** Its phrases, dates and units take memory that a process with another model never needs. */
const loadRules = lazily(async () => ({
  ...(await import('./conversation-answer.js')),
  ...(await import('./conversation-memory.js')),
}));

type Content = Extract<LanguageModelV4GenerateResult['content'][number], { type: 'text' | 'tool-call' }>;

/**
 * The platform's model without a network: rules instead of learned weights, so the same request always gets the same
 * answer. It does arithmetic, dates, units, text and look-ups through the tools it is offered, remembers the
 * conversation, writes structured output through registered writers, and says plainly what it cannot do.
 */
export class OfflineModel implements LanguageModelV4 {
  readonly specificationVersion = 'v4';
  readonly provider = 'offline';
  readonly modelId = OFFLINE_MODEL_ID;
  readonly supportedUrls = {};

  constructor(private readonly writers: OfflineWriters) {}

  async doGenerate(options: LanguageModelV4CallOptions): Promise<LanguageModelV4GenerateResult> {
    options.abortSignal?.throwIfAborted();
    const [content, unified] = await this.answer(options);
    const usage = estimateUsage(options, content.type === 'text' ? content.text : content.toolName + content.input);
    const response = { modelId: this.modelId };
    return { content: [content], finishReason: { unified, raw: undefined }, usage, warnings: [], response };
  }

  /** Streams word by word, as a real model does. An abort ends the stream with its reason. */
  async doStream(options: LanguageModelV4CallOptions): Promise<LanguageModelV4StreamResult> {
    const { content, finishReason, usage, warnings } = await this.doGenerate(options);
    const parts: LanguageModelV4StreamPart[] = [
      { type: 'stream-start', warnings },
      { type: 'response-metadata', modelId: this.modelId },
      ...content.flatMap(partsOf),
      { type: 'finish', finishReason, usage },
    ];
    const ended = options.abortSignal ? { signal: options.abortSignal } : {};
    return { stream: ReadableStream.from(parts).pipeThrough(new TransformStream(), ended) };
  }

  private async answer(options: LanguageModelV4CallOptions): Promise<[Content, 'stop' | 'length' | 'tool-calls']> {
    const { answerConversation, readPrompt } = await loadRules();
    const { prompt, responseFormat, maxOutputTokens = Infinity } = options;
    const conversation = readPrompt(prompt);
    if (responseFormat?.type === 'json')
      return [{ type: 'text', text: this.structured(conversation, responseFormat.name) }, 'stop'];
    const answer = answerConversation(conversation, offeredTools(options));
    if (answer.type === 'call') {
      const place = conversation.earlier.length === 0 ? '' : `${conversation.earlier.length}_`;
      const toolCallId = `call_${place}${answer.index + 1}`;
      const call = { toolCallId, toolName: answer.tool, input: JSON.stringify(answer.input) };
      return [{ type: 'tool-call', ...call }, 'tool-calls'];
    }
    const { text } = answer;
    if (tokensOf(text) <= maxOutputTokens) return [{ type: 'text', text }, 'stop'];
    // The last word may be cut.
    const words = text.slice(0, maxOutputTokens * CHARACTERS_PER_TOKEN).split(/(?=\s)/);
    return [{ type: 'text', text: words.slice(0, -1).join('').trimEnd() }, 'length'];
  }

  /** The document of the writer that is registered under the name of the schema. Throws {@link ModelError} without one. */
  private structured({ earlier, latest }: Conversation, name = 'unnamed output'): string {
    const { byName } = this.writers;
    const writer = byName.get(name);
    const known = [...byName.keys()].sort().join(', ') || 'none';
    if (!writer) throw new ModelError(`The offline model has no writer for "${name}". Known: ${known}.`);
    const asked = earlier.flatMap(({ role, text }) => (role === 'user' ? [text] : []));
    const input = readStructuredInput([...asked, latest].join('\n'));
    if (input === undefined) throw new ModelError(`The structured request "${name}" carries no input block.`);
    return JSON.stringify(writer(input));
  }
}

function partsOf(part: LanguageModelV4GenerateResult['content'][number]): LanguageModelV4StreamPart[] {
  if (part.type !== 'text') return part.type === 'tool-call' ? [part] : [];
  const words = part.text.trim() === '' ? [] : part.text.split(/(?<=\S)(?=\s+\S)/);
  const deltas = words.map((delta) => ({ type: 'text-delta' as const, id: '1', delta }));
  return [{ type: 'text-start', id: '1' }, ...deltas, { type: 'text-end', id: '1' }];
}

function offeredTools({ tools = [], toolChoice }: LanguageModelV4CallOptions): Map<string, OfferedTool> {
  const usable = tools.flatMap((tool) => (tool.type === 'function' && toolChoice?.type !== 'none' ? [tool] : []));
  return new Map(usable.map((tool) => [tool.name, tool]));
}

/** The usual rule of thumb for English text, since the offline model has no tokenizer. */
const CHARACTERS_PER_TOKEN = 4;
const tokensOf = (text: string): number => Math.ceil(text.length / CHARACTERS_PER_TOKEN);

/** Counts the prompt and the offered tools as input, as providers do, and what was written as output. */
function estimateUsage({ prompt, tools }: LanguageModelV4CallOptions, written: string): LanguageModelV4Usage {
  const [input, output] = [tokensOf(JSON.stringify(prompt)) + tokensOf(JSON.stringify(tools ?? '')), tokensOf(written)];
  return {
    inputTokens: { total: input, noCache: input, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: output, text: output, reasoning: 0 },
  };
}

/** `MODEL_PROVIDER=offline`: needs no key and no network. */
@Injectable()
export class OfflineProvider extends ModelProvider {
  override readonly name = 'offline';
  override readonly defaultModelId = OFFLINE_MODEL_ID;

  constructor(private readonly writers: OfflineWriters) {
    super();
  }

  override serves(modelId: string): boolean {
    return modelId === OFFLINE_MODEL_ID;
  }

  /** Rules read no images, fill no foreign schema and cannot be made to call a tool. */
  override abilities(): ModelAbilities {
    return { images: false, image_urls: false, answer_formats: false, tool_choice: false };
  }

  override languageModel(): LanguageModelV4 {
    return new OfflineModel(this.writers);
  }
}
