import { Module } from '@nestjs/common';
import { OrganizationData } from '../identity/organizations/organization-deletion.service.js';
import { AgentsModule } from '../agents/agents.module.js';
import { StatisticsModule } from '../statistics/statistics.module.js';
import { HealthUrlProbe, PartnershipWatch } from './partnerships/partnership-watch.service.js';
import { PartnershipManagement } from './partnerships/partnership-management.service.js';
import { PartnershipsController } from './partnerships/partnerships.controller.js';
import { PartnershipsRepository } from './partnerships/partnerships.repository.js';
import { PartnershipsService } from './partnerships/partnerships.service.js';
import { WatchesRepository } from './partnerships/watches.repository.js';
import { BudgetsModule } from '../budgets/budgets.module.js';
import { ModelsModule } from '../models/models.module.js';
import { DecisionWriter } from './decisions/decision-writer.service.js';
import { DecisionsController } from './decisions/decisions.controller.js';
import { DecisionsRepository } from './decisions/decisions.repository.js';
import { DecisionsService } from './decisions/decisions.service.js';
import { ConfigurationService } from './overview/configuration.service.js';
import { EndpointDocsService } from './overview/endpoint-docs.service.js';
import { InfoService } from './overview/info.service.js';
import { OverviewController } from './overview/overview.controller.js';
import { ReadinessService, StatusService } from './overview/status.service.js';

/** AI partners: their records, their probes and their measured health. */
@Module({
  imports: [AgentsModule, StatisticsModule],
  controllers: [PartnershipsController],
  providers: [
    PartnershipsRepository,
    WatchesRepository,
    HealthUrlProbe,
    PartnershipsService,
    PartnershipWatch,
    PartnershipManagement,
  ],
  exports: [PartnershipsService],
})
class PartnershipsModule {
  constructor(organizations: OrganizationData, partnerships: PartnershipsRepository) {
    organizations.registerRecords('partnerships', (org_id) => partnerships.deleteByOrg(org_id));
  }
}

/** Decisions by fixed rules, and the calibration of their predictions. */
@Module({
  imports: [BudgetsModule, ModelsModule, PartnershipsModule],
  controllers: [DecisionsController],
  providers: [DecisionsRepository, DecisionWriter, DecisionsService],
  exports: [DecisionsService],
})
class DecisionsModule {
  constructor(organizations: OrganizationData, decisions: DecisionsRepository) {
    organizations.registerRecords('decisions', (org_id) => decisions.deleteByOrg(org_id));
  }
}

/** Reports on the platform itself: status, settings, production readiness, information and its own routes. */
@Module({
  imports: [DecisionsModule, PartnershipsModule],
  controllers: [OverviewController],
  providers: [StatusService, ConfigurationService, ReadinessService, InfoService, EndpointDocsService],
})
class OverviewModule {}

/** AI partners, decisions that keep score of their predictions, and reports on the platform itself. */
@Module({ imports: [PartnershipsModule, DecisionsModule, OverviewModule] })
export class OrchestrationModule {}
