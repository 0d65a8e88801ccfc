import { Global, Module } from '@nestjs/common';
import { AuditLog } from './audit-log.js';
import { AuditController } from './audit.controller.js';
import { AuditRepository } from './audit.repository.js';

/** The audit log, for every feature that acts on behalf of somebody. */
@Global()
@Module({ controllers: [AuditController], providers: [AuditRepository, AuditLog], exports: [AuditLog] })
export class AuditModule {}
