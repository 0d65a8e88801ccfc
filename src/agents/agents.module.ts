import { Module } from '@nestjs/common';
import { OrganizationData } from '../identity/organizations/organization-data.js';
import { ModelsModule } from '../models/models.module.js';
import { RuntimesModule } from '../runtimes/runtimes.module.js';
import { StatisticsQueries } from '../statistics/statistics-queries.js';
import { StatisticsAggregator } from '../statistics/statistics-aggregator.js';
import { StatisticsModule } from '../statistics/statistics.module.js';
import { StatisticsRecount } from '../statistics/statistics-recount.js';
import { ToolsModule } from '../tools/tools.module.js';
import { AgentDeletionService } from './agent-deletion.service.js';
import { AgentGauges } from './agent-gauges.js';
import { AgentInvokeService } from './agent-invoke.service.js';
import { AgentRecordsDeletion } from './agent-records-deletion.js';
import { AgentPlacementService } from './agent-placement.service.js';
import { AgentRunService } from './agent-run.service.js';
import { AgentRuntimeController } from './agent-runtime.controller.js';
import { AgentViewService } from './agent-view.service.js';
import { AgentsController } from './agents.controller.js';
import { AgentsRepository } from './agents.repository.js';
import { AgentsService } from './agents.service.js';
import { InvocationFacts } from './invocation-facts.js';
import { InvocationsController } from './invocations.controller.js';
import { InvocationsRepository } from './invocations.repository.js';
import { InvocationsService } from './invocations.service.js';
import { RunnableAgentsService } from './runnable-agents.service.js';
import { BackgroundAnswer } from './runs/background-answer.service.js';
import { BackgroundRuns } from './runs/background-runs.service.js';
import { LiveRuns } from './runs/live-runs.service.js';
import { RunCancellation } from './runs/run-cancellation.service.js';
import { RunControlController } from './runs/run-control.controller.js';
import { RunEvents } from './runs/run-events.service.js';
import { RunEventsRepository } from './runs/run-events.repository.js';
import { RunPresenter } from './runs/run-presenter.js';
import { RunTraces } from './runs/run-traces.service.js';
import { RunStreams } from './runs/run-streams.service.js';
import { WebhookDeliveriesRepository } from './webhooks/webhook-deliveries.repository.js';
import { WebhookSecrets } from './webhooks/webhook-secrets.service.js';
import { WebhookSender } from './webhooks/webhook-sender.service.js';
import { WebhookTargets } from './webhooks/webhook-targets.service.js';
import { WebhooksController } from './webhooks/webhooks.controller.js';
import { Webhooks } from './webhooks/webhooks.service.js';

/** Agents, their versions and their runs. Conversations are a port, bound globally by the sessions module. */
@Module({
  imports: [ModelsModule, RuntimesModule, StatisticsModule, ToolsModule],
  controllers: [
    AgentsController,
    AgentRuntimeController,
    InvocationsController,
    RunControlController,
    WebhooksController,
  ],
  providers: [
    AgentsRepository,
    InvocationsRepository,
    InvocationFacts,
    AgentGauges,
    AgentRecordsDeletion,
    AgentDeletionService,
    AgentsService,
    AgentViewService,
    AgentPlacementService,
    RunnableAgentsService,
    AgentRunService,
    AgentInvokeService,
    InvocationsService,
    BackgroundAnswer,
    BackgroundRuns,
    LiveRuns,
    RunCancellation,
    RunEvents,
    RunEventsRepository,
    RunPresenter,
    RunStreams,
    RunTraces,
    WebhookDeliveriesRepository,
    WebhookSecrets,
    WebhookSender,
    WebhookTargets,
    Webhooks,
  ],
  exports: [
    AgentsService,
    AgentViewService,
    RunnableAgentsService,
    AgentRunService,
    AgentInvokeService,
    InvocationsService,
    BackgroundAnswer,
    RunStreams,
  ],
})
export class AgentsModule {
  constructor(
    aggregator: StatisticsAggregator,
    recount: StatisticsRecount,
    facts: InvocationFacts,
    gauges: AgentGauges,
    organizations: OrganizationData,
    deletion: AgentDeletionService,
    queries: StatisticsQueries,
    agents: AgentsRepository,
  ) {
    organizations.registerRecords('agents', (org_id) => deletion.deleteByOrg(org_id));
    aggregator.register(facts);
    recount.registerGauges(gauges);
    queries.registerAgents(agents);
  }
}
