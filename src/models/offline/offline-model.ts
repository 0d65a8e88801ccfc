import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4FinishReason,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamPart,
  LanguageModelV4StreamResult,
  LanguageModelV4Usage,
  LanguageModelV4Content,
  LanguageModelV4Prompt,
} from '@ai-sdk/provider';
import { Injectable } from '@nestjs/common';
import { answerConversation } from './conversation-answer.js';
import type { OfferedTool } from './intent.js';
import { OfflineWriters } from './offline-writers.js';
import { readPrompt } from './prompt-reader.js';
import { ModelError } from '../model-error.js';
import { readStructuredInput } from '../structured-prompt.js';
import { type ModelAbilities, ModelProvider } from '../model-provider.js';

export const OFFLINE_MODEL_ID = 'nexus/offline';

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
    const { content, finish, written } = this.answer(options);
    return {
      content: [content],
      finishReason: finish,
      usage: estimateUsage(options, written),
      warnings: [],
      response: { modelId: this.modelId },
    };
  }

  /** Streams word by word, so that clients meet the same sequence of parts as with a real model. */
  async doStream(options: LanguageModelV4CallOptions): Promise<LanguageModelV4StreamResult> {
    options.abortSignal?.throwIfAborted();
    const { content, finish, written } = this.answer(options);
    const head: LanguageModelV4StreamPart[] = [
      { type: 'stream-start', warnings: [] },
      { type: 'response-metadata', modelId: this.modelId },
    ];
    const tail: LanguageModelV4StreamPart = {
      type: 'finish',
      finishReason: finish,
      usage: estimateUsage(options, written),
    };
    return { stream: streamOf(head, content, tail, options.abortSignal) };
  }

  private answer(options: LanguageModelV4CallOptions): {
    content: OfflineContent;
    finish: LanguageModelV4FinishReason;
    written: string;
  } {
    if (options.responseFormat?.type === 'json')
      return text(answerStructured(options.prompt, options.responseFormat.name, this.writers));
    const conversation = readPrompt(options.prompt);
    const answer = answerConversation(conversation, offeredTools(options));
    if (answer.type === 'text') return text(answer.text, options.maxOutputTokens);
    const input = JSON.stringify(answer.input);
    const content = {
      type: 'tool-call' as const,
      toolCallId: callId(conversation.earlier.length, answer.index),
      toolName: answer.tool,
      input,
    };
    return { content, finish: { unified: 'tool-calls', raw: undefined }, written: answer.tool + input };
  }
}

/** Unique within a conversation. */
function callId(earlierMessages: number, index: number): string {
  return earlierMessages === 0 ? `call_${index + 1}` : `call_${earlierMessages}_${index + 1}`;
}

/** Cut at the last whole word within the limit, as the finish reason then says. */
function text(
  full: string,
  maxTokens = Infinity,
): { content: OfflineContent; finish: LanguageModelV4FinishReason; written: string } {
  const fits = estimateTokens(full) <= maxTokens;
  const written = fits ? full : wholeWords(full.slice(0, maxTokens * 4));
  return {
    content: { type: 'text', text: written },
    finish: { unified: fits ? 'stop' : 'length', raw: undefined },
    written,
  };
}

/** Without the last word, which may be cut. */
function wholeWords(text: string): string {
  return text
    .split(/(?=\s)/)
    .slice(0, -1)
    .join('')
    .trimEnd();
}

function offeredTools({ tools = [], toolChoice }: LanguageModelV4CallOptions): Map<string, OfferedTool> {
  if (toolChoice?.type === 'none') return new Map();
  const usable = tools.flatMap((tool) => (tool.type === 'function' ? [tool] : []));
  return new Map(
    usable.map(({ name, description = '', inputSchema }) => [name, { name, description, input_schema: inputSchema }]),
  );
}

/** The usual rule of thumb for English text: four characters a token. */
const CHARACTERS_PER_TOKEN = 4;

/** Tokens of a text, rounded up: an estimate by length, since the offline model has no tokenizer. */
function estimateTokens(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}

/** Counts the prompt and the offered tools as input, as providers do, and what was written as output. */
function estimateUsage(options: LanguageModelV4CallOptions, written: string): LanguageModelV4Usage {
  const input = estimateTokens(JSON.stringify(options.prompt)) + estimateTokens(JSON.stringify(options.tools ?? ''));
  const output = estimateTokens(written);
  return {
    inputTokens: { total: input, noCache: input, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: output, text: output, reasoning: 0 },
  };
}

/** What the offline model answers with. */
type OfflineContent = Extract<LanguageModelV4Content, { type: 'text' | 'tool-call' }>;

/** The parts of an answer in order, one per pull, so that nothing is produced faster than it is read. An abort ends the stream with its reason. */
function streamOf(
  head: LanguageModelV4StreamPart[],
  content: OfflineContent,
  tail: LanguageModelV4StreamPart,
  signal?: AbortSignal,
): ReadableStream<LanguageModelV4StreamPart> {
  const parts = [...head, ...partsOf(content), tail].values();
  return new ReadableStream({
    pull(controller) {
      if (signal?.aborted) return controller.error(signal.reason);
      const next = parts.next();
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
  });
}

function partsOf(content: OfflineContent): LanguageModelV4StreamPart[] {
  if (content.type === 'text') {
    const words = content.text.trim() === '' ? [] : content.text.split(/(?<=\S)(?=\s+\S)/);
    return [
      { type: 'text-start', id: '1' },
      ...words.map((delta) => ({ type: 'text-delta' as const, id: '1', delta })),
      { type: 'text-end', id: '1' },
    ];
  }
  const { toolCallId: id, toolName, input } = content;
  return [
    { type: 'tool-input-start', id, toolName },
    { type: 'tool-input-delta', id, delta: input },
    { type: 'tool-input-end', id },
    content,
  ];
}

/** Answers a structured request through the writer that is registered under its name. Throws {@link ModelError} without one. */
function answerStructured(prompt: LanguageModelV4Prompt, name: string | undefined, writers: OfflineWriters): string {
  const writer = name === undefined ? undefined : writers.find(name);
  if (!writer)
    throw new ModelError(
      `The offline model has no writer for "${name ?? 'unnamed output'}". Known: ${writers.names().join(', ') || 'none'}.`,
    );
  const { earlier, latest } = readPrompt(prompt);
  const asked = earlier.flatMap(({ role, text }) => (role === 'user' ? [text] : []));
  const input = readStructuredInput([...asked, latest].join('\n'));
  if (input === undefined) throw new ModelError(`The structured request "${name}" carries no input block.`);
  return JSON.stringify(writer(input));
}

/** `MODEL_PROVIDER=offline`: needs no key and no network. */
@Injectable()
export class OfflineProvider extends ModelProvider {
  override readonly name = 'offline';
  override readonly defaultModelId = OFFLINE_MODEL_ID;
  private readonly model: OfflineModel;

  constructor(writers: OfflineWriters) {
    super();
    this.model = new OfflineModel(writers);
  }

  override serves(modelId: string): boolean {
    return modelId === OFFLINE_MODEL_ID;
  }

  /** Rules read no images, fill no foreign schema and cannot be made to call a tool. */
  override abilities(): ModelAbilities {
    return { images: false, image_urls: false, answer_formats: false, tool_choice: false };
  }

  override languageModel(): LanguageModelV4 {
    return this.model;
  }
}
