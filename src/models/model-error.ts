import { DomainError, type DomainErrorOptions } from '../shared/domain-error.js';
import { NO_USAGE, type Usage } from '../shared/usage.js';

/**
 * What went wrong with a model: `authentication` the key is refused; `unknown_model` the provider has no such model;
 * `invalid_request` it refuses the request itself; `rate_limit`, `timeout`, `outage` it cannot answer now; `refusal` it
 * will not answer this; `truncated` the answer was cut off; `malformed` the answer is not what was asked for; `internal`
 * anything else.
 */
export type ModelFault =
  | 'authentication'
  | 'unknown_model'
  | 'invalid_request'
  | 'rate_limit'
  | 'timeout'
  | 'outage'
  | 'refusal'
  | 'truncated'
  | 'malformed'
  | 'internal';

const PASSING: ReadonlySet<ModelFault> = new Set<ModelFault>(['rate_limit', 'timeout', 'outage']);

const SUGGESTIONS: Record<ModelFault, string> = {
  authentication: 'Check the key of the model provider in the settings of the platform.',
  unknown_model: 'Check MODEL_ID, or the model_id of the project or agent: the provider does not offer it to this key.',
  invalid_request: 'Check that the model supports what the request needs (tools, length of the conversation, JSON).',
  rate_limit: 'Try again later; if it happens often, raise the limit at the provider.',
  timeout: 'Try again, ask for less, or raise MODEL_TIMEOUT_SECONDS.',
  outage: 'Try again in a moment; GET /health/detailed shows when the provider responds again.',
  refusal: 'Rephrase the message: the model declined to answer it.',
  truncated: 'Ask for a shorter answer, or raise limits.max_output_tokens of the agent.',
  malformed: 'Try again, or use a model that follows a JSON schema more reliably.',
  internal: 'Try again; if it persists, look up the trace id in the log.',
};

export interface ModelErrorOptions extends DomainErrorOptions {
  fault?: ModelFault;
  /** Whether the same request may succeed later; by default the fault tells. */
  transient?: boolean;
  /** How long the provider asks to be left alone, in milliseconds. */
  retryAfterMs?: number;
  usage?: Usage;
}

/** The language model gave no usable answer. `transient` says whether the same request may succeed later. */
export class ModelError extends DomainError {
  override readonly code = 'INTERNAL_ERROR';
  readonly fault: ModelFault;
  readonly transient: boolean;
  readonly retryAfterMs: number | undefined;
  /** What was read and written before the failure. */
  usage: Usage;

  constructor(message: string, options: ModelErrorOptions = {}) {
    const fault = options.fault ?? 'internal';
    const { retryAfterMs } = options;
    super(message, {
      suggestion: SUGGESTIONS[fault],
      ...options,
      details: {
        fault,
        ...(retryAfterMs === undefined ? {} : { retry_after_seconds: Math.ceil(retryAfterMs / 1000) }),
        ...options.details,
      },
    });
    this.fault = fault;
    this.transient = options.transient ?? PASSING.has(fault);
    this.retryAfterMs = retryAfterMs;
    this.usage = options.usage ?? NO_USAGE;
  }
}
