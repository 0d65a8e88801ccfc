import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { PUBLIC_ROUTE } from '../platform/http/public.decorator.js';
import { RequestContext } from '../platform/http/request-context.js';
import { PermissionDeniedError } from '../shared/domain-error.js';
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
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const from = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC_ROUTE, from)) return true;
    const request = context.switchToHttp().getRequest<Request>();
    const key = presentedKey(request.headers);
    const principal = await (key === undefined ? this.tokens.principalOf(request) : this.keys.principalOf(key));
    request.principal = principal;
    this.requestContext.setPrincipal(principal);
    requireRole(principal, this.reflector.getAllAndOverride<Role | undefined>(ACCESS, from));
    return true;
  }
}

function requireRole(principal: Principal, role: Role | undefined): void {
  if (role === undefined) throw new PermissionDeniedError('This route is open to nobody');
  if (!holds(principal, role))
    throw new PermissionDeniedError(`This takes the role ${role}`, { details: { required_role: role } });
}
