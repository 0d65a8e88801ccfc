import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../../shared/clock.js';
import { UnauthenticatedError } from '../../shared/domain-error.js';
import type { Principal } from '../principal.js';
import { StandingService } from '../standing/standing.service.js';
import { AccessTokenStrategy } from './access-token.strategy.js';
import type { AccessClaims } from './access-tokens.js';

/** Verified tokens that are remembered. */
const LARGEST = 10_000;

/** What a strategy of Passport tells about one request. */
interface Attempt {
  success(claims: AccessClaims): void;
  fail(): void;
  error(error: unknown): void;
  authenticate(request: IncomingMessage): void;
}

/**
 * From the access token of a request to its principal. Passport keeps strategies for the whole process; here the platform's
 * own one is asked, so that two platforms in one process do not take each other's tokens.
 *
 * A signature does not change: it is computed once per token, and the token is remembered until it expires. Whether its user
 * still stands is asked each time.
 */
@Injectable()
export class AccessTokenLogin {
  private readonly verified = new LRUCache<string, AccessClaims>({ max: LARGEST });

  constructor(
    private readonly strategy: AccessTokenStrategy,
    private readonly standing: StandingService,
    private readonly clock: Clock,
  ) {}

  /** @throws UnauthenticatedError without a valid token, whatever is wrong with it; DatabaseError */
  async principalOf(request: IncomingMessage): Promise<Principal> {
    const header = request.headers.authorization ?? '';
    const known = this.verified.get(header);
    if (known && known.exp * 1000 > this.clock.now().getTime()) return this.standing.ofToken(known);
    this.verified.delete(header);
    const claims = await this.verify(request);
    this.verified.set(header, claims);
    return this.standing.ofToken(claims);
  }

  private verify(request: IncomingMessage): Promise<AccessClaims> {
    return new Promise((resolve, reject) => {
      const refuse = () => {
        reject(new UnauthenticatedError('Sign-in is needed'));
      };
      const attempt = Object.create(this.strategy) as Attempt;
      Object.assign(attempt, { success: resolve, fail: refuse, error: refuse });
      attempt.authenticate(request);
    });
  }
}
