import { Module } from '@nestjs/common';
import { OrganizationData } from '../identity/organizations/organization-deletion.service.js';
import { AgentStatisticsReader } from './agent-statistics-reader.js';
import { AgentWindowReader } from './agent-window-reader.js';
import { ArchivedDeletion } from './archived-deletion.service.js';
import { CountersRepository } from './counters.repository.js';
import { CountingLag } from './counting-lag.js';
import { FactFolder } from './fact-folder.js';
import { RebuildHoldRepository } from './rebuild-hold.repository.js';
import { StatisticsAggregator } from './statistics-aggregator.js';
import { StatisticsArchive } from './statistics-archive.js';
import { StatisticsAudit } from './statistics-audit.js';
import { StatisticsController } from './statistics.controller.js';
import { StatisticsGauges } from './statistics-gauges.js';
import { StatisticsQueries } from './statistics-queries.js';
import { StatisticsRebuild } from './statistics-rebuild.js';
import { StatisticsRecount } from './statistics-recount.js';

/** Counters kept on write, their queries and their recount. Owners of facts register their sources here. */
@Module({
  controllers: [StatisticsController],
  providers: [
    CountersRepository,
    RebuildHoldRepository,
    FactFolder,
    StatisticsAggregator,
    CountingLag,
    StatisticsGauges,
    StatisticsArchive,
    ArchivedDeletion,
    StatisticsQueries,
    AgentStatisticsReader,
    AgentWindowReader,
    StatisticsRecount,
    StatisticsAudit,
    StatisticsRebuild,
  ],
  exports: [
    CountingLag,
    StatisticsAggregator,
    StatisticsGauges,
    StatisticsArchive,
    ArchivedDeletion,
    StatisticsQueries,
    AgentStatisticsReader,
    AgentWindowReader,
    StatisticsRecount,
    StatisticsAudit,
    StatisticsRebuild,
  ],
})
export class StatisticsModule {
  constructor(organizations: OrganizationData, counters: CountersRepository) {
    organizations.registerCounters('statistics', (org_id) => counters.deleteByOrg(org_id));
  }
}
