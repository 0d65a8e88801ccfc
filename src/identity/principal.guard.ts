import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { Settings } from '../platform/config/settings.js';
import { PUBLIC_ROUTE } from '../platform/http/public.decorator.js';
import { RequestContext } from '../platform/http/request-context.js';
import { PermissionDeniedError, UnauthenticatedError, ValidationError } from '../shared/domain-error.js';
import { ACCESS } from './access.decorator.js';
import { holds, type Principal, type Role } from './principal.js';

const ID = /^[A-Za-z0-9_.@-]{1,100}$/;

/**
 * The one guard that gives a request its principal. Until sign-in exists it hands out a development principal, which the
 * headers `X-Nexus-Org` and `X-Nexus-User` may name. Production has no such principal unless `NEXUS_DEVELOPMENT_PRINCIPAL`
 * says so: there every route that is not public answers 401.
 */
@Injectable()
export class PrincipalGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly settings: Settings,
    private readonly requestContext: RequestContext,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const isPublic = this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC_ROUTE, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (isPublic) return true;
    if (this.settings.isProduction && !this.settings.get('NEXUS_DEVELOPMENT_PRINCIPAL'))
      throw new UnauthenticatedError('Sign-in is needed');
    const request = context.switchToHttp().getRequest<Request>();
    const principal = this.developmentPrincipal(request);
    request.principal = principal;
    this.requestContext.setPrincipal(principal);
    this.requireRole(context, principal);
    return true;
  }

  private requireRole(context: ExecutionContext, principal: Principal): void {
    const role = this.reflector.getAllAndOverride<Role | undefined>(ACCESS, [context.getHandler(), context.getClass()]);
    if (role !== undefined && !holds(principal, role))
      throw new PermissionDeniedError(`This takes the role ${role}`, { details: { required_role: role } });
  }

  private developmentPrincipal(request: Request): Principal {
    const org_id = request.header('x-nexus-org') ?? 'default';
    const user_id = request.header('x-nexus-user') ?? 'developer';
    if (!ID.test(org_id)) throw ValidationError.field('X-Nexus-Org', 'must be 1-100 letters, digits or _ . @ -');
    if (!ID.test(user_id)) throw ValidationError.field('X-Nexus-User', 'must be 1-100 letters, digits or _ . @ -');
    return { org_id, user_id, roles: ['admin'], via: 'development' };
  }
}
