import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { STREAMS_EVENTS } from '../../platform/http/event-stream.js';
import { hasCredentials } from '../../platform/http/presented-credentials.js';
import { PUBLIC_ROUTE } from '../../platform/http/route.decorators.js';
import { RateLimits } from '../../platform/http/rate-limits/rate-limits.js';
import { RequestContext } from '../../platform/observability/request-context.js';
import { PermissionDeniedError, UnauthenticatedError } from '../../shared/domain-error.js';
import { ACCESS } from '../access.decorators.js';
import { AuditLog } from '../audit/audit-log.js';
import { holds, type Principal, type Role } from '../principal.js';
import { Credentials } from './credentials.js';

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
    const takesTicket = this.reflector.get<string | undefined>(STREAMS_EVENTS, context.getHandler()) === 'browsers';
    const principal = await this.principalOf(request, response, takesTicket);
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
  private async principalOf(request: Request, response: Response, takesTicket: boolean): Promise<Principal> {
    try {
      return await this.credentials.principalOf(request, takesTicket);
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
  new PermissionDeniedError(`This takes the role ${role}`, { details: { required_role: role } });
