import type { Usage } from '../shared/usage.js';

export const BUDGET_SCOPES = ['organization', 'project', 'agent', 'key'] as const;
export type BudgetScope = (typeof BUDGET_SCOPES)[number];
/** The name of a scope in messages. */
export const SCOPE_NAMES: Readonly<Record<BudgetScope, string>> = {
  organization: 'Organization',
  project: 'Project',
  agent: 'Agent',
  key: 'API key',
};

/** Calendar days and months, in UTC. */
export const BUDGET_WINDOWS = ['day', 'month'] as const;
export type BudgetWindow = (typeof BUDGET_WINDOWS)[number];

/** `hard`: a model call that could exceed the limit is refused. `soft`: spending is counted and reported only. */
export const ENFORCEMENTS = ['hard', 'soft'] as const;
export type Enforcement = (typeof ENFORCEMENTS)[number];

/** Shares of a limit, in percent, that are reported once in each window. */
export const THRESHOLDS = [50, 80, 100] as const;
export type Threshold = (typeof THRESHOLDS)[number];

export interface BudgetLimits {
  usd_per_day: number | null;
  usd_per_month: number | null;
  tokens_per_day: number | null;
  tokens_per_month: number | null;
}

export interface Budget extends BudgetLimits {
  org_id: string;
  scope: BudgetScope;
  /** The id of the project, agent or key; of an organization its own id. */
  scope_id: string;
  enforcement: Enforcement;
  webhook_url: string | null;
  /** Increases by one with every change; a threshold is reported again after a change. */
  revision: number;
  created_at: string;
  updated_at: string;
}

/** Whose budgets a model call counts on. */
export interface Spender {
  org_id: string;
  project_id?: string | undefined;
  agent_id?: string | undefined;
  key_id?: string | undefined;
}

/** US dollars are counted in whole billionths, so that sums are exact. */
const NANO = 1_000_000_000;
export const toNano = (usd: number): number => Math.ceil(usd * NANO - 1e-6);
export const toUsd = (nano: number): number => nano / NANO;

/** What a call costs, or may cost at most. */
export interface Amount {
  nano_usd: number;
  tokens: number;
}

export const NOTHING: Amount = { nano_usd: 0, tokens: 0 };

/** An amount that is held for a call that has not ended. */
export interface Hold extends Amount {
  /** Milliseconds since 1970; afterwards the amount is given back. */
  until: number;
}

/** What was spent on a budget in one window, with what is held for calls that have not ended. */
export interface Spending {
  committed: Amount;
  holds: ReadonlyMap<string, Hold>;
  /** The thresholds that were reported, as `<revision>_<threshold>`. */
  reported: ReadonlySet<string>;
}

export const UNSPENT: Spending = { committed: NOTHING, holds: new Map(), reported: new Set() };

/** One window of one budget: where its spending is counted and what limits it. */
export interface Ledger {
  budget: Budget;
  window: BudgetWindow;
  /** `2026-11-20` or `2026-11`. */
  period: string;
  resets_at: Date;
  limit: { nano_usd: number | null; tokens: number | null };
}

export function isOf({ scope, scope_id }: Budget, spender: Spender): boolean {
  return (
    scope_id ===
    { organization: spender.org_id, project: spender.project_id, agent: spender.agent_id, key: spender.key_id }[scope]
  );
}

/** The windows of a budget that have a limit, as they are at `now`. */
export function ledgersOf(budget: Budget, now: Date): Ledger[] {
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  const date = now.toISOString();
  const windows: Ledger[] = [
    {
      budget,
      window: 'day',
      period: date.slice(0, 'YYYY-MM-DD'.length),
      resets_at: new Date(Date.UTC(year, month, day + 1)),
      limit: { nano_usd: nanoOrNull(budget.usd_per_day), tokens: budget.tokens_per_day },
    },
    {
      budget,
      window: 'month',
      period: date.slice(0, 'YYYY-MM'.length),
      resets_at: new Date(Date.UTC(year, month + 1, 1)),
      limit: { nano_usd: nanoOrNull(budget.usd_per_month), tokens: budget.tokens_per_month },
    },
  ];
  return windows.filter(({ limit }) => limit.nano_usd !== null || limit.tokens !== null);
}

const nanoOrNull = (usd: number | null): number | null => (usd === null ? null : Math.round(usd * NANO));

/** What ended calls have spent. */
export function spentOf({ committed, holds }: Spending): Amount {
  return [...holds.values()].reduce(less, committed);
}

export const less = (a: Amount, b: Amount): Amount => ({
  nano_usd: a.nano_usd - b.nano_usd,
  tokens: a.tokens - b.tokens,
});

/** The larger share of the two limits that is spent; 1 is the whole limit. */
export function shareOf({ limit }: Ledger, { nano_usd, tokens }: Amount): number {
  return Math.max(portion(nano_usd, limit.nano_usd), portion(tokens, limit.tokens));
}

function portion(spent: number, limit: number | null): number {
  if (limit === null) return 0;
  return limit === 0 ? 1 : spent / limit;
}

/** The unit whose limit an amount would exceed; undefined while it fits. */
export function unitExceeded({ limit }: Ledger, committed: Amount, asked: Amount): 'usd' | 'tokens' | undefined {
  if (limit.nano_usd !== null && committed.nano_usd + asked.nano_usd > limit.nano_usd) return 'usd';
  return limit.tokens !== null && committed.tokens + asked.tokens > limit.tokens ? 'tokens' : undefined;
}

export const reportedAs = ({ budget }: Ledger, threshold: Threshold): string => `${budget.revision}_${threshold}`;

/** Thresholds that are reached and not reported yet. */
export function newlyReached(ledger: Ledger, spending: Spending, share: number): Threshold[] {
  return THRESHOLDS.filter(
    (threshold) => share * 100 >= threshold && !spending.reported.has(reportedAs(ledger, threshold)),
  );
}

export const tokensIn = ({ input_tokens, output_tokens }: Usage): number => input_tokens + output_tokens;

/** A threshold that is reported to the webhook of a budget. */
export interface BudgetNotice {
  notice_id: string;
  org_id: string;
  url: string;
  /** The body that every attempt sends. */
  payload: Record<string, unknown>;
  attempts: number;
  next_at: string;
  status: 'waiting' | 'delivered' | 'failed';
  last_error: string | null;
}
