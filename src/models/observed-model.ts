import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4GenerateResult,
  LanguageModelV4FinishReason,
  LanguageModelV4ResponseMetadata,
  LanguageModelV4Usage,
} from '@ai-sdk/provider';
import { Injectable } from '@nestjs/common';
import { Metrics } from '../platform/observability/metrics.js';
import { RequestContext } from '../platform/observability/request-context.js';
import { ModelError, type ModelFault } from './model-error.js';
import { partsOf, StreamedModel, type StreamPart } from './streamed-model.js';
import { context, type Span, SpanKind, trace } from '@opentelemetry/api';
import { fail, type Tracing } from '../platform/observability/tracing/tracing.js';

/** From the offline model's milliseconds to the longest call that settings allow, in seconds. */
const BUCKETS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600];

/** `cancelled`: the caller gave up, or left the stream. Otherwise the fault of the {@link ModelError}. */
type CallOutcome = 'success' | 'cancelled' | ModelFault;

interface CallLabels {
  provider: string;
  model: string;
}

/** How long calls of language models take, retries included, by provider and model. */
@Injectable()
export class ModelMetrics {
  private readonly durations;
  private readonly firsts;

  constructor(metrics: Metrics) {
    this.durations = metrics.histogram(
      'nexus_model_call_duration_seconds',
      'Duration of calls to language models, including retries and whole streams, in seconds.',
      ['provider', 'model', 'outcome'],
      BUCKETS,
    );
    this.firsts = metrics.histogram(
      'nexus_model_first_token_seconds',
      'Time until a streamed answer begins, in seconds.',
      ['provider', 'model'],
      BUCKETS,
    );
  }

  /** The same model, with each call timed. @param labels from bounded sets */
  observed(model: LanguageModelV4, labels: CallLabels): LanguageModelV4 {
    return new ObservedModel(model, (startedAt, outcome) => {
      const ms = performance.now() - startedAt;
      if (outcome === 'first') this.firsts.observe(labels, ms / 1000);
      else {
        this.durations.observe({ ...labels, outcome }, ms / 1000);
        RequestContext.spent('model', ms);
      }
    });
  }
}

type Report = (startedAt: number, outcome: CallOutcome | 'first') => void;

class ObservedModel extends StreamedModel {
  override readonly provider: string;
  override readonly modelId: string;
  override readonly supportedUrls: LanguageModelV4['supportedUrls'];

  constructor(
    private readonly model: LanguageModelV4,
    private readonly report: Report,
  ) {
    super();
    this.provider = model.provider;
    this.modelId = model.modelId;
    this.supportedUrls = model.supportedUrls;
  }

  override async doGenerate(options: LanguageModelV4CallOptions): Promise<LanguageModelV4GenerateResult> {
    const startedAt = performance.now();
    try {
      const result = await this.model.doGenerate(options);
      this.report(startedAt, 'success');
      return result;
    } catch (error) {
      this.report(startedAt, outcomeOf(error, options));
      throw error;
    }
  }

  override async parts(options: LanguageModelV4CallOptions): Promise<AsyncIterable<StreamPart>> {
    const startedAt = performance.now();
    try {
      return this.timed(await partsOf(this.model, options), startedAt, options);
    } catch (error) {
      this.report(startedAt, outcomeOf(error, options));
      throw error;
    }
  }

  /** A reader that leaves in the middle has given up. */
  private async *timed(
    parts: AsyncIterable<StreamPart>,
    startedAt: number,
    options: LanguageModelV4CallOptions,
  ): AsyncGenerator<StreamPart> {
    let hasBegun = false;
    let outcome: CallOutcome = 'cancelled';
    let failure: { error: unknown } | undefined;
    try {
      for await (const part of parts) {
        if (part.type === 'error') failure = { error: part.error };
        if (!hasBegun && BEGINNINGS.has(part.type)) {
          hasBegun = true;
          this.report(startedAt, 'first');
        }
        yield part;
      }
      outcome = failure ? outcomeOf(failure.error, options) : 'success';
    } catch (error) {
      outcome = outcomeOf(error, options);
      throw error;
    } finally {
      this.report(startedAt, outcome);
    }
  }
}

/** Parts that carry what the model says. */
const BEGINNINGS: ReadonlySet<string> = new Set(['text-delta', 'reasoning-delta', 'tool-input-start', 'tool-call']);

function outcomeOf(error: unknown, { abortSignal }: LanguageModelV4CallOptions): CallOutcome {
  if (abortSignal?.aborted) return 'cancelled';
  return error instanceof ModelError ? error.fault : 'internal';
}

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
