import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AuditModule } from './audit/audit.module.js';
import { PrincipalRateGuard } from './principal-rate.guard.js';
import { PrincipalGuard } from './principal.guard.js';

/** Who is calling. */
@Module({
  imports: [AuditModule],
  providers: [
    { provide: APP_GUARD, useClass: PrincipalGuard },
    { provide: APP_GUARD, useClass: PrincipalRateGuard },
  ],
})
export class IdentityModule {}
