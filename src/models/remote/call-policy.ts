import { setTimeout as delay } from 'node:timers/promises';
import { BrokenCircuitError, circuitBreaker, CircuitState, CountBreaker, handleWhen } from 'cockatiel';
import { ModelError } from '../model-error.js';
import { type Called, failure } from './provider-failure.js';

/** A provider that asks for a longer rest gets its error passed on at once. */
const LONGEST_WAIT_MS = 30_000;
const FIRST_WAIT_MS = 500;
const WAIT_MAX_MS = 10_000;

export interface CallLimits {
  retries: number;
  /** So many failures, and most of the last calls, open the breaker. */
  breakerFailures: number;
  breakerSeconds: number;
}

/**
 * How a provider is called: what passes is tried again with jitter, or after as long as `Retry-After` says; a provider
 * that is out is left alone by all calls for a while, and one of them then tries whether it is back.
 */
export class CallPolicy {
  private readonly breaker;

  constructor(private readonly limits: CallLimits) {
    const { breakerFailures, breakerSeconds } = limits;
    const window = { threshold: 0.5, size: breakerFailures * 2, minimumNumberOfCalls: breakerFailures };
    this.breaker = circuitBreaker(handleWhen(isOutage), {
      halfOpenAfter: breakerSeconds * 1000,
      breaker: new CountBreaker(window),
    });
  }

  get state(): 'closed' | 'half_open' | 'open' {
    const { state } = this.breaker;
    if (state === CircuitState.Closed) return 'closed';
    return state === CircuitState.HalfOpen ? 'half_open' : 'open';
  }

  /** Rejects with a {@link ModelError}, or with the reason of the caller's signal. */
  async execute<T>(called: Called, attempt: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        return await this.breaker.execute(attempt);
      } catch (error) {
        if (error instanceof BrokenCircuitError) throw this.isOpen(called, error);
        signal?.throwIfAborted();
        const wait = waitBefore(tries, error);
        if (tries >= this.limits.retries || wait === undefined) throw error;
        await delay(wait, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted());
      }
    }
  }

  /** Counts a failure that came after the call had succeeded, in the middle of its stream. */
  failed(error: ModelError): void {
    if (this.state === 'closed') void this.breaker.execute(() => Promise.reject(error)).catch(() => undefined);
  }

  private isOpen(called: Called, cause: BrokenCircuitError): ModelError {
    return failure('outage', called, {
      reason: 'it failed several times in a row and is left alone for a moment',
      details: { breaker: 'open', retry_after_seconds: this.limits.breakerSeconds },
      cause,
    });
  }
}

function isOutage(error: unknown): boolean {
  return error instanceof ModelError && (error.fault === 'outage' || error.fault === 'timeout');
}

/** Milliseconds until the next try, with full jitter; undefined when there is to be none. */
function waitBefore(tries: number, error: unknown): number | undefined {
  if (!(error instanceof ModelError) || !error.transient) return undefined;
  if (error.retryAfterMs !== undefined)
    return error.retryAfterMs > LONGEST_WAIT_MS ? undefined : error.retryAfterMs + Math.random() * FIRST_WAIT_MS;
  return Math.random() * Math.min(WAIT_MAX_MS, FIRST_WAIT_MS * 2 ** (tries + 1));
}
