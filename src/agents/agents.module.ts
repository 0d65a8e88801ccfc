import { Module } from '@nestjs/common';
import { BudgetsModule } from '../budgets/budgets.module.js';
import { BudgetsService } from '../budgets/budgets.service.js';
import { OrganizationData } from '../identity/organizations/organization-deletion.service.js';
import { ModelsModule } from '../models/models.module.js';
import { RuntimesModule } from '../runtimes/runtimes.module.js';
import { StatisticsQueries } from '../statistics/statistics-queries.js';
import { StatisticsModule } from '../statistics/statistics.module.js';
import { StatisticsRecount } from '../statistics/statistics-recount.js';
import { ToolsModule } from '../tools/tools.module.js';
import { AgentDefinitions } from './agent-definitions.service.js';
import { AgentDeletionService } from './agent-deletion.service.js';
import { AgentDocumentsRepository } from './agent-documents.repository.js';
import { AgentViewService } from './agent-view.service.js';
import { AgentExamplesController } from './agent-examples.controller.js';
import { AgentExamplesRepository } from './agent-examples.repository.js';
import { AgentExamples } from './agent-examples.service.js';
import { AgentsController } from './agents.controller.js';
import { AgentsRepository } from './agents.repository.js';
import { AgentsService } from './agents.service.js';
import { RolloutsController } from './rollouts.controller.js';
import { RolloutsService } from './rollouts.service.js';

/** The registry: agents, their versions and where they run. Higher floors register what they store under agents. */
@Module({
  imports: [BudgetsModule, ModelsModule, RuntimesModule, StatisticsModule, ToolsModule],
  controllers: [AgentsController, AgentExamplesController, RolloutsController],
  providers: [
    AgentsRepository,
    AgentDocumentsRepository,
    AgentExamplesRepository,
    AgentExamples,
    AgentDeletionService,
    AgentsService,
    AgentDefinitions,
    AgentViewService,
    RolloutsService,
  ],
  exports: [AgentsService, AgentDefinitions, AgentExamples, AgentDeletionService, AgentViewService],
})
export class AgentsModule {
  constructor(
    recount: StatisticsRecount,
    organizations: OrganizationData,
    agents: AgentsService,
    deletion: AgentDeletionService,
    queries: StatisticsQueries,
    budgets: BudgetsService,
  ) {
    organizations.registerRecords('agents', (org_id) => deletion.deleteByOrg(org_id));
    recount.registerGauges(agents);
    queries.registerAgents(agents);
    budgets.registerOwner('agent', (org_id, agent_id) => agents.exists(org_id, agent_id));
    deletion.register({
      deleteByAgent: async ({ org_id, agent_id }) => {
        await budgets.forget(org_id, 'agent', agent_id);
        return {};
      },
    });
  }
}
