import type { Usage } from '../shared/usage.js';
import type { LanguageModelV4 } from '@ai-sdk/provider';
import { Inject, Injectable } from '@nestjs/common';
import { Settings } from '../platform/config/settings.js';
import { Tracing } from '../platform/observability/tracing/tracing.js';
import { ValidationError } from '../shared/domain-error.js';
import { lazily } from '../platform/async/lazily.js';
import { ModelMetrics, TracedModel } from './observed-model.js';
import { callUsage, type ModelAbilities, type ModelProvider, type ProviderState } from './model-provider.js';
import { ModelError } from './model-error.js';
import type { StructuredRequest } from './structured-generation.js';

/** US dollars per million tokens, at list price: what a provider takes off for cached input is not counted. */
interface Price {
  input: number;
  output: number;
}

/**
 * Prices of models by id, without the date that some ids end with. What is not here has no known price.
 *
 * Sources, as stored on 2026-11-21:
 * - Anthropic: platform.claude.com/docs, model overviews and pricing (Opus 5.5 and 5, Sonnet 5.5 and 5, Haiku 4.5, Fable
 *   5.1; Claude 4.1 and before: docs.anthropic.com/en/docs/about-claude/pricing; those between: as quoted
 *   in 2026 by docs.rs/crate/tokr and deploybase.ai/articles/claude-api-pricing). Haiku 5.5 is priced in tiers: left out.
 * - OpenAI: developers.openai.com/api/docs/pricing as quoted in March 2026 (deploybase.ai/articles/openai-pricing).
 * - Amazon Nova: aws.amazon.com/bedrock/pricing, on demand in us-east-1, as quoted by gateways' price lists.
 */
const PRICES: Readonly<Record<string, Price>> = {
  // It runs in this process.
  'nexus/offline': { input: 0, output: 0 },

  'claude-fable-5-1': { input: 10, output: 50 },
  'claude-opus-5-5': { input: 4, output: 20 },
  'claude-opus-5': { input: 5, output: 25 },
  'claude-opus-4-7': { input: 5, output: 25 },
  'claude-opus-4-6': { input: 5, output: 25 },
  'claude-opus-4-5': { input: 5, output: 25 },
  'claude-opus-4-1': { input: 15, output: 75 },
  'claude-opus-4-0': { input: 15, output: 75 },
  'claude-opus-4': { input: 15, output: 75 },
  'claude-sonnet-5-5': { input: 2, output: 10 },
  'claude-sonnet-5': { input: 2, output: 10 },
  'claude-sonnet-4-6': { input: 3, output: 15 },
  'claude-sonnet-4-5': { input: 3, output: 15 },
  'claude-sonnet-4-0': { input: 3, output: 15 },
  'claude-sonnet-4': { input: 3, output: 15 },
  'claude-haiku-4-5': { input: 1, output: 5 },
  'claude-3-5-haiku': { input: 0.8, output: 4 },
  'claude-3-haiku': { input: 0.25, output: 1.25 },

  'gpt-5': { input: 1.25, output: 10 },
  'gpt-5-mini': { input: 0.25, output: 2 },
  'gpt-5-nano': { input: 0.05, output: 0.4 },
  'gpt-4.1': { input: 2, output: 8 },
  'gpt-4.1-mini': { input: 0.4, output: 1.6 },
  'gpt-4.1-nano': { input: 0.1, output: 0.4 },
  'gpt-4o': { input: 2.5, output: 10 },
  'gpt-4o-mini': { input: 0.15, output: 0.6 },
  o3: { input: 2, output: 8 },
  'o4-mini': { input: 1.1, output: 4.4 },

  'amazon.nova-micro-v1:0': { input: 0.035, output: 0.14 },
  'amazon.nova-lite-v1:0': { input: 0.06, output: 0.24 },
  'amazon.nova-pro-v1:0': { input: 0.8, output: 3.2 },
  'amazon.nova-premier-v1:0': { input: 2.5, output: 12.5 },
};

const MILLION = 1_000_000;
/** `gpt-4o-2024-08-06`, `claude-sonnet-4-5-20250929` */
const DATE = /-(?:\d{8}|\d{4}-\d{2}-\d{2})$/;

/** What models cost: the table of the platform, and over it the prices of the setting `MODEL_PRICES`. */
class ModelPrices {
  constructor(private readonly own: Readonly<Record<string, Price>> = {}) {}

  /** US dollars; null when the price of the model is not known. */
  costOf(modelId: string, usage: Usage): number | null {
    const price = this.priceOf(modelId);
    return price ? (usage.input_tokens * price.input + usage.output_tokens * price.output) / MILLION : null;
  }

  /** Undefined when it is not known. An id with a date counts for the one without. */
  priceOf(modelId: string): Price | undefined {
    const name = this.nameOf(modelId);
    return name === undefined ? undefined : (find(this.own, name) ?? find(PRICES, name));
  }

  /** Every model with a known price, by id. */
  all(): { id: string; price: Price }[] {
    const prices = { ...PRICES, ...this.own };
    return Object.entries(prices)
      .map(([id, price]) => ({ id, price }))
      .sort((a, b) => a.id.localeCompare(b.id));
  }

  /** The name under which the model has a price; undefined when it has none. There are as many names as prices. */
  nameOf(modelId: string): string | undefined {
    return [modelId, modelId.replace(DATE, '')].find((name) => find(this.own, name) ?? find(PRICES, name));
  }
}

function find(prices: Readonly<Record<string, Price>>, id: string): Price | undefined {
  return Object.hasOwn(prices, id) ? prices[id] : undefined;
}

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
      const message = `The model ${id} did not respond within ${within_ms / 1_000} seconds`;
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
