import type { IncomingHttpHeaders } from 'node:http';
import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { Request } from 'express';
import { LRUCache } from 'lru-cache';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { Settings } from '../../platform/config/settings.js';
import { Clock } from '../../shared/clock.js';
import { UnauthenticatedError } from '../../shared/domain-error.js';
import { BrowserCookies } from '../authentication/browser-cookies.js';
import { StreamTickets } from '../authentication/stream-tickets.service.js';
import { presentedKey } from '../keys/api-key.js';
import { ApiKeysService } from '../keys/api-keys.service.js';
import type { Principal } from '../principal.js';
import { type AccessClaims, ALGORITHM, familyOf, tokenSecret } from '../authentication/access-tokens.js';
import { StandingService } from '../authentication/standing.service.js';

/** `Authorization: Bearer <access token>`: signature, algorithm, issuer, audience and times. */
@Injectable()
export class AccessTokenStrategy extends PassportStrategy(Strategy, 'access-token') {
  constructor(settings: Settings) {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: tokenSecret(settings),
      algorithms: [ALGORITHM],
      issuer: settings.get('JWT_ISSUER'),
      audience: settings.get('JWT_AUDIENCE'),
      ignoreExpiration: false,
    });
  }

  /** A token without an expiry would be valid for ever: it is refused. */
  validate(claims: AccessClaims): AccessClaims | false {
    return typeof claims.exp === 'number' ? claims : false;
  }
}

/** Verified tokens that are cached. */
const LARGEST = 10_000;

/** How a strategy of Passport reports on one request. */
interface Attempt {
  success(claims: AccessClaims): void;
  fail(): void;
  error(error: unknown): void;
  authenticate(request: { headers: IncomingHttpHeaders }): void;
}

/**
 * The API key, the access token, or both, that a request carries in its headers; without them, the ticket or the cookie of a browser. A
 * signature is verified once, and the token is cached until it expires. Whether its sign-in and its user still stand is checked each
 * time. The strategy is called without Passport's registry (docs/adr/0028).
 */
@Injectable()
export class Credentials {
  private readonly verified = new LRUCache<string, AccessClaims>({ max: LARGEST });

  constructor(
    private readonly keys: ApiKeysService,
    private readonly strategy: AccessTokenStrategy,
    private readonly standing: StandingService,
    private readonly tickets: StreamTickets,
    private readonly cookies: BrowserCookies,
    private readonly clock: Clock,
  ) {}

  /**
   * With a key in `X-API-Key` and a token in `Authorization` a valid one wins; the key if both are.
   * @param takesTicket the route is an event stream that a ticket may open
   * @throws UnauthenticatedError without valid credentials, whatever is wrong with them; PermissionDeniedError for a cookie
   * without its CSRF token; DatabaseError
   */
  async principalOf(request: Request, takesTicket: boolean): Promise<Principal> {
    const { headers } = request;
    const key = presentedKey(headers);
    if (key === undefined)
      return headers.authorization === undefined
        ? this.ofBrowser(request, takesTicket)
        : this.ofToken(headers.authorization);
    if (headers['x-api-key'] === undefined || headers.authorization === undefined) return this.keys.principalOf(key);
    const inAuthorization = presentedKey({ authorization: headers.authorization });
    try {
      return await this.keys.principalOf(key);
    } catch (error) {
      if (!(error instanceof UnauthenticatedError)) throw error;
      return inAuthorization === undefined
        ? this.ofToken(headers.authorization)
        : this.keys.principalOf(inAuthorization);
    }
  }

  /**
   * The same principal with its present roles. An expired access token passes while its sign-in stands.
   * @throws UnauthenticatedError when the sign-in, key, user or membership has ended; DatabaseError
   */
  recheck(principal: Principal): Promise<Principal> {
    const { via, user_id: sub, org_id: org, token_id: id = '', is_operator } = principal;
    if (via === 'api_key') return this.keys.principalOfKey(org, id);
    return this.standing.ofToken({ sub, org, jti: id, ...(is_operator ? { operator: true } : {}) });
  }

  /** Of a ticket and a cookie a valid one wins. A ticket is bound to the path, so that no other address takes it. */
  private async ofBrowser(request: Request, takesTicket: boolean): Promise<Principal> {
    const { stream_ticket } = request;
    const token = this.cookies.accessToken(request);
    if (takesTicket && stream_ticket !== undefined) {
      try {
        return await this.recheck(await this.tickets.redeem(stream_ticket, request.path));
      } catch (error) {
        if (!(error instanceof UnauthenticatedError) || token === undefined) throw error;
      }
    }
    if (token === undefined) throw needed();
    const principal = await this.ofToken(`Bearer ${token}`);
    this.cookies.requireCsrfToken(request, familyOf(principal.token_id ?? ''));
    return principal;
  }

  /** @param header as in `Authorization` */
  private async ofToken(header: string): Promise<Principal> {
    const known = this.verified.get(header);
    if (known && known.exp * 1000 > this.clock.now().getTime()) return this.standing.ofToken(known);
    this.verified.delete(header);
    const claims = await this.verify(header);
    this.verified.set(header, claims);
    return this.standing.ofToken(claims);
  }

  private verify(authorization: string): Promise<AccessClaims> {
    return new Promise((resolve, reject) => {
      const refuse = () => {
        reject(needed());
      };
      const attempt = Object.create(this.strategy) as Attempt;
      Object.assign(attempt, { success: resolve, fail: refuse, error: refuse });
      attempt.authenticate({ headers: { authorization } });
    });
  }
}

const needed = (): UnauthenticatedError => new UnauthenticatedError('Authentication is required');
