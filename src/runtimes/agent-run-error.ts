import { ModelError } from '../models/model-error.js';
import type { Usage } from '../shared/usage.js';
import { NO_USAGE } from '../shared/usage.js';
import { DomainError } from '../shared/domain-error.js';
import type { TraceStep } from './agent-runtime.js';

/** `model`: the model failed; `timeout`, `cancelled`: the run was stopped; `limit`: it used up its steps, tokens or money; `runtime`: anything else. */
export type AgentRunFailure = 'model' | 'timeout' | 'cancelled' | 'limit' | 'runtime';

const SUGGESTIONS: Record<AgentRunFailure, string> = {
  model: 'Check the model provider of the platform and try again.',
  timeout: 'Ask for less in one message, or raise limits.timeout_seconds of the agent.',
  cancelled: 'Send the message again if the answer is still wanted.',
  limit: 'Ask for less in one message, or raise the limits of the agent.',
  runtime: 'Try again; if it persists, look the trace id up in the log.',
};

/**
 * A run that ended without an answer. `steps`, `usage` and `cost_usd` hold what happened until then, for the invocation
 * record. When a {@link ModelError} is the cause, `details.fault` says what was wrong with the model.
 */
export class AgentRunError extends DomainError {
  override readonly code = 'AGENT_INVOCATION_FAILED';
  /** Null: not known. */
  cost_usd: number | null = null;

  constructor(
    readonly reason: AgentRunFailure,
    message: string,
    readonly steps: TraceStep[] = [],
    readonly usage: Usage = NO_USAGE,
    cause?: unknown,
  ) {
    const model = cause instanceof ModelError ? cause : undefined;
    super(message, {
      details: { reason, ...model?.details },
      suggestion: model?.suggestion ?? SUGGESTIONS[reason],
      cause,
    });
  }
}
