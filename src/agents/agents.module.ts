import { Module } from '@nestjs/common';
import { ModelsModule } from '../models/models.module.js';
import { RuntimesModule } from '../runtimes/runtimes.module.js';
import { StatisticsAggregator } from '../statistics/statistics-aggregator.js';
import { StatisticsModule } from '../statistics/statistics.module.js';
import { StatisticsRecount } from '../statistics/statistics-recount.js';
import { ToolsModule } from '../tools/tools.module.js';
import { AgentDeletionService } from './agent-deletion.service.js';
import { AgentGauges } from './agent-gauges.js';
import { AgentInvokeService } from './agent-invoke.service.js';
import { AgentRecordsDeletion } from './agent-records-deletion.js';
import { AgentRunService } from './agent-run.service.js';
import { AgentViewService } from './agent-view.service.js';
import { AgentsController } from './agents.controller.js';
import { AgentsRepository } from './agents.repository.js';
import { AgentsService } from './agents.service.js';
import { InvocationFacts } from './invocation-facts.js';
import { InvocationsController } from './invocations.controller.js';
import { InvocationsRepository } from './invocations.repository.js';
import { InvocationsService } from './invocations.service.js';
import { RunnableAgentsService } from './runnable-agents.service.js';

/** Agents, their versions and their runs. Conversations are a port, bound globally by the sessions module. */
@Module({
  imports: [ModelsModule, RuntimesModule, StatisticsModule, ToolsModule],
  controllers: [AgentsController, InvocationsController],
  providers: [
    AgentsRepository,
    InvocationsRepository,
    InvocationFacts,
    AgentGauges,
    AgentRecordsDeletion,
    AgentDeletionService,
    AgentsService,
    AgentViewService,
    RunnableAgentsService,
    AgentRunService,
    AgentInvokeService,
    InvocationsService,
  ],
  exports: [
    AgentsService,
    AgentViewService,
    RunnableAgentsService,
    AgentRunService,
    AgentInvokeService,
    InvocationsService,
  ],
})
export class AgentsModule {
  constructor(
    aggregator: StatisticsAggregator,
    recount: StatisticsRecount,
    facts: InvocationFacts,
    gauges: AgentGauges,
  ) {
    aggregator.register(facts);
    recount.registerGauges(gauges);
  }
}
