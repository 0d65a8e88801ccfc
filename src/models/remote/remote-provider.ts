import type { LanguageModelV4, LanguageModelV4CallOptions, LanguageModelV4GenerateResult } from '@ai-sdk/provider';
import { LRUCache } from 'lru-cache';
import type { Settings } from '../../platform/config/settings.js';
import { lazily } from '../../platform/async/lazily.js';
import { type ModelAbilities, ModelProvider, type ProviderState } from '../model-provider.js';
import { partsOf, StreamedModel, type StreamPart } from '../streamed-model.js';
import { CallPolicy } from './call-policy.js';
import type { ModelError } from '../model-error.js';
import { AttemptDeadline, watchedStream } from './attempt-deadline.js';
import { type Called, providerFailure } from './provider-failure.js';

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
