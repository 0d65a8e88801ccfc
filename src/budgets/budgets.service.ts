import type { LanguageModelV4 } from '@ai-sdk/provider';
import { Injectable, Logger } from '@nestjs/common';
import { actorOf, type Principal } from '../identity/principal.js';
import { AuditLog } from '../identity/audit/audit-log.js';
import { ApiKeysService } from '../identity/keys/api-keys.service.js';
import { ModelsService } from '../models/models.service.js';
import { CachedReads } from '../platform/async/cached-reads.js';
import { Metrics } from '../platform/observability/metrics.js';
import { RequestContext } from '../platform/observability/request-context.js';
import { Clock } from '../shared/clock.js';
import { ConflictError, NotFoundError, ValidationError } from '../shared/domain-error.js';
import { Ids } from '../shared/ids.js';
import type { Usage } from '../shared/usage.js';
import {
  type Amount,
  type Budget,
  BUDGET_SCOPES,
  BUDGET_WINDOWS,
  type BudgetLimits,
  type BudgetScope,
  type Enforcement,
  type Hold,
  isOf,
  type Ledger,
  ledgersOf,
  newlyReached,
  reportedAs,
  shareOf,
  type Spender,
  SCOPE_NAMES,
  type Spending,
  spentOf,
  THRESHOLDS,
  type Threshold,
  tokensIn,
  toNano,
  toUsd,
  unitExceeded,
} from './budget.js';
import { BudgetNotices } from './budget-notices.js';
import { BudgetExceededError, BudgetNotFoundError } from './budgets.errors.js';
import { BudgetsRepository } from './budgets.repository.js';
import { type Held, MeteredModel } from './metered-model.js';
import type { BudgetWindowDto } from './dto/budget.dto.js';

/** How old the list of budgets that a process uses may be, in milliseconds; from half of it on it is renewed in the background. */
const STALE_MS = 10_000;
/** Longer than any run of an agent and any model call. */
export const HOLD_MS = 15 * 60_000;
const LARGEST_LIST = 500;

export interface BudgetChange extends BudgetLimits {
  enforcement: Enforcement;
  webhook_url: string | null;
}

export type BudgetState = Budget & { windows: BudgetWindowDto[] };

type Exists = (org_id: string, id: string) => Promise<boolean>;

/** Budgets of model calls: what may be spent, by whom, and what was. */
@Injectable()
export class BudgetsService {
  private readonly logger = new Logger(BudgetsService.name);
  private readonly cached = new CachedReads({ fresh_ms: STALE_MS / 2, stale_ms: STALE_MS });
  private readonly owners = new Map<BudgetScope, Exists>();
  private readonly reached;
  private readonly refusals;

  constructor(
    private readonly repository: BudgetsRepository,
    private readonly notices: BudgetNotices,
    private readonly models: ModelsService,
    keys: ApiKeysService,
    private readonly audit: AuditLog,
    private readonly context: RequestContext,
    private readonly clock: Clock,
    private readonly ids: Ids,
    metrics: Metrics,
  ) {
    this.owners.set('organization', async (org_id, id) => org_id === id);
    this.owners.set('key', async (org_id, id) => (await keys.list(org_id)).some(({ key_id }) => key_id === id));
    keys.deleteWith((org_id, key_id) => repository.deletion(org_id, 'key', key_id));
    this.reached = metrics.counter('nexus_budget_thresholds_total', 'Budgets that reached a share of their limit.', [
      'scope',
      'window',
      'threshold',
    ]);
    this.refusals = metrics.counter('nexus_budget_refusals_total', 'Model calls refused by hard budgets.', [
      'scope',
      'window',
    ]);
    // An alert on an increase needs the series before its first event.
    for (const scope of BUDGET_SCOPES)
      for (const window of BUDGET_WINDOWS) {
        this.refusals.inc({ scope, window }, 0);
        for (const threshold of THRESHOLDS) this.reached.inc({ scope, window, threshold: String(threshold) }, 0);
      }
  }

  /** Features above register how their records are found, while their modules start. */
  registerOwner(scope: BudgetScope, exists: Exists): void {
    this.owners.set(scope, exists);
  }

  /**
   * Sets a budget. In force at once in this process, within 10 seconds in others.
   * @throws ValidationError, NotFoundError when the scope has no such record, ConflictError for two changes at once
   */
  async set(principal: Principal, scope: BudgetScope, scope_id: string, change: BudgetChange): Promise<BudgetState> {
    const { org_id } = principal;
    const { usd_per_day, usd_per_month, tokens_per_day, tokens_per_month } = change;
    if ([usd_per_day, usd_per_month, tokens_per_day, tokens_per_month].every((limit) => limit === null))
      throw ValidationError.field('usd_per_day', 'is required unless another limit is set; DELETE removes the budget');
    if (change.webhook_url !== null) this.notices.assertCallable(change.webhook_url);
    if (!(await this.owners.get(scope)?.(org_id, scope_id))) throw new NotFoundError(SCOPE_NAMES[scope], scope_id);
    const all = await this.repository.listByOrg(org_id);
    const before = all.find((budget) => budget.scope === scope && budget.scope_id === scope_id);
    if (!before && all.length >= LARGEST_LIST)
      throw ValidationError.field('scope_id', `would exceed the limit of ${LARGEST_LIST} budgets per organization`);
    const updated_at = this.clock.timestamp();
    const revision = (before?.revision ?? 0) + 1;
    const created_at = before?.created_at ?? updated_at;
    const budget: Budget = { org_id, scope, scope_id, ...change, revision, created_at, updated_at };
    if (!(await this.repository.save(budget))) throw new ConflictError('Another request changed the budget');
    this.cached.forget(org_id);
    await this.audit.record({
      org_id,
      actor: actorOf(principal),
      action: 'budget.set',
      outcome: 'success',
      target: scope_id,
      details: { scope, ...change },
    });
    return this.stateOf(budget);
  }

  async list(org_id: string): Promise<BudgetState[]> {
    return this.statesOf(await this.repository.listByOrg(org_id));
  }

  /** @throws BudgetNotFoundError */
  async get(org_id: string, scope: BudgetScope, scope_id: string): Promise<BudgetState> {
    return this.stateOf(await this.find(org_id, scope, scope_id));
  }

  /** What was spent in the current windows is kept. @throws BudgetNotFoundError */
  async delete(principal: Principal, scope: BudgetScope, scope_id: string): Promise<void> {
    const { org_id } = principal;
    await this.find(org_id, scope, scope_id);
    await this.forget(org_id, scope, scope_id);
    await this.audit.record({
      org_id,
      actor: actorOf(principal),
      action: 'budget.deleted',
      outcome: 'success',
      target: scope_id,
      details: { scope },
    });
  }

  /** For records that are deleted with their budget. Safe to repeat. */
  async forget(org_id: string, scope: BudgetScope, scope_id: string): Promise<void> {
    await this.repository.delete(org_id, scope, scope_id);
    this.cached.forget(org_id);
  }

  /** The organization, with the API key of the request that is being served. */
  spenderHere(org_id: string): Spender {
    return { org_id, key_id: this.context.current()?.key_id };
  }

  /** The model, with each call counted on the spender's budgets. Calls throw {@link BudgetExceededError} before the model is called. */
  metered(model: LanguageModelV4, spender: Spender): LanguageModelV4 {
    return new MeteredModel(model, (modelId, most) => this.hold(spender, modelId, most));
  }

  /**
   * Holds what a call may use at most. Costs no database call while no budget applies.
   * @returns undefined when no budget applies
   * @throws BudgetExceededError when a hard budget does not cover it, or its cost is not known
   */
  async hold(spender: Spender, modelId: string, most: () => Usage): Promise<Held | undefined> {
    const { org_id } = spender;
    const all = await this.cached.read(org_id, () => this.repository.listByOrg(org_id));
    const budgets = all.filter((budget) => isOf(budget, spender));
    if (budgets.length === 0) return undefined;
    const now = this.clock.now();
    const hold_id = this.ids.next('hold');
    const usage = most();
    const usd = this.models.costOf(modelId, usage);
    const unpriced = budgets.find((budget) => usd === null && isHardInUsd(budget));
    if (unpriced) throw BudgetExceededError.unpriced(unpriced, modelId);
    const hold = { nano_usd: toNano(usd ?? 0), tokens: tokensIn(usage), until: now.getTime() + HOLD_MS };
    const ledgers = budgets.flatMap((budget) => ledgersOf(budget, now));
    const taken: Ledger[] = [];
    try {
      for (const ledger of ledgers.filter(({ budget }) => budget.enforcement === 'hard')) {
        await this.take(ledger, hold_id, hold);
        taken.push(ledger);
      }
    } catch (error) {
      await this.quietly(async () => {
        for (const ledger of taken) await this.repository.release(ledger, hold_id, hold);
      });
      throw error;
    }
    return {
      release: () =>
        this.quietly(async () => {
          for (const ledger of taken) await this.repository.release(ledger, hold_id, hold);
        }),
      settle: (used) => this.quietly(() => this.settle(ledgers, hold_id, hold, modelId, used)),
    };
  }

  private async settle(ledgers: Ledger[], hold_id: string, hold: Hold, modelId: string, used: Usage): Promise<void> {
    const spent = { nano_usd: toNano(this.models.costOf(modelId, used) ?? 0), tokens: tokensIn(used) };
    const shown: [Ledger, Spending][] = [];
    for (const ledger of ledgers) {
      const spending =
        ledger.budget.enforcement === 'hard'
          ? await this.repository.settle(ledger, hold_id, hold, spent)
          : await this.repository.add(ledger, spent);
      shown.push([ledger, spending]);
      await this.report(ledger, spending, shareOf(ledger, spentOf(spending)));
    }
    this.show(shown);
  }

  /** Takes the amount from one window, with what calls of dead processes hold, if it is needed. @throws BudgetExceededError */
  private async take(ledger: Ledger, hold_id: string, hold: Hold): Promise<void> {
    const nothing: Amount = { nano_usd: 0, tokens: 0 };
    const tooMuch = unitExceeded(ledger, nothing, hold);
    for (;;) {
      const spending = tooMuch
        ? (await this.repository.spendings([ledger]))[0]
        : await this.repository.hold(ledger, hold_id, hold);
      if (!spending) return;
      const expired = [...spending.holds].filter(([, { until }]) => until <= this.clock.now().getTime());
      if (expired.length > 0) {
        for (const [id, amount] of expired) await this.repository.expire(ledger, id, amount);
        continue;
      }
      const unit = tooMuch ?? unitExceeded(ledger, spending.committed, hold);
      // Another call ended between the refusal and the look at it.
      if (!unit) continue;
      this.refusals.inc({ scope: ledger.budget.scope, window: ledger.window });
      this.show([[ledger, spending]]);
      await this.quietly(() => this.report(ledger, spending, 1));
      throw BudgetExceededError.of(ledger, spending, hold, unit);
    }
  }

  /** A call that is refused has used the budget up, even if a smaller one would still fit. */
  private async report(ledger: Ledger, spending: Spending, share: number): Promise<void> {
    for (const threshold of newlyReached(ledger, spending, share)) {
      const notice = this.notices.of(ledger, threshold, this.windowState(ledger, spending));
      const isFirst = await this.notices.start(notice, (writes) =>
        this.repository.report(ledger, reportedAs(ledger, threshold), writes),
      );
      if (isFirst) this.counted(ledger, threshold);
    }
  }

  private counted({ budget, window }: Ledger, threshold: Threshold): void {
    this.reached.inc({ scope: budget.scope, window, threshold: String(threshold) });
    this.logger.warn({
      msg: 'a budget reached a threshold',
      org_id: budget.org_id,
      scope: budget.scope,
      scope_id: budget.scope_id,
      window,
      threshold,
    });
  }

  /** What is left, in the form of the rate limits' headers: quota and window, rest and seconds until the window ends. */
  private show(spendings: [Ledger, Spending][]): void {
    const header = this.context.current()?.answer_header;
    if (!header) return;
    const now = this.clock.now().getTime();
    const items = spendings.flatMap(([{ budget, window, limit, resets_at }, { committed }]) => {
      const seconds = Math.ceil((resets_at.getTime() - now) / 1000);
      const name = (unit: string) => `"${budget.scope}-${window}-${unit}"`;
      const usd =
        limit.nano_usd === null
          ? []
          : [
              {
                name: name('usd'),
                q: toUsd(limit.nano_usd),
                r: toUsd(Math.max(0, limit.nano_usd - committed.nano_usd)),
                t: seconds,
              },
            ];
      const tokens =
        limit.tokens === null
          ? []
          : [{ name: name('tokens'), q: limit.tokens, r: Math.max(0, limit.tokens - committed.tokens), t: seconds }];
      return [...usd, ...tokens].map((item) => ({ ...item, w: window }));
    });
    header('Budget-Policy', items.map(({ name, q, w }) => `${name};q=${q};w=${w}`).join(', '));
    header('Budget', items.map(({ name, r, t }) => `${name};r=${r};t=${t}`).join(', '));
  }

  private async find(org_id: string, scope: BudgetScope, scope_id: string): Promise<Budget> {
    const budgets = await this.repository.listByOrg(org_id);
    const found = budgets.find((budget) => budget.scope === scope && budget.scope_id === scope_id);
    if (!found) throw new BudgetNotFoundError(scope, scope_id);
    return found;
  }

  private async stateOf(budget: Budget): Promise<BudgetState> {
    const [state] = await this.statesOf([budget]);
    return state as BudgetState;
  }

  private async statesOf(budgets: Budget[]): Promise<BudgetState[]> {
    const now = this.clock.now();
    const ledgers = budgets.flatMap((budget) => ledgersOf(budget, now));
    const spendings = await this.repository.spendings(ledgers);
    const windows = ledgers.map((ledger, index) =>
      this.windowState(ledger, withoutExpired(spendings[index] as Spending, now)),
    );
    return budgets.map((budget) => ({
      ...budget,
      windows: windows.filter((_, index) => ledgers[index]?.budget === budget),
    }));
  }

  private windowState(ledger: Ledger, spending: Spending): BudgetWindowDto {
    const { window, period, resets_at, limit } = ledger;
    const spent = spentOf(spending);
    const { committed } = spending;
    return {
      window,
      period,
      resets_at: resets_at.toISOString(),
      usd: {
        limit: limit.nano_usd === null ? null : toUsd(limit.nano_usd),
        spent: toUsd(spent.nano_usd),
        held: toUsd(committed.nano_usd - spent.nano_usd),
      },
      tokens: { limit: limit.tokens, spent: spent.tokens, held: committed.tokens - spent.tokens },
      used_percent: Math.round(shareOf(ledger, spent) * 10_000) / 100,
    };
  }

  /** An answer that was paid for is not lost because it could not be counted; a hold that stays expires. */
  private async quietly(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.logger.error({ msg: 'the cost of a model call could not be counted', err: error });
    }
  }
}

const isHardInUsd = ({ enforcement, usd_per_day, usd_per_month }: Budget): boolean =>
  enforcement === 'hard' && (usd_per_day !== null || usd_per_month !== null);

function withoutExpired({ committed, holds, reported }: Spending, now: Date): Spending {
  const expired = [...holds].filter(([, { until }]) => until <= now.getTime());
  const kept = new Map([...holds].filter(([, { until }]) => until > now.getTime()));
  const left = expired.reduce(
    (sum, [, hold]) => ({ nano_usd: sum.nano_usd - hold.nano_usd, tokens: sum.tokens - hold.tokens }),
    committed,
  );
  return { committed: left, holds: kept, reported };
}
