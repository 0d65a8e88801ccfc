import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { hasCredentials } from '../presented-credentials.js';
import { PUBLIC_ROUTE } from '../public.decorator.js';
import { RateLimits } from './rate-limits.js';

/**
 * Counts before anybody is known, so that a flood without tokens is limited too. On a public route everybody is a stranger,
 * whatever credentials come along; elsewhere credentials lead to the principal's own budget once they are verified.
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
