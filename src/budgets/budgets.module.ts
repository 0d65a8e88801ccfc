import { Module } from '@nestjs/common';
import { Engine } from '../engine/engine.js';
import { OrganizationData } from '../identity/organizations/organization-deletion.service.js';
import { ModelsModule } from '../models/models.module.js';
import { SignedWebhooks } from '../platform/webhooks/signed-webhooks.js';
import { BudgetNotices } from './budget-notices.js';
import { BudgetsController } from './budgets.controller.js';
import { BudgetsRepository } from './budgets.repository.js';
import { BudgetsService } from './budgets.service.js';
import { ModelsController } from './models.controller.js';

/** What model calls may cost: budgets, prices, and tests of models. Features above register how their records are found. */
@Module({
  imports: [ModelsModule],
  controllers: [BudgetsController, ModelsController],
  providers: [BudgetsRepository, SignedWebhooks, BudgetNotices, BudgetsService],
  exports: [BudgetsService],
})
export class BudgetsModule {
  constructor(engine: Engine, notices: BudgetNotices, organizations: OrganizationData, repository: BudgetsRepository) {
    engine.register(notices);
    organizations.registerRecords('budgets', (org_id) => repository.deleteByOrg(org_id));
  }
}
