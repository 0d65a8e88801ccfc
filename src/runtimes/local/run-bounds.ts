import { addUsage, NO_USAGE, type Usage } from '../../shared/usage.js';
import type { AgentDefinition } from '../agent-definition.js';

/** How far the loop of one run may go: model calls, tokens, money. Its time is the affair of {@link RunDeadline}. */
export class RunBounds {
  constructor(
    private readonly limits: AgentDefinition['limits'],
    /** Null when the price of the model is not known. */
    readonly costOf: (usage: Usage) => number | null,
  ) {}

  /** The bound in words, to follow "did not finish within"; undefined while another model call is allowed. */
  reached(modelCalls: number, usage: Usage): string | undefined {
    const { max_steps, max_total_tokens, max_cost_usd } = this.limits;
    if (modelCalls >= max_steps) return `${max_steps} steps`;
    if (max_total_tokens !== undefined && usage.input_tokens + usage.output_tokens >= max_total_tokens)
      return `${max_total_tokens} tokens`;
    if (max_cost_usd !== undefined && (this.costOf(usage) ?? 0) >= max_cost_usd) return `${max_cost_usd} US dollars`;
    return undefined;
  }

  /** The same for the calls of a run as the SDK counts them. */
  isReached(calls: readonly Usage[]): boolean {
    return this.reached(calls.length, calls.reduce(addUsage, NO_USAGE)) !== undefined;
  }

  /** A bound on cost that cannot be held, because the price of the model is unknown. */
  get isUnknowable(): boolean {
    return this.limits.max_cost_usd !== undefined && this.costOf(NO_USAGE) === null;
  }
}
