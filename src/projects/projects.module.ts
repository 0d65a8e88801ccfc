import { Global, Module } from '@nestjs/common';
import { BudgetsModule } from '../budgets/budgets.module.js';
import { BudgetsService } from '../budgets/budgets.service.js';
import { OrganizationData } from '../identity/organizations/organization-deletion.service.js';
import { AgentsModule } from '../agents/agents.module.js';
import { ModelsModule } from '../models/models.module.js';
import { StatisticsModule } from '../statistics/statistics.module.js';
import { ToolOwners } from '../tools/attachments/tool-attachment.service.js';
import { ToolsModule } from '../tools/tools.module.js';
import { ArtifactsRepository, BuildsRepository } from './builds.repository.js';
import { StatisticsAggregator } from '../statistics/statistics-aggregator.js';
import { StatisticsRecount } from '../statistics/statistics-recount.js';
import { BuildDashboardService } from './build-dashboard.service.js';
import { BuildFacts, BuildGauges, BuildsService } from './builds.service.js';
import { ProjectBuildController } from './project-build.controller.js';
import { ProjectControlService } from './project-control.service.js';
import { ProjectDeletionRepository } from './project-deletion.repository.js';
import { ProjectDeletionService } from './project-deletion.service.js';
import { ProjectEventsService, ProjectNotifier, ProjectProgressService } from './project-progress.service.js';
import { ProjectToolOwners, ProjectsService } from './projects.service.js';
import { AgentCreationController, ProjectsController } from './projects.controller.js';
import { ProjectsRepository } from './projects.repository.js';

/** Projects, their control, deletion, artifacts, events and build attempts. Global, because it binds the owners that tools declare. */
@Global()
@Module({
  imports: [AgentsModule, BudgetsModule, ModelsModule, StatisticsModule, ToolsModule],
  controllers: [ProjectsController, AgentCreationController, ProjectBuildController],
  providers: [
    ProjectsRepository,
    ProjectDeletionRepository,
    ArtifactsRepository,
    ProjectNotifier,
    ProjectsService,
    ProjectControlService,
    ProjectDeletionService,
    ProjectProgressService,
    ProjectEventsService,
    BuildDashboardService,
    BuildsRepository,
    BuildsService,
    BuildFacts,
    BuildGauges,
    { provide: ToolOwners, useClass: ProjectToolOwners },
  ],
  exports: [
    ToolOwners,
    BuildsService,
    ProjectsService,
    ProjectControlService,
    ProjectProgressService,
    ProjectEventsService,
    ProjectDeletionService,
  ],
})
export class ProjectsModule {
  constructor(
    organizations: OrganizationData,
    deletion: ProjectDeletionService,
    aggregator: StatisticsAggregator,
    recount: StatisticsRecount,
    facts: BuildFacts,
    gauges: BuildGauges,
    budgets: BudgetsService,
    projects: ProjectsRepository,
  ) {
    aggregator.register(facts);
    recount.registerGauges(gauges);
    budgets.registerOwner('project', async (org_id, id) => (await projects.findById(org_id, id)) !== undefined);
    organizations.registerRecords('projects', (org_id) => deletion.deleteByOrg(org_id));
  }
}
