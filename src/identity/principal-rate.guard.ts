import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { RateLimits } from '../platform/http/rate-limits/rate-limits.js';

/** Counts a request on the budget of its principal; runs after the guard that found it. */
@Injectable()
export class PrincipalRateGuard implements CanActivate {
  constructor(private readonly limits: RateLimits) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    if (request.principal) await this.limits.countPrincipal(request.principal, request, http.getResponse<Response>());
    return true;
  }
}
