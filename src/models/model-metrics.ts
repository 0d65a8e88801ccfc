import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamPart,
  LanguageModelV4StreamResult,
} from '@ai-sdk/provider';
import { Injectable } from '@nestjs/common';
import { Metrics } from '../platform/observability/metrics.js';
import { RequestContext } from '../platform/observability/request-context.js';
import { ModelError, type ModelFault } from './model-error.js';

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
      'Time of calls of language models, retries and whole streams included, in seconds.',
      ['provider', 'model', 'outcome'],
      BUCKETS,
    );
    this.firsts = metrics.histogram(
      'nexus_model_first_token_seconds',
      'Time until a streamed answer of a language model begins, in seconds.',
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

class ObservedModel implements LanguageModelV4 {
  readonly specificationVersion = 'v4';
  readonly provider: string;
  readonly modelId: string;
  readonly supportedUrls: LanguageModelV4['supportedUrls'];

  constructor(
    private readonly model: LanguageModelV4,
    private readonly report: Report,
  ) {
    this.provider = model.provider;
    this.modelId = model.modelId;
    this.supportedUrls = model.supportedUrls;
  }

  async doGenerate(options: LanguageModelV4CallOptions): Promise<LanguageModelV4GenerateResult> {
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

  async doStream(options: LanguageModelV4CallOptions): Promise<LanguageModelV4StreamResult> {
    const startedAt = performance.now();
    try {
      const result = await this.model.doStream(options);
      return { ...result, stream: this.timed(result.stream, startedAt, options) };
    } catch (error) {
      this.report(startedAt, outcomeOf(error, options));
      throw error;
    }
  }

  /** The parts as they come, one for each pull. */
  private timed(
    source: ReadableStream<LanguageModelV4StreamPart>,
    startedAt: number,
    options: LanguageModelV4CallOptions,
  ): ReadableStream<LanguageModelV4StreamPart> {
    const reader = source.getReader();
    let hasBegun = false;
    let failure: { error: unknown } | undefined;
    let isOver = false;
    // A part may still be under way when the reader leaves.
    const over = (outcome: CallOutcome): void => {
      if (!isOver) this.report(startedAt, outcome);
      isOver = true;
    };
    return new ReadableStream<LanguageModelV4StreamPart>({
      pull: async (controller) => {
        try {
          const { done, value } = await reader.read();
          if (isOver) return;
          if (done) {
            over(failure ? outcomeOf(failure.error, options) : 'success');
            controller.close();
            return;
          }
          if (value.type === 'error') failure = { error: value.error };
          if (!hasBegun && BEGINNINGS.has(value.type)) {
            hasBegun = true;
            this.report(startedAt, 'first');
          }
          controller.enqueue(value);
        } catch (error) {
          over(outcomeOf(error, options));
          controller.error(error);
        }
      },
      cancel: async (reason) => {
        over('cancelled');
        await reader.cancel(reason);
      },
    });
  }
}

/** Parts that carry what the model says. */
const BEGINNINGS: ReadonlySet<string> = new Set(['text-delta', 'reasoning-delta', 'tool-input-start', 'tool-call']);

function outcomeOf(error: unknown, { abortSignal }: LanguageModelV4CallOptions): CallOutcome {
  if (abortSignal?.aborted) return 'cancelled';
  return error instanceof ModelError ? error.fault : 'internal';
}
