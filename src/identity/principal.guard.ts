import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { PUBLIC_ROUTE } from '../platform/http/public.decorator.js';
import { RateLimits } from '../platform/http/rate-limits/rate-limits.js';
import { RequestContext } from '../platform/http/request-context.js';
import { PermissionDeniedError, UnauthenticatedError } from '../shared/domain-error.js';
import { ACCESS } from './access.decorator.js';
import { ApiKeyLogin } from './keys/api-key-login.service.js';
import { presentedKey } from './keys/presented-key.js';
import { AccessTokenLogin } from './tokens/access-token-login.service.js';
import { holds, type Principal, type Role } from './principal.js';

/**
 * The one guard of the platform: a token or a key becomes the request's principal, and the route's least role is required.
 * A route that is neither public nor names a role is served to nobody.
 */
@Injectable()
export class PrincipalGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly requestContext: RequestContext,
    private readonly keys: ApiKeyLogin,
    private readonly tokens: AccessTokenLogin,
    private readonly limits: RateLimits,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const from = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC_ROUTE, from)) return true;
    const request = context.switchToHttp().getRequest<Request>();
    const response = context.switchToHttp().getResponse<Response>();
    const principal = await this.principalOf(request, response);
    await this.limits.countPrincipal(principal, request, response);
    request.principal = principal;
    this.requestContext.setPrincipal(principal);
    requireRole(principal, this.reflector.getAllAndOverride<Role | undefined>(ACCESS, from));
    return true;
  }

  /** Wrong credentials are a stranger's: they count on the budget of the address, so that guessing is limited. */
  private async principalOf(request: Request, response: Response): Promise<Principal> {
    try {
      const key = presentedKey(request.headers);
      return await (key === undefined ? this.tokens.principalOf(request) : this.keys.principalOf(key));
    } catch (error) {
      const isCounted = request.headers.authorization === undefined && request.headers['x-api-key'] === undefined;
      if (error instanceof UnauthenticatedError && !isCounted) await this.limits.countStranger(request, response);
      throw error;
    }
  }
}

function requireRole(principal: Principal, role: Role | undefined): void {
  if (role === undefined) throw new PermissionDeniedError('This route is open to nobody');
  if (!holds(principal, role))
    throw new PermissionDeniedError(`This takes the role ${role}`, { details: { required_role: role } });
}
