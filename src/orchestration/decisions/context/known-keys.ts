import type { InputName } from './decision-context.js';

export interface NumberRule {
  minimum: number;
  maximum: number;
  whole?: true;
  /** Taken when the context does not say, and told. */
  assumed?: number;
  /** 0 or at least this: a return on less is no figure that anybody can use. */
  least_above_zero?: number;
}

/** Enough for any currency, and small enough that every figure that is computed from two of them is finite. */
export const MONEY_LIMIT = 1e15;

const MONEY = { minimum: 0, maximum: MONEY_LIMIT, least_above_zero: 0.01 };
const IMPACT = { minimum: -MONEY_LIMIT, maximum: MONEY_LIMIT };
const SCALE = { minimum: 0, maximum: 10 };

/** The numbers that the rules read. The assumed values are the contract's. */
export const NUMBERS: Readonly<Record<InputName, NumberRule>> = {
  revenue_impact: IMPACT,
  customer_impact: IMPACT,
  operational_impact: IMPACT,
  estimated_cost: MONEY,
  expected_revenue: MONEY,
  budget: MONEY,
  estimated_days: { minimum: 1, maximum: 3_650, whole: true, assumed: 30 },
  team_members: { minimum: 1, maximum: 10_000, whole: true, assumed: 3 },
  complexity_score: { ...SCALE, assumed: 5 },
  technical_complexity: { ...SCALE, assumed: 3 },
  market_uncertainty: { ...SCALE, assumed: 2 },
  resource_availability: { ...SCALE, assumed: 8 },
  timeline_pressure: { ...SCALE, assumed: 4 },
};

/** Without these nothing is approved. */
export const REQUIRED = ['estimated_cost', 'expected_revenue'] as const satisfies InputName[];

/** Texts that are shown to people. */
export const TEXTS = ['name', 'business_goal', 'timeframe', 'description'] as const;
export const TEXT_LIMIT = 5_000;

/** `affects_brand: true` means the partnership for brand: the default of that kind, else the one whose id is the word itself. */
export const AFFECTS = 'affects_';
export const DEFAULT_PARTNERS: Readonly<Record<string, string>> = {
  technical: 'cursor_technical',
  brand: 'grok_brand',
  strategic: 'claude_strategic',
  strategy: 'claude_strategic',
  research: 'perplexity_research',
};

export const ALTERNATIVES_LIMIT = 20;
export const PARTNERS_LIMIT = 50;
export const PARTNER_ID_LIMIT = 100;
