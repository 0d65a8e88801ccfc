import { ModelError } from '../model-error.js';
import { type StreamPart, partsOf, StreamedModel } from '../streamed-model.js';
import { type Called, failure, providerFailure } from './provider-failure.js';
import { setTimeout as delay } from 'node:timers/promises';
import { BrokenCircuitError, circuitBreaker, CircuitState, CountBreaker, handleWhen } from 'cockatiel';
import type { LanguageModelV4, LanguageModelV4CallOptions, LanguageModelV4GenerateResult } from '@ai-sdk/provider';
import { LRUCache } from 'lru-cache';
import type { Settings } from '../../platform/config/settings.js';
import { lazily } from '../../platform/async/lazily.js';
import { type ModelAbilities, ModelProvider, type ProviderState } from '../model-provider.js';

/** The time of one attempt: its signal ends the request when the caller gives up or nothing came for too long. */
class AttemptDeadline {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private late: ModelError | undefined;

  constructor(
    private readonly timeoutMs: number,
    private readonly called: Called,
    private readonly caller: AbortSignal | undefined,
  ) {
    if (caller?.aborted) this.cancel();
    else caller?.addEventListener('abort', this.cancel, { once: true });
    this.timer = setTimeout(this.end, timeoutMs);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Restarts the time after each part of the answer. */
  extend(): void {
    this.timer.refresh();
  }

  /** The caller gave up; that is no failure of the provider. */
  get isCancelled(): boolean {
    return this.caller?.aborted === true;
  }

  /** What an error of the attempt really was: the caller's wish, the time-out, or itself. */
  causeOf(error: unknown): unknown {
    return this.isCancelled ? this.caller?.reason : (this.late ?? error);
  }

  /** Frees the timer. Safe to repeat. */
  close(): void {
    clearTimeout(this.timer);
    this.caller?.removeEventListener('abort', this.cancel);
  }

  private readonly end = (): void => {
    this.late = failure('timeout', this.called, { details: { timeout_seconds: this.timeoutMs / 1000 } });
    this.controller.abort(this.late);
  };

  readonly cancel = (): void => {
    this.controller.abort(this.caller?.reason);
  };
}

/**
 * The parts of an answer as they come. A stream that pauses for too long is ended; a reader that leaves ends the request.
 * Whatever breaks the stream becomes what `translate` makes of it.
 */
async function* watchedStream(
  source: AsyncIterable<StreamPart>,
  deadline: AttemptDeadline,
  translate: (error: unknown) => unknown,
): AsyncGenerator<StreamPart> {
  let isOver = false;
  try {
    deadline.extend();
    for await (const part of source) {
      if (part.type === 'error') throw part.error as Error;
      yield part;
      deadline.extend();
    }
    isOver = true;
  } catch (error) {
    isOver = true;
    throw translate(error);
  } finally {
    deadline.close();
    if (!isOver) deadline.cancel();
  }
}

/** A provider that asks for a longer rest gets its error passed on at once. */
const LONGEST_WAIT_MS = 30_000;
const FIRST_WAIT_MS = 500;
const WAIT_MAX_MS = 10_000;

interface CallLimits {
  retries: number;
  /** So many failures, and most of the last calls, open the breaker. */
  breakerFailures: number;
  breakerSeconds: number;
}

/**
 * How a provider is called: what passes is tried again with jitter, or after as long as `Retry-After` says; a provider
 * that is out is left alone by all calls for a while, and one of them then tries whether it is back.
 */
export class CallPolicy {
  private readonly breaker;

  constructor(private readonly limits: CallLimits) {
    const { breakerFailures, breakerSeconds } = limits;
    const window = { threshold: 0.5, size: breakerFailures * 2, minimumNumberOfCalls: breakerFailures };
    this.breaker = circuitBreaker(handleWhen(isOutage), {
      halfOpenAfter: breakerSeconds * 1000,
      breaker: new CountBreaker(window),
    });
  }

  get state(): 'closed' | 'half_open' | 'open' {
    const { state } = this.breaker;
    if (state === CircuitState.Closed) return 'closed';
    return state === CircuitState.HalfOpen ? 'half_open' : 'open';
  }

  /** Rejects with a {@link ModelError}, or with the reason of the caller's signal. */
  async execute<T>(called: Called, attempt: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        return await this.breaker.execute(attempt);
      } catch (error) {
        if (error instanceof BrokenCircuitError) throw this.isOpen(called, error);
        signal?.throwIfAborted();
        const wait = waitBefore(tries, error);
        if (tries >= this.limits.retries || wait === undefined) throw error;
        await delay(wait, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted());
      }
    }
  }

  /** Counts a failure that came after the call had succeeded, in the middle of its stream. */
  failed(error: ModelError): void {
    if (this.state === 'closed') void this.breaker.execute(() => Promise.reject(error)).catch(() => undefined);
  }

  private isOpen(called: Called, cause: BrokenCircuitError): ModelError {
    return failure('outage', called, {
      reason: `most recent calls to it failed, so it is not called for up to ${this.limits.breakerSeconds} seconds`,
      details: { breaker: 'open', retry_after_seconds: this.limits.breakerSeconds },
      cause,
    });
  }
}

function isOutage(error: unknown): boolean {
  return error instanceof ModelError && (error.fault === 'outage' || error.fault === 'timeout');
}

/** Milliseconds until the next try, with full jitter; undefined when there is to be none. */
function waitBefore(tries: number, error: unknown): number | undefined {
  if (!(error instanceof ModelError) || !error.transient) return undefined;
  if (error.retryAfterMs !== undefined)
    return error.retryAfterMs > LONGEST_WAIT_MS ? undefined : error.retryAfterMs + Math.random() * FIRST_WAIT_MS;
  return Math.random() * Math.min(WAIT_MAX_MS, FIRST_WAIT_MS * 2 ** (tries + 1));
}

/** A model behind a network: loaded at its first call, called under the provider's policy, failing with {@link ModelError} only. */
class RemoteModel extends StreamedModel {
  /** Addresses of images go to the provider as they are: nothing is fetched here. */
  override readonly supportedUrls = { '*/*': [/^https:/] };
  private readonly called: Called;

  constructor(
    override readonly provider: string,
    override readonly modelId: string,
    private readonly load: () => Promise<LanguageModelV4>,
    private readonly policy: CallPolicy,
    private readonly timeoutMs: number,
  ) {
    super();
    this.called = { provider, model: modelId };
  }

  override doGenerate(options: LanguageModelV4CallOptions): Promise<LanguageModelV4GenerateResult> {
    return this.attempts(options, async (deadline) => {
      const model = await this.load();
      const result = await model.doGenerate({ ...options, abortSignal: deadline.signal });
      deadline.close();
      return result;
    });
  }

  override parts(options: LanguageModelV4CallOptions): Promise<AsyncIterable<StreamPart>> {
    return this.attempts(options, async (deadline) => {
      const model = await this.load();
      const parts = await partsOf(model, { ...options, abortSignal: deadline.signal });
      return watchedStream(parts, deadline, (error) => this.broken(error, deadline));
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

/** Ids come from callers, so what is kept of them is bounded. */
const KEPT_MODELS = 100;
const SERVABLE = /^[A-Za-z0-9][\w.:/@+-]{0,199}$/;

/** Makes models of a provider's SDK by id. */
export type ModelFactory = (modelId: string) => LanguageModelV4;

/** A provider behind a network. Its SDK is loaded with the first call of one of its models. */
export class RemoteProvider extends ModelProvider {
  override readonly defaultModelId: string;
  private readonly policy: CallPolicy;
  private readonly models = new LRUCache<string, LanguageModelV4>({ max: KEPT_MODELS });
  private factory: Promise<ModelFactory> | undefined;

  constructor(
    override readonly name: string,
    private readonly settings: Settings,
    private readonly connect: () => Promise<ModelFactory>,
    private readonly lacks: Partial<ModelAbilities> = {},
    /** Ids with a colon that the provider may have. Others name a provider that is not set up here. */
    private readonly colons: (modelId: string) => boolean = () => false,
  ) {
    super();
    this.defaultModelId = settings.get('MODEL_ID') ?? '';
    this.policy = new CallPolicy({
      retries: settings.get('MODEL_MAX_RETRIES'),
      breakerFailures: settings.get('MODEL_BREAKER_FAILURES'),
      breakerSeconds: settings.get('MODEL_BREAKER_SECONDS'),
    });
  }

  override abilities(modelId: string): ModelAbilities {
    return { ...super.abilities(modelId), ...this.lacks };
  }

  override get state(): ProviderState {
    return this.policy.state;
  }

  /** Only the provider knows its models; what cannot be an id at all is refused before it is asked. */
  override serves(modelId: string): boolean {
    const isOwn = !modelId.includes(':') || this.colons(modelId);
    return SERVABLE.test(modelId) && !modelId.startsWith('nexus/') && isOwn;
  }

  override languageModel(modelId: string): LanguageModelV4 {
    const known = this.models.get(modelId);
    if (known) return known;
    const timeoutMs = this.settings.get('MODEL_TIMEOUT_SECONDS') * 1000;
    // A model of an SDK holds no state of a call, but making one builds its schemas.
    const load = lazily(() => this.load(modelId));
    const model = new RemoteModel(this.name, modelId, load, this.policy, timeoutMs);
    this.models.set(modelId, model);
    return model;
  }

  private async load(modelId: string): Promise<LanguageModelV4> {
    this.factory ??= this.connect();
    return (await this.factory)(modelId);
  }
}
