import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AuditModule } from './audit/audit.module.js';
import { PrincipalGuard } from './principal.guard.js';

/** Who is calling. */
@Module({ imports: [AuditModule], providers: [{ provide: APP_GUARD, useClass: PrincipalGuard }] })
export class IdentityModule {}
