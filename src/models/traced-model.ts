import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4FinishReason,
  LanguageModelV4GenerateResult,
  LanguageModelV4ResponseMetadata,
  LanguageModelV4Usage,
} from '@ai-sdk/provider';
import { context, type Span, SpanKind, trace } from '@opentelemetry/api';
import { fail, type Tracing } from '../platform/observability/tracing/tracing.js';
import { partsOf, StreamedModel, type StreamPart } from './streamed-model.js';

interface Ended {
  usage: LanguageModelV4Usage;
  finishReason: LanguageModelV4FinishReason;
  response?: LanguageModelV4ResponseMetadata | undefined;
  content: unknown;
}

/** The same model. Each of its calls has a span by the GenAI conventions, `chat {model}`, with the provider's requests below it. */
export class TracedModel extends StreamedModel {
  override readonly provider: string;
  override readonly modelId: string;
  override readonly supportedUrls: LanguageModelV4['supportedUrls'];

  constructor(
    private readonly model: LanguageModelV4,
    private readonly tracing: Tracing,
  ) {
    super();
    ({ provider: this.provider, modelId: this.modelId, supportedUrls: this.supportedUrls } = model);
  }

  override async doGenerate(options: LanguageModelV4CallOptions): Promise<LanguageModelV4GenerateResult> {
    const span = this.begin(options);
    return this.below(span, async () => {
      const result = await this.model.doGenerate(options);
      this.end(span, result);
      return result;
    });
  }

  override async parts(options: LanguageModelV4CallOptions): Promise<AsyncIterable<StreamPart>> {
    const span = this.begin(options);
    return this.below(span, async () => this.watched(span, await partsOf(this.model, options)));
  }

  /** A stream that its reader leaves ends its span, too. */
  private async *watched(span: Span, parts: AsyncIterable<StreamPart>): AsyncGenerator<StreamPart> {
    let response: LanguageModelV4ResponseMetadata | undefined;
    let text = '';
    try {
      for await (const part of parts) {
        if (part.type === 'response-metadata') response = part;
        if (part.type === 'text-delta') text += part.delta;
        if (part.type === 'finish') this.end(span, { ...part, response, content: [{ type: 'text', text }] });
        yield part;
      }
    } catch (error) {
      fail(span, error);
      throw error;
    } finally {
      span.end();
    }
  }

  private async below<T>(span: Span, call: () => Promise<T>): Promise<T> {
    try {
      return await context.with(trace.setSpan(context.active(), span), call);
    } catch (error) {
      fail(span, error);
      span.end();
      throw error;
    }
  }

  private begin({ maxOutputTokens, temperature, prompt }: LanguageModelV4CallOptions): Span {
    return this.tracing.begin(`chat ${this.modelId}`, {
      kind: SpanKind.CLIENT,
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': this.provider,
        'gen_ai.request.model': this.modelId,
        ...(maxOutputTokens === undefined ? {} : { 'gen_ai.request.max_tokens': maxOutputTokens }),
        ...(temperature === undefined ? {} : { 'gen_ai.request.temperature': temperature }),
        ...(this.tracing.hasContent ? { 'gen_ai.input.messages': JSON.stringify(prompt) } : {}),
      },
    });
  }

  private end(span: Span, { usage, finishReason, response, content }: Ended): void {
    const { inputTokens, outputTokens } = usage;
    span.setAttributes({
      'gen_ai.response.model': response?.modelId ?? this.modelId,
      ...(response?.id === undefined ? {} : { 'gen_ai.response.id': response.id }),
      'gen_ai.response.finish_reasons': [finishReason.unified],
      ...(inputTokens.total === undefined ? {} : { 'gen_ai.usage.input_tokens': inputTokens.total }),
      ...(outputTokens.total === undefined ? {} : { 'gen_ai.usage.output_tokens': outputTokens.total }),
      ...(this.tracing.hasContent ? { 'gen_ai.output.messages': JSON.stringify(content) } : {}),
    });
    span.end();
  }
}
