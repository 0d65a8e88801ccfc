import { DomainError, inSentence, NotFoundError } from '../shared/domain-error.js';
import {
  type Amount,
  type Budget,
  type BudgetScope,
  type Ledger,
  SCOPE_NAMES,
  type Spending,
  spentOf,
  toUsd,
} from './budget.js';

const ADJECTIVES = { day: 'daily', month: 'monthly' } as const;

/** A hard budget does not allow a model call. The model was not called. */
export class BudgetExceededError extends DomainError {
  override readonly code = 'BUDGET_EXCEEDED';

  /** The call could exceed the limit. */
  static of(ledger: Ledger, spending: Spending, asked: Amount, unit: 'usd' | 'tokens'): BudgetExceededError {
    const { budget, window, limit, resets_at } = ledger;
    const shown = ({ nano_usd, tokens }: Amount): number => (unit === 'usd' ? toUsd(nano_usd) : tokens);
    const spent = spentOf(spending);
    const most = unit === 'usd' ? toUsd(limit.nano_usd ?? 0) : (limit.tokens ?? 0);
    const held = shown(spending.committed) - shown(spent);
    return new BudgetExceededError(
      `The ${ADJECTIVES[window]} budget of the ${inSentence(SCOPE_NAMES[budget.scope])} does not cover this model call`,
      {
        details: {
          ...scopeOf(budget),
          window,
          unit,
          limit: most,
          spent: shown(spent),
          held_by_running_calls: held,
          needed: shown(asked),
          resets_at: resets_at.toISOString(),
        },
        suggestion:
          'Wait until resets_at, send a shorter input, lower limits.max_output_tokens of the agent, or ask an administrator to raise the budget.',
      },
    );
  }

  /** The limit is in US dollars, and the price of the model is not known. */
  static unpriced(budget: Budget, model: string): BudgetExceededError {
    return new BudgetExceededError(`A budget in US dollars applies, but the price of the model ${model} is not known`, {
      details: { ...scopeOf(budget), model },
      suggestion: 'Add the price to the setting MODEL_PRICES, use another model, or set a budget in tokens.',
    });
  }
}

export class BudgetNotFoundError extends NotFoundError {
  constructor(scope: BudgetScope, scope_id: string) {
    super('Budget', scope_id, { details: { scope }, suggestion: 'GET /api/v1/budgets lists the budgets.' });
  }
}

const scopeOf = ({ scope, scope_id }: Budget) => ({ scope, scope_id });
