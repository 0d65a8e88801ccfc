import { Injectable } from '@nestjs/common';
import { Settings } from '../../../../platform/config/settings.js';
import { SelfCalls } from '../../self-calls.js';
import { fail, type Finding, pass, ReadinessCheck } from '../readiness-check.js';

/** A limit beyond is none: no client reaches it. */
const LOOSEST_PER_MINUTE = 100_000;

/** Asks twice and sees what is left of the budget go down. */
@Injectable()
export class RateLimitingReadiness extends ReadinessCheck {
  override readonly name = 'rate_limiting';

  constructor(
    private readonly self: SelfCalls,
    private readonly settings: Settings,
  ) {
    super();
  }

  override async look(): Promise<Finding> {
    const [first, second] = [
      await this.self.ask('/api/v1/orchestration/info'),
      await this.self.ask('/api/v1/orchestration/info'),
    ];
    const limit = Number(first.headers['x-ratelimit-limit']);
    const left = [first, second].map(({ headers }) => Number(headers['x-ratelimit-remaining']));
    const limits = {
      default: this.settings.get('RATE_LIMIT_PER_MINUTE'),
      orchestration: this.settings.get('RATE_LIMIT_ORCHESTRATION_PER_MINUTE'),
      auth: this.settings.get('RATE_LIMIT_AUTH_PER_MINUTE'),
    };
    const evidence = { limit, remaining: left, limits, shared: this.settings.get('REDIS_URL') !== undefined };
    const isCounted = Number.isFinite(limit) && ((left[1] ?? 0) < (left[0] ?? 0) || second.status === 429);
    if (!isCounted)
      return fail('Requests are not counted', evidence, 'Set REDIS_URL to a store that answers, or unset it.');
    const loose = Object.entries(limits).filter(([, one]) => one > LOOSEST_PER_MINUTE);
    return loose.length === 0
      ? pass('Requests are counted, and there is an end to them', evidence)
      : fail(
          `The limits of ${loose.map(([name]) => name).join(', ')} are so high that they limit nothing`,
          evidence,
          `Set RATE_LIMIT_PER_MINUTE, RATE_LIMIT_ORCHESTRATION_PER_MINUTE and RATE_LIMIT_AUTH_PER_MINUTE to at most ${LOOSEST_PER_MINUTE}.`,
        );
  }
}
