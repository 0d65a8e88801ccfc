import { Module } from '@nestjs/common';
import { OperatorController } from './operator.controller.js';
import { OperatorEntryService } from './operator-entry.service.js';
import { OperatorService } from './operator.service.js';
import { OperatorsService } from './operators.service.js';
import { OrganizationsListRepository } from './organizations-list.repository.js';

/** The platform's operators: who they are, and what they do in organisations of others. */
@Module({
  controllers: [OperatorController],
  providers: [OrganizationsListRepository, OperatorService, OperatorEntryService, OperatorsService],
})
export class OperatorModule {}
