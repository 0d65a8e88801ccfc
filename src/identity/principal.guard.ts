import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import type { Request } from 'express';
import { PUBLIC_ROUTE } from '../platform/http/public.decorator.js';
import { RequestContext } from '../platform/http/request-context.js';
import { DomainError, PermissionDeniedError, UnauthenticatedError } from '../shared/domain-error.js';
import { ACCESS } from './access.decorator.js';
import { ApiKeyLogin } from './keys/api-key-login.service.js';
import { presentedKey } from './keys/presented-key.js';
import { holds, type Principal, type Role } from './principal.js';

/**
 * The one guard of the platform: a token or a key becomes the request's principal, and the route's least role is required.
 * A route that is neither public nor names a role is served to nobody.
 */
@Injectable()
export class PrincipalGuard extends AuthGuard('access-token') implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly requestContext: RequestContext,
    private readonly keys: ApiKeyLogin,
  ) {
    super({ property: 'principal', session: false });
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const from = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC_ROUTE, from)) return true;
    const request = context.switchToHttp().getRequest<Request>();
    const key = presentedKey(request.headers);
    if (key === undefined) await super.canActivate(context);
    else request.principal = await this.keys.principalOf(key);
    const { principal } = request;
    if (!principal) throw new UnauthenticatedError('Sign-in is needed');
    this.requestContext.setPrincipal(principal);
    requireRole(principal, this.reflector.getAllAndOverride<Role | undefined>(ACCESS, from));
    return true;
  }

  /** Whatever is wrong with a token, the answer is the same; a database that fails is not the token's fault. */
  override handleRequest<T = Principal>(error: unknown, principal: T | false): T {
    if (error instanceof DomainError) throw error;
    if (error || !principal) throw new UnauthenticatedError('Sign-in is needed');
    return principal;
  }
}

function requireRole(principal: Principal, role: Role | undefined): void {
  if (role === undefined) throw new PermissionDeniedError('This route is open to nobody');
  if (!holds(principal, role))
    throw new PermissionDeniedError(`This takes the role ${role}`, { details: { required_role: role } });
}
