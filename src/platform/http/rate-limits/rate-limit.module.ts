import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { Settings } from '../../config/settings.js';
import { Budgets } from './budgets.js';
import { RateLimits } from './rate-limits.js';
import { StrangerGuard } from './stranger.guard.js';

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
