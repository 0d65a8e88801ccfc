import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamResult,
} from '@ai-sdk/provider';
import type { ModelError } from '../model-error.js';
import { AttemptDeadline } from './attempt-deadline.js';
import type { CallPolicy } from './call-policy.js';
import { type Called, providerFailure } from './provider-failure.js';
import { watchedStream } from './watched-stream.js';

/** A model behind a network: loaded at its first call, called under the provider's policy, failing with {@link ModelError} only. */
export class RemoteModel implements LanguageModelV4 {
  readonly specificationVersion = 'v4';
  /** What is asked of a model is text, so nothing is to be fetched for it. */
  readonly supportedUrls = {};
  private readonly called: Called;

  constructor(
    readonly provider: string,
    readonly modelId: string,
    private readonly load: () => Promise<LanguageModelV4>,
    private readonly policy: CallPolicy,
    private readonly timeoutMs: number,
  ) {
    this.called = { provider, model: modelId };
  }

  doGenerate(options: LanguageModelV4CallOptions): Promise<LanguageModelV4GenerateResult> {
    return this.attempts(options, async (deadline) => {
      const model = await this.load();
      const result = await model.doGenerate({ ...options, abortSignal: deadline.signal });
      deadline.close();
      return result;
    });
  }

  doStream(options: LanguageModelV4CallOptions): Promise<LanguageModelV4StreamResult> {
    return this.attempts(options, async (deadline) => {
      const model = await this.load();
      const result = await model.doStream({ ...options, abortSignal: deadline.signal });
      return { ...result, stream: watchedStream(result.stream, deadline, (error) => this.broken(error, deadline)) };
    });
  }

  private attempts<T>(
    { abortSignal }: LanguageModelV4CallOptions,
    attempt: (deadline: AttemptDeadline) => Promise<T>,
  ): Promise<T> {
    const once = async (): Promise<T> => {
      const deadline = new AttemptDeadline(this.timeoutMs, this.called, abortSignal);
      try {
        return await attempt(deadline);
      } catch (error) {
        deadline.close();
        throw this.failureOf(error, deadline);
      }
    };
    return this.policy.execute(this.called, once, abortSignal);
  }

  /** What was already read cannot be taken back, so a broken stream is not tried again; it counts for the breaker. */
  private broken(error: unknown, deadline: AttemptDeadline): unknown {
    const failure = this.failureOf(error, deadline);
    if (!deadline.isCancelled) this.policy.failed(failure as ModelError);
    return failure;
  }

  private failureOf(error: unknown, deadline: AttemptDeadline): unknown {
    return deadline.isCancelled ? deadline.causeOf(error) : providerFailure(deadline.causeOf(error), this.called);
  }
}
