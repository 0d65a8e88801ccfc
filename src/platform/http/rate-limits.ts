import {
  Injectable,
  type OnApplicationShutdown,
  Logger,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { RateLimitedError } from '../../shared/domain-error.js';
import { Settings } from '../config/settings.js';
import { Reflector } from '@nestjs/core';
import { hasCredentials } from './edge.js';
import { PUBLIC_ROUTE } from './route.decorators.js';

/** What shares a budget: the orchestration API, sign-in, tests of models, and everything else. Probes are not counted. */
type RateLimitGroup = 'orchestration' | 'auth' | 'model_tests' | 'default';

const ORCHESTRATION = '/api/v1/orchestration';
const SIGN_IN = '/api/v1/auth/';
const MODEL_TEST = '/api/v1/models/test';
/** Each calls a model. */
const MODEL_TESTS_PER_MINUTE = 10;
/** Account routes of signed-in users; everything else under `/auth` is part of signing in. */
const OWN_ACCOUNT = /^\/api\/v1\/auth\/(?:me|logout|sessions|api-keys)(?:\/|$)/;

/**
 * The group of a route; undefined for what is never limited, so that a flood cannot turn a probe red.
 * @param template of the route that takes the request, such as `/api/v1/auth/login`: the path as it was sent has many spellings
 */
function groupOf(template: string): RateLimitGroup | undefined {
  if (template === '/health' || template.startsWith('/health/')) return undefined;
  if (template === ORCHESTRATION || template.startsWith(`${ORCHESTRATION}/`)) return 'orchestration';
  if (template === MODEL_TEST) return 'model_tests';
  return template.startsWith(SIGN_IN) && !OWN_ACCOUNT.test(template) ? 'auth' : 'default';
}

const WINDOW_SECONDS = 60;
/**
 * How many principals' worth of requests one address may send in a minute. Behind one address (an office, a gateway) several
 * principals each have their own budget; this bounds what verifying credentials can cost.
 */
const PRINCIPALS_PER_ADDRESS = 10;

/**
 * Budgets of requests per minute: in this process, or in Redis, where several processes share them. While Redis does not
 * answer, each process counts for itself: limits get looser, but no client is locked out.
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
      logger.warn({ msg: 'Redis does not respond: rate limits are counted in this process only', err: error });
    });
    return new Budgets(redis);
  }

  /** Counts one request against the budget `name` of `client`. */
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

/** Limits requests by address before authentication and by principal after it. */
@Injectable()
export class RateLimits implements OnApplicationShutdown {
  private readonly limits: Record<RateLimitGroup, number>;

  constructor(
    settings: Settings,
    private readonly budgets: Budgets,
  ) {
    this.limits = {
      orchestration: settings.get('RATE_LIMIT_ORCHESTRATION_PER_MINUTE'),
      auth: settings.get('RATE_LIMIT_AUTH_PER_MINUTE'),
      model_tests: MODEL_TESTS_PER_MINUTE,
      default: settings.get('RATE_LIMIT_PER_MINUTE'),
    };
  }

  onApplicationShutdown(): void {
    this.budgets.close();
  }

  /** A request without credentials or with wrong ones. @throws RateLimitedError */
  async countStranger(request: Request, response: Response): Promise<void> {
    const group = groupOf(templateOf(request));
    if (group) await this.spend(group, 'stranger', addressOf(request), this.limits[group], response);
  }

  /** A request with credentials before they are verified, because verification is costly. @throws RateLimitedError */
  async countClaim(request: Request, response: Response): Promise<void> {
    const group = groupOf(templateOf(request));
    if (!group) return;
    await this.spend(group, 'claim', addressOf(request), this.limits[group] * PRINCIPALS_PER_ADDRESS, response);
  }

  /** A request of a known principal. @throws RateLimitedError */
  async countPrincipal(
    { org_id, user_id }: { org_id: string; user_id: string },
    request: Request,
    response: Response,
  ): Promise<void> {
    const group = groupOf(templateOf(request));
    if (group) await this.spend(group, 'principal', `${org_id}:${user_id}`, this.limits[group], response);
  }

  private async spend(
    group: RateLimitGroup,
    kind: string,
    client: string,
    limit: number,
    response: Response,
  ): Promise<void> {
    const { allowed, remaining, seconds_left } = await this.budgets.spend(`${group}:${kind}`, client, limit);
    response.setHeader('X-RateLimit-Limit', limit);
    response.setHeader('X-RateLimit-Remaining', remaining);
    response.setHeader('X-RateLimit-Reset', seconds_left);
    // draft-ietf-httpapi-ratelimit-headers: policy (quota, window) and what is left of it (requests, seconds).
    response.setHeader('RateLimit-Policy', `"${group}";q=${limit};w=${WINDOW_SECONDS}`);
    response.setHeader('RateLimit', `"${group}";r=${remaining};t=${seconds_left}`);
    if (!allowed)
      throw new RateLimitedError(`More than ${limit} requests in a minute`, seconds_left, {
        details: { limit, group },
      });
  }
}

/** A guard runs on a matched route, which is never missing. */
function templateOf(request: Request): string {
  const { path } = request.route as { path: string };
  return path;
}

function addressOf(request: Request): string {
  return request.ip ?? 'unknown';
}

/** If Redis does not answer within this time, in milliseconds, the request is counted in this process. */
const COMMAND_TIMEOUT_MS = 500;
const WARN_EVERY_MS = 60_000;

interface Spent {
  /** False when the budget is used up; the request counts even then. */
  allowed: boolean;
  remaining: number;
  /** Until the window ends, rounded up. */
  seconds_left: number;
}

type Limiter = Pick<RateLimiterMemory, 'consume'>;

function spent({ remainingPoints, msBeforeNext }: RateLimiterRes, allowed: boolean): Spent {
  return { allowed, remaining: Math.max(0, remainingPoints), seconds_left: Math.ceil(msBeforeNext / 1000) };
}

/**
 * Counts before authentication, so that a flood without tokens is limited too. On public routes, every request counts against
 * its address, whatever its credentials; elsewhere verified credentials count against the principal's own budget.
 */
@Injectable()
export class StrangerGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly limits: RateLimits,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const [request, response] = [http.getRequest<Request>(), http.getResponse<Response>()];
    const isPublic = this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC_ROUTE, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (isPublic === true || !hasCredentials(request)) await this.limits.countStranger(request, response);
    else await this.limits.countClaim(request, response);
    return true;
  }
}
