import type { IncomingHttpHeaders } from 'node:http';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { Request, Response } from 'express';
import { LRUCache } from 'lru-cache';
import { atMost } from '../../platform/async/cached-reads.js';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { Settings } from '../../platform/config/settings.js';
import { Clock } from '../../shared/clock.js';
import { UnauthenticatedError, PermissionDeniedError } from '../../shared/domain-error.js';
import { BrowserCookies } from '../authentication/browser-cookies.js';
import { StreamTickets } from '../authentication/stream-tickets.service.js';
import { ApiKeysService } from '../keys/api-keys.service.js';
import { type Principal, holds, type Role } from '../principal.js';
import { type AccessClaims, ALGORITHM, familyOf, tokenSecret } from '../authentication/access-tokens.js';
import { StandingService } from '../authentication/standing.service.js';
import { Reflector } from '@nestjs/core';
import { STREAMS_EVENTS, type Streaming, takesTicket } from '../../platform/http/event-stream.js';
import { hasCredentials } from '../../platform/http/edge.js';
import { PUBLIC_ROUTE } from '../../platform/http/route.decorators.js';
import { RateLimits } from '../../platform/http/rate-limits.js';
import { RequestContext } from '../../platform/observability/request-context.js';
import { ACCESS } from '../access.decorators.js';
import { AuditLog } from '../audit/audit-log.js';

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

const BEARER_KEY = /^Bearer +(nxs_\S+)$/i;

/** The API key of a request, from `X-API-Key` or `Authorization: Bearer nxs_…`; undefined when it brings none. */
function presentedKey(headers: IncomingHttpHeaders): string | undefined {
  const own = headers['x-api-key'];
  if (typeof own === 'string') return own;
  return BEARER_KEY.exec(headers.authorization ?? '')?.[1];
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
  private readonly verified = new LRUCache<string, AccessClaims>(atMost(LARGEST));

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

/**
 * The one guard of the platform: a token or a key becomes the request's principal, and the route's least role is required.
 * A route that is neither public nor names a role is refused.
 */
@Injectable()
export class PrincipalGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly requestContext: RequestContext,
    private readonly credentials: Credentials,
    private readonly limits: RateLimits,
    private readonly audit: AuditLog,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const from = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC_ROUTE, from)) return true;
    const request = context.switchToHttp().getRequest<Request>();
    const response = context.switchToHttp().getResponse<Response>();
    const streams = this.reflector.get<Streaming | undefined>(STREAMS_EVENTS, context.getHandler());
    const principal = await this.principalOf(request, response, takesTicket(streams, request));
    await this.limits.countPrincipal(principal, request, response);
    request.principal = principal;
    this.requestContext.setPrincipal(principal);
    const role = this.reflector.getAllAndOverride<Role | undefined>(ACCESS, from);
    if (role === undefined || !holds(principal, role)) this.refuse(principal, request, role);
    request.recheck = async () => {
      if (!holds(await this.credentials.recheck(principal), role)) throw lacks(role);
    };
    return true;
  }

  /** Wrong credentials count on the budget of the client's address, which limits guessing. */
  private async principalOf(request: Request, response: Response, mayHaveTicket: boolean): Promise<Principal> {
    try {
      return await this.credentials.principalOf(request, mayHaveTicket);
    } catch (error) {
      if (error instanceof UnauthenticatedError && hasCredentials(request))
        await this.limits.countStranger(request, response);
      throw error;
    }
  }

  private refuse(principal: Principal, request: Request, role: Role | undefined): never {
    // The template, not the path, so that the log does not collect ids of other organizations.
    const { path } = (request.route as { path?: string } | undefined) ?? {};
    this.audit.noteRefusal(principal, `${request.method} ${path ?? ''}`.trim(), role ?? null);
    throw role === undefined ? new PermissionDeniedError('No role has access to this route') : lacks(role);
  }
}

const lacks = (role: Role): PermissionDeniedError =>
  new PermissionDeniedError(`This requires the role ${role}`, { details: { required_role: role } });
