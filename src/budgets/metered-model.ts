import type { LanguageModelV4, LanguageModelV4CallOptions, LanguageModelV4GenerateResult } from '@ai-sdk/provider';
import { callUsage as usageOf } from '../models/model-provider.js';
import { partsOf, StreamedModel, type StreamPart } from '../models/streamed-model.js';
import type { Usage } from '../shared/usage.js';

/** What a call holds on budgets until it has ended. */
export interface Held {
  settle(usage: Usage): Promise<void>;
  /** The call did not happen. */
  release(): Promise<void>;
}

/** A call that names no limit of its output is expected to write so many tokens at most. */
export const UNSTATED_OUTPUT_TOKENS = 16_384;
/** The largest number of tokens that common models count for one image. */
const IMAGE_TOKENS = 5_000;
const BYTES_PER_TOKEN = 4;

/** The same model. Each of its calls takes its cost from budgets before it is made. */
export class MeteredModel extends StreamedModel {
  override readonly provider: string;
  override readonly modelId: string;
  override readonly supportedUrls: LanguageModelV4['supportedUrls'];

  /** @param hold undefined when no budget applies; throws when a budget does not cover the call */
  constructor(
    private readonly model: LanguageModelV4,
    private readonly hold: (modelId: string, most: () => Usage) => Promise<Held | undefined>,
  ) {
    super();
    this.provider = model.provider;
    this.modelId = model.modelId;
    this.supportedUrls = model.supportedUrls;
  }

  override async doGenerate(options: LanguageModelV4CallOptions): Promise<LanguageModelV4GenerateResult> {
    const held = await this.hold(this.modelId, () => usageAtMost(options));
    if (!held) return this.model.doGenerate(options);
    const result = await releasedOnFailure(held, this.model.doGenerate(options));
    await held.settle(usageOf(result.usage));
    return result;
  }

  override async parts(options: LanguageModelV4CallOptions): Promise<AsyncIterable<StreamPart>> {
    const held = await this.hold(this.modelId, () => usageAtMost(options));
    if (!held) return partsOf(this.model, options);
    const parts = await releasedOnFailure(held, partsOf(this.model, options));
    return settledStream(parts, held, usageAtMost(options).input_tokens);
  }
}

async function releasedOnFailure<T>(held: Held, call: PromiseLike<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    await held.release();
    throw error;
  }
}

/**
 * The most that a call can use. A token is at least one byte of text, so the size of the input in bytes bounds its tokens,
 * whatever the tokenizer.
 */
export function usageAtMost({ prompt, tools, responseFormat, maxOutputTokens }: LanguageModelV4CallOptions): Usage {
  let images = 0;
  const text = JSON.stringify([prompt, tools, responseFormat], (_name, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('type' in value) || value.type !== 'file') return value;
    images += 1;
    return undefined;
  });
  return {
    input_tokens: Buffer.byteLength(text) + images * IMAGE_TOKENS,
    output_tokens: maxOutputTokens ?? UNSTATED_OUTPUT_TOKENS,
  };
}

/** Settles before the end of the answer is read. A stream that ends early reports no usage, so its size is counted. */
async function* settledStream(
  source: AsyncIterable<StreamPart>,
  held: Held,
  input_bytes: number,
): AsyncGenerator<StreamPart> {
  let written = 0;
  let isSettled = false;
  const settle = async (usage: Usage): Promise<void> => {
    if (isSettled) return;
    isSettled = true;
    await held.settle(usage);
  };
  try {
    for await (const part of source) {
      if ('delta' in part) written += Buffer.byteLength(part.delta);
      if (part.type === 'finish') await settle(usageOf(part.usage));
      yield part;
    }
  } finally {
    await settle({
      input_tokens: Math.ceil(input_bytes / BYTES_PER_TOKEN),
      output_tokens: Math.ceil(written / BYTES_PER_TOKEN),
    });
  }
}
