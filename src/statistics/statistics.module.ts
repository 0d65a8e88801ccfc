import { Module } from '@nestjs/common';
import { BudgetsModule } from '../budgets/budgets.module.js';
import { OrganizationData } from '../identity/organizations/organization-deletion.service.js';
import { ArchivedDeletion } from './archived-deletion.js';
import { CountersRepository, RebuildHoldRepository } from './counters.repository.js';
import { CountingLag } from './counting-lag.js';
import { FactFolder } from './fact-folder.js';
import { StatisticsAggregator } from './statistics-aggregator.js';
import { StatisticsRecount, StatisticsRebuild } from './statistics-recount.js';
import { StatisticsController } from './statistics.controller.js';
import { StatisticsGauges } from './statistics-gauges.js';
import { StatisticsQueries } from './statistics-queries.js';

/** Counters kept on write, their queries and their recount. Owners of facts register their sources here. */
@Module({
  imports: [BudgetsModule],
  controllers: [StatisticsController],
  providers: [
    CountersRepository,
    RebuildHoldRepository,
    FactFolder,
    StatisticsAggregator,
    CountingLag,
    StatisticsGauges,
    ArchivedDeletion,
    StatisticsQueries,
    StatisticsRecount,
    StatisticsRebuild,
  ],
  exports: [
    CountingLag,
    StatisticsAggregator,
    StatisticsGauges,
    ArchivedDeletion,
    StatisticsQueries,
    StatisticsRecount,
    StatisticsRebuild,
  ],
})
export class StatisticsModule {
  constructor(organizations: OrganizationData, counters: CountersRepository) {
    organizations.registerCounters('statistics', (org_id) => counters.deleteByOrg(org_id));
  }
}
