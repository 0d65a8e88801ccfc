import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4FinishReason,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamPart,
  LanguageModelV4StreamResult,
} from '@ai-sdk/provider';
import { answerConversation } from './conversation-answer.js';
import type { OfferedTool } from './intent.js';
import type { OfflineWriters } from './offline-writers.js';
import { readPrompt } from './prompt-reader.js';
import { answerStructured } from './structured-answer.js';
import { type OfflineContent, streamOf } from './text-stream.js';
import { estimateTokens, estimateUsage } from './token-estimate.js';

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
    const answer = answerConversation(readPrompt(options.prompt), offeredTools(options));
    if (answer.type === 'text') return text(answer.text, options.maxOutputTokens);
    const input = JSON.stringify(answer.input);
    const content = {
      type: 'tool-call' as const,
      toolCallId: `call_${answer.index + 1}`,
      toolName: answer.tool,
      input,
    };
    return { content, finish: { unified: 'tool-calls', raw: undefined }, written: answer.tool + input };
  }
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
