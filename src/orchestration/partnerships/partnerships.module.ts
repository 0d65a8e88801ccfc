import { Module } from '@nestjs/common';
import { OrganizationData } from '../../identity/organizations/organization-data.js';
import { AgentsModule } from '../../agents/agents.module.js';
import { StatisticsModule } from '../../statistics/statistics.module.js';
import { HealthNotes } from './health-notes.service.js';
import { HealthUrlProbe } from './health-url-probe.js';
import { PartnershipChanges } from './partnership-changes.service.js';
import { PartnershipHealthController } from './partnership-health.controller.js';
import { PartnershipManagement } from './partnership-management.service.js';
import { PartnershipReadings } from './partnership-readings.service.js';
import { PartnershipWatch } from './partnership-watch.service.js';
import { PartnershipsController } from './partnerships.controller.js';
import { PartnershipsRepository } from './partnerships.repository.js';
import { PartnershipsService } from './partnerships.service.js';
import { WatchTurn } from './watch-turn.service.js';
import { WatchesRepository } from './watches.repository.js';

/** AI partners: what is promised, how they are probed, how they do. */
@Module({
  imports: [AgentsModule, StatisticsModule],
  controllers: [PartnershipHealthController, PartnershipsController],
  providers: [
    PartnershipsRepository,
    WatchesRepository,
    HealthUrlProbe,
    PartnershipReadings,
    PartnershipsService,
    PartnershipChanges,
    HealthNotes,
    WatchTurn,
    PartnershipWatch,
    PartnershipManagement,
  ],
  exports: [PartnershipsService, WatchTurn],
})
export class PartnershipsModule {
  constructor(organizations: OrganizationData, partnerships: PartnershipsRepository) {
    organizations.registerRecords('partnerships', (org_id) => partnerships.deleteByOrg(org_id));
  }
}
