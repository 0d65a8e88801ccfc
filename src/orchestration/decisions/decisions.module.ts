import { Module } from '@nestjs/common';
import { OrganizationData } from '../../identity/organizations/organization-deletion.service.js';
import { BudgetsModule } from '../../budgets/budgets.module.js';
import { ModelsModule } from '../../models/models.module.js';
import { PartnershipsModule } from '../partnerships/partnerships.module.js';
import { DecisionWriter } from './decision-writer.service.js';
import { DecisionsController } from './decisions.controller.js';
import { DecisionsRepository } from './decisions.repository.js';
import { DecisionsService } from './decisions.service.js';

/** Decisions by fixed rules, and the calibration of their predictions. */
@Module({
  imports: [BudgetsModule, ModelsModule, PartnershipsModule],
  controllers: [DecisionsController],
  providers: [DecisionsRepository, DecisionWriter, DecisionsService],
  exports: [DecisionsService],
})
export class DecisionsModule {
  constructor(organizations: OrganizationData, decisions: DecisionsRepository) {
    organizations.registerRecords('decisions', (org_id) => decisions.deleteByOrg(org_id));
  }
}
