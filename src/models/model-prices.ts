import type { Usage } from '../shared/usage.js';
import { type Price, PRICES } from './price-table.js';

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
    const undated = modelId.replace(DATE, '');
    return find(this.own, modelId) ?? find(PRICES, modelId) ?? find(this.own, undated) ?? find(PRICES, undated);
  }
}

function find(prices: Readonly<Record<string, Price>>, id: string): Price | undefined {
  return Object.hasOwn(prices, id) ? prices[id] : undefined;
}
