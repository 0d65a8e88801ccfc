import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Request, Response } from 'express';
import { RateLimitedError } from '../../../shared/domain-error.js';
import { Settings } from '../../config/settings.js';
import { Budgets } from './budgets.js';

/** What shares a budget: the orchestration API, sign-in, and everything else. Probes are not counted. */
type RateLimitGroup = 'orchestration' | 'auth' | 'default';

const ORCHESTRATION = '/api/v1/orchestration';
const SIGN_IN = '/api/v1/auth/';
/** What a signed-in user does with the account; everything else under `/auth` is part of signing in. */
const OWN_ACCOUNT = /^\/api\/v1\/auth\/(?:me|logout|sessions)(?:\/|$)/;

/**
 * The group of a route; undefined for what is never limited, so that a flood cannot turn a probe red.
 * @param template of the route that takes the request, such as `/api/v1/auth/login`: the path as it was sent has many spellings
 */
function groupOf(template: string): RateLimitGroup | undefined {
  if (template === '/health' || template.startsWith('/health/')) return undefined;
  if (template === ORCHESTRATION || template.startsWith(`${ORCHESTRATION}/`)) return 'orchestration';
  return template.startsWith(SIGN_IN) && !OWN_ACCOUNT.test(template) ? 'auth' : 'default';
}

const WINDOW_SECONDS = 60;
/**
 * How many principals' worth of requests one address may send in a minute. Behind one address (an office, a gateway) several
 * principals each have their own budget; this bounds what verifying credentials can cost.
 */
const PRINCIPALS_PER_ADDRESS = 10;

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
      default: settings.get('RATE_LIMIT_PER_MINUTE'),
    };
  }

  onApplicationShutdown(): void {
    this.budgets.close();
  }

  /** A request whose sender is not known, or whose credentials turned out wrong. @throws RateLimitedError */
  async countStranger(request: Request, response: Response): Promise<void> {
    const group = groupOf(templateOf(request));
    if (group) await this.spend(group, 'stranger', addressOf(request), this.limits[group], response);
  }

  /** A request with credentials that are still to be verified, which costs something. @throws RateLimitedError */
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
