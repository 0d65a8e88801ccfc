import type { Usage } from '../shared/usage.js';

/** US dollars per million tokens, at list price: what a provider takes off for cached input is not counted. */
export interface Price {
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
export class ModelPrices {
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
