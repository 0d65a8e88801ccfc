import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamPart,
  LanguageModelV4StreamResult,
} from '@ai-sdk/provider';

export type StreamPart = LanguageModelV4StreamPart;

/**
 * A model whose streams are async iterables. The AI SDK reads web streams, and each of those costs as much per part as everything else
 * that the platform does with it, so the platform's own layers do not use them.
 */
export abstract class StreamedModel implements LanguageModelV4 {
  readonly specificationVersion = 'v4';
  abstract readonly provider: string;
  abstract readonly modelId: string;
  abstract readonly supportedUrls: LanguageModelV4['supportedUrls'];

  abstract doGenerate(options: LanguageModelV4CallOptions): Promise<LanguageModelV4GenerateResult>;

  /** Resolves when the provider has accepted the call. A failure in the middle is thrown by the iterable. */
  abstract parts(options: LanguageModelV4CallOptions): Promise<AsyncIterable<StreamPart>>;

  async doStream(options: LanguageModelV4CallOptions): Promise<LanguageModelV4StreamResult> {
    return { stream: ReadableStream.from(await this.parts(options)) };
  }
}

/** The parts of a streamed answer, from a model of any kind. */
export async function partsOf(
  model: LanguageModelV4,
  options: LanguageModelV4CallOptions,
): Promise<AsyncIterable<StreamPart>> {
  return model instanceof StreamedModel ? model.parts(options) : (await model.doStream(options)).stream;
}
