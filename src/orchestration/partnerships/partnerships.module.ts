import { Module } from '@nestjs/common';
import { OrganizationData } from '../../identity/organizations/organization-deletion.service.js';
import { AgentsModule } from '../../agents/agents.module.js';
import { StatisticsModule } from '../../statistics/statistics.module.js';
import { HealthUrlProbe } from './health-url-probe.js';
import { PartnershipManagement } from './partnership-management.service.js';
import { PartnershipWatch } from './partnership-watch.service.js';
import { PartnershipsController } from './partnerships.controller.js';
import { PartnershipsRepository } from './partnerships.repository.js';
import { PartnershipsService } from './partnerships.service.js';
import { WatchesRepository } from './watches.repository.js';

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
export class PartnershipsModule {
  constructor(organizations: OrganizationData, partnerships: PartnershipsRepository) {
    organizations.registerRecords('partnerships', (org_id) => partnerships.deleteByOrg(org_id));
  }
}
