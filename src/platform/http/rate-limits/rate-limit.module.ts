import { Global, Module, type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { APP_GUARD, Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { Settings } from '../../config/settings.js';
import { Budgets, RateLimits } from './rate-limits.js';
import { hasCredentials } from '../presented-credentials.js';
import { PUBLIC_ROUTE } from '../route.decorators.js';

/**
 * Counts before anybody is known, so that a flood without tokens is limited too. On a public route everybody is a stranger,
 * whatever credentials come along; elsewhere credentials lead to the principal's own budget once they are verified.
 */
@Injectable()
class StrangerGuard implements CanActivate {
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

/** Imported before identity: its guard runs before anybody is known. */
@Global()
@Module({
  providers: [
    { provide: Budgets, inject: [Settings], useFactory: budgetsOf },
    RateLimits,
    { provide: APP_GUARD, useClass: StrangerGuard },
  ],
  exports: [RateLimits],
})
export class RateLimitModule {}

async function budgetsOf(settings: Settings): Promise<Budgets> {
  const url = settings.get('REDIS_URL');
  return url === undefined ? Budgets.inMemory() : Budgets.shared(url);
}
