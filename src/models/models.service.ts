import type { LanguageModelV4 } from '@ai-sdk/provider';
import { Inject, Injectable } from '@nestjs/common';
import { Settings } from '../platform/config/settings.js';
import { Tracing } from '../platform/observability/tracing/tracing.js';
import { ValidationError } from '../shared/domain-error.js';
import { lazily } from '../platform/async/lazily.js';
import type { Usage } from '../shared/usage.js';
import { ModelMetrics, TracedModel } from './observed-model.js';
import { ModelPrices, type Price } from './model-prices.js';
import { callUsage, type ModelAbilities, type ModelProvider, type ProviderState } from './model-provider.js';
import { ModelError } from './model-error.js';
import type { StructuredRequest } from './structured-generation.js';

export type { StructuredRequest } from './structured-generation.js';

const loadGeneration = lazily(() => import('./structured-generation.js'));

/** Models that think before they answer need room for it. */
const PROBE_TOKENS = 256;

export const MODEL_PROVIDERS = Symbol('MODEL_PROVIDERS');

export interface StructuredAnswer<T> {
  object: T;
  model: string;
  /** Of all tries together. */
  usage: Usage;
  cost_usd: number | null;
}

/**
 * The language models of the platform. An id alone belongs to the provider of the setting `MODEL_PROVIDER`;
 * `<provider>:<id>` names another one, as long as it is set up.
 */
@Injectable()
export class ModelsService {
  private readonly provider: ModelProvider;
  private readonly prices: ModelPrices;
  private readonly observed = new WeakMap<LanguageModelV4, LanguageModelV4>();

  constructor(
    private readonly settings: Settings,
    @Inject(MODEL_PROVIDERS) private readonly providers: readonly ModelProvider[],
    private readonly metrics: ModelMetrics,
    private readonly tracing: Tracing = Tracing.off(),
  ) {
    const name = settings.get('MODEL_PROVIDER');
    const provider = providers.find((candidate) => candidate.name === name);
    if (!provider)
      throw new Error(`MODEL_PROVIDER "${name}" is not one of: ${providers.map((one) => one.name).join(', ')}`);
    this.provider = provider;
    this.prices = new ModelPrices(settings.get('MODEL_PRICES'));
  }

  /** The model behind an id; without one the setting `MODEL_ID`, then the provider's default. Throws {@link ValidationError} for an id that no provider serves. */
  languageModel(modelId?: string | null): LanguageModelV4 {
    const { provider, id } = this.resolve(modelId);
    const model = provider.languageModel(id);
    const known = this.observed.get(model);
    if (known) return known;
    const traced = this.tracing.isOn ? new TracedModel(model, this.tracing) : model;
    const observed = this.metrics.observed(traced, { provider: provider.name, model: this.labelOf(provider, id) });
    this.observed.set(model, observed);
    return observed;
  }

  /** Callers choose ids, and labels of metrics come from bounded sets: models that neither settings nor prices name count together. */
  private labelOf(provider: ModelProvider, id: string): string {
    if (id === this.settings.get('MODEL_ID') || id === provider.defaultModelId) return id;
    return this.prices.nameOf(id) ?? 'other';
  }

  /** The id that answers carry in their `model` field, and the provider that serves it. */
  describe(modelId?: string | null): { id: string; provider: string } {
    const { provider, id } = this.resolve(modelId);
    return { id, provider: provider.name };
  }

  /** What the model behind an id can honour. @throws ValidationError for an id that no provider serves */
  abilities(modelId?: string | null): ModelAbilities {
    const { provider, id } = this.resolve(modelId);
    return provider.abilities(id);
  }

  /** What tokens of a model cost in US dollars at list price; null when its price is not known. `modelId` as answers carry it. */
  costOf(modelId: string, usage: Usage): number | null {
    return this.prices.costOf(modelId, usage);
  }

  /** Whether the id is one of a model that is known here (it has a price, or names its provider) and can be used. */
  knows(modelId: string): boolean {
    const isQualified = this.providers.some(({ name }) => modelId.startsWith(`${name}:`));
    if (!isQualified && !this.prices.priceOf(modelId)) return false;
    try {
      this.resolve(modelId);
      return true;
    } catch {
      return false;
    }
  }

  /** The providers that are set up, and the prices that are known. */
  get offer(): {
    providers: { name: string; is_default: boolean; default_model: string; state: ProviderState }[];
    prices: { id: string; price: Price }[];
  } {
    const providers = this.providers.map(({ name, defaultModelId: default_model, state }) => {
      return { name, is_default: name === this.provider.name, default_model, state };
    });
    return { providers, prices: this.prices.all() };
  }

  /**
   * One small call of a model, which shows whether it answers.
   * @param meter counts it on budgets
   * @param within_ms an answer that takes longer is a timeout
   * @throws ValidationError for an id that no provider serves; ModelError when the model does not answer
   */
  async probe(
    modelId: string | null,
    { meter, within_ms }: { meter: (model: LanguageModelV4) => LanguageModelV4; within_ms: number },
  ): Promise<Usage> {
    const model = meter(this.languageModel(modelId));
    const signal = AbortSignal.timeout(within_ms);
    const content = [{ type: 'text' as const, text: 'Reply with the word: ready' }];
    try {
      const { usage } = await model.doGenerate({
        prompt: [{ role: 'user', content }],
        maxOutputTokens: PROBE_TOKENS,
        abortSignal: signal,
      });
      return callUsage(usage);
    } catch (error) {
      if (!signal.aborted) throw error;
      const { id, provider } = this.describe(modelId);
      const message = `The model ${id} did not answer within ${within_ms / 1_000} seconds`;
      throw new ModelError(message, { fault: 'timeout', details: { provider, model: id }, cause: error });
    }
  }

  /** Whether the configured provider can be called now. */
  get state(): ProviderState {
    return this.provider.state;
  }

  /**
   * Asks the model for an object of the schema; an answer that does not fit goes back once with what is wrong with it.
   * Throws {@link ModelError} when the second does not fit either or the model fails.
   */
  async generateStructured<T>(request: StructuredRequest<T>): Promise<StructuredAnswer<T>> {
    const own = this.languageModel(request.model_id);
    const model = request.meter?.(own) ?? own;
    const { StructuredGeneration } = await loadGeneration();
    const generation = new StructuredGeneration(model, request);
    const object = await generation.run();
    const { usage } = generation;
    return { object, model: model.modelId, usage, cost_usd: this.costOf(model.modelId, usage) };
  }

  private resolve(modelId?: string | null): { provider: ModelProvider; id: string } {
    const asked = modelId ?? this.settings.get('MODEL_ID') ?? this.provider.defaultModelId;
    const named = this.providers.find(({ name }) => asked.startsWith(`${name}:`));
    const id = named ? asked.slice(named.name.length + 1) : asked;
    const provider = (named ? [named] : [this.provider, ...this.local()]).find((one) => one.serves(id));
    if (provider) return { provider, id };
    const known = this.providers.map((one) => one.name).join(', ');
    const prefix = asked.split(':')[0] ?? '';
    if (!named && asked.includes(':'))
      throw ValidationError.field(
        'model_id',
        `names the provider "${prefix}", which is not set up here; known providers: ${known}`,
      );
    throw ValidationError.field(
      'model_id',
      `names "${asked}", which the model provider "${(named ?? this.provider).name}" does not serve`,
    );
  }

  /** Models of this process keep their own ids, whatever provider is configured. */
  private local(): ModelProvider[] {
    return this.providers.filter(({ name }) => name === 'offline');
  }
}
