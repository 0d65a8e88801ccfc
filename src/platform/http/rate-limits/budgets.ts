import { Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';

const WINDOW_SECONDS = 60;
/** Without an answer of Redis for so long a request is counted in this process instead, in milliseconds. */
const COMMAND_TIMEOUT_MS = 500;
const WARN_EVERY_MS = 60_000;

export interface Spent {
  /** False when the budget is used up; the request counts all the same. */
  allowed: boolean;
  remaining: number;
  /** Until the window ends, rounded up. */
  seconds_left: number;
}

type Limiter = Pick<RateLimiterMemory, 'consume'>;

/**
 * Budgets of requests in windows of a minute: in this process, or in Redis where several processes share them. While Redis
 * does not answer each process counts for itself: limits get looser, and no client is locked out.
 */
export class Budgets {
  private readonly limiters = new Map<string, Limiter>();

  private constructor(private readonly redis?: Redis) {}

  static inMemory(): Budgets {
    return new Budgets();
  }

  /** The client is loaded here, so that a process without Redis does not pay for it. */
  static async shared(url: string): Promise<Budgets> {
    const { Redis } = await import('ioredis');
    const redis = new Redis(url, {
      commandTimeout: COMMAND_TIMEOUT_MS,
      maxRetriesPerRequest: 1,
      enableOfflineQueue: false,
    });
    const logger = new Logger(Budgets.name);
    let warnedAt = 0;
    redis.on('error', (error: Error) => {
      if (Date.now() - warnedAt < WARN_EVERY_MS) return;
      warnedAt = Date.now();
      logger.warn({ msg: 'Redis does not answer: rate limits are counted in this process only', err: error });
    });
    return new Budgets(redis);
  }

  /** Takes one request off the budget `name` of `client`. */
  async spend(name: string, client: string, limit: number): Promise<Spent> {
    try {
      return spent(await this.limiter(name, limit).consume(client), true);
    } catch (refusal) {
      if (refusal instanceof RateLimiterRes) return spent(refusal, false);
      throw refusal;
    }
  }

  close(): void {
    this.redis?.disconnect();
  }

  private limiter(name: string, points: number): Limiter {
    const known = this.limiters.get(name);
    if (known) return known;
    const options = { keyPrefix: `nexus:rate:${name}`, points, duration: WINDOW_SECONDS };
    const memory = new RateLimiterMemory(options);
    const limiter = this.redis
      ? new RateLimiterRedis({ ...options, storeClient: this.redis, insuranceLimiter: memory })
      : memory;
    this.limiters.set(name, limiter);
    return limiter;
  }
}

function spent({ remainingPoints, msBeforeNext }: RateLimiterRes, allowed: boolean): Spent {
  return { allowed, remaining: Math.max(0, remainingPoints), seconds_left: Math.ceil(msBeforeNext / 1000) };
}
