import { Module } from '@nestjs/common';
import { AgentDeletionService } from '../agents/agent-deletion.service.js';
import { AgentsModule } from '../agents/agents.module.js';
import { BudgetsModule } from '../budgets/budgets.module.js';
import { Engine } from '../engine/engine.js';
import { OrganizationData } from '../identity/organizations/organization-deletion.service.js';
import { ModelsModule } from '../models/models.module.js';
import { SecretBox } from '../platform/secrets/secret-box.js';
import { SignedWebhooks } from '../platform/webhooks/signed-webhooks.js';
import { RuntimesModule } from '../runtimes/runtimes.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { StatisticsAggregator } from '../statistics/statistics-aggregator.js';
import { StatisticsModule } from '../statistics/statistics.module.js';
import { AgentRunService } from './agent-run.service.js';
import { Approvals } from './approvals.service.js';
import { BackgroundRuns, InterruptedRuns } from './background-runs.service.js';
import { ConversationService } from './conversation.service.js';
import { InvocationRecords } from './invocation-records.js';
import { InvocationsController } from './invocations.controller.js';
import { InvocationsRepository } from './invocations.repository.js';
import { InvocationsService } from './invocations.service.js';
import { LiveRuns } from './live-runs.service.js';
import { MessagesController } from './messages.controller.js';
import { RunAnswers } from './run-answers.js';
import { RunEventsRepository } from './run-events.repository.js';
import { RunEvents } from './run-events.service.js';
import { RunStreams } from './run-streams.service.js';
import { TaskPushesRepository } from './task-pushes.repository.js';
import { TaskPushes } from './task-pushes.service.js';
import { WebhookDeliveriesRepository } from './webhook-deliveries.repository.js';
import { WebhookSender, Webhooks } from './webhooks.service.js';

/** Runs of agents, alone or in a session: their records, events, cancellation, background runs and webhooks. */
@Module({
  imports: [AgentsModule, BudgetsModule, ModelsModule, SessionsModule, RuntimesModule, StatisticsModule],
  controllers: [InvocationsController, MessagesController],
  providers: [
    InvocationsRepository,
    RunEventsRepository,
    WebhookDeliveriesRepository,
    InvocationRecords,
    InterruptedRuns,
    Approvals,
    AgentRunService,
    ConversationService,
    InvocationsService,
    LiveRuns,
    RunStreams,
    RunEvents,
    BackgroundRuns,
    RunAnswers,
    SignedWebhooks,
    SecretBox,
    TaskPushesRepository,
    TaskPushes,
    WebhookSender,
    Webhooks,
  ],
  exports: [
    InvocationsService,
    Approvals,
    ConversationService,
    RunStreams,
    RunEvents,
    BackgroundRuns,
    TaskPushes,
    WebhookSender,
  ],
})
export class InvocationsModule {
  constructor(
    aggregator: StatisticsAggregator,
    records: InvocationRecords,
    agents: AgentDeletionService,
    organizations: OrganizationData,
    deliveries: WebhookDeliveriesRepository,
    pushes: TaskPushesRepository,
    sessions: SessionsService,
    conversations: ConversationService,
    engine: Engine,
    background: BackgroundRuns,
  ) {
    engine.register(background);
    aggregator.register(records);
    agents.register(records);
    organizations.registerRecords('webhook deliveries', (org_id) => deliveries.deleteByOrg(org_id));
    organizations.registerRecords('push notifications', (org_id) => pushes.deleteByOrg(org_id));
    sessions.openFrom(conversations);
  }
}
