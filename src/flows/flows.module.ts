import { Module } from '@nestjs/common';
import { AgentsModule } from '../agents/agents.module.js';
import { BudgetsModule } from '../budgets/budgets.module.js';
import { Engine } from '../engine/engine.js';
import { OrganizationData } from '../identity/organizations/organization-deletion.service.js';
import { IntegrationsModule } from '../integrations/integrations.module.js';
import { OperationUsers } from '../integrations/versions.service.js';
import { InvocationsModule } from '../invocations/invocations.module.js';
import { ModelsModule } from '../models/models.module.js';
import { ToolsModule } from '../tools/tools.module.js';
import { DeadLettersRepository } from './runs/dead-letters.repository.js';
import { DeadLettersService, FlowRunsService } from './runs/flow-runs.service.js';
import { DefinitionWorkers } from './definition/definition-workers.js';
import { FlowReferencesService } from './definition/references.service.js';
import { ToolKinds } from '../tools/kinds/tool-kinds.js';
import { FlowDrafts } from './flow-drafts.service.js';
import { FlowToolKind } from './flow-tool.kind.js';
import { FlowsController } from './flows.controller.js';
import { FlowsRepository } from './flows.repository.js';
import { FlowsService } from './flows.service.js';
import { SecretBox } from '../platform/secrets/secret-box.js';
import { HooksController, TriggersController } from './triggers/triggers.controller.js';
import { PlatformEventsRepository } from '../platform/events/platform-events.repository.js';
import { EventTriggers } from './triggers/event-triggers.service.js';
import { TriggersRepository } from './triggers/triggers.repository.js';
import { TriggersService } from './triggers/triggers.service.js';
import { ControlSteps } from './runs/control-steps.service.js';
import { ExternalSteps } from './runs/external-steps.service.js';
import { FlowRunControl } from './runs/flow-run-control.service.js';
import { FlowRunStarts } from './runs/flow-run-starts.service.js';
import { FlowRunWorkflow } from './runs/flow-run.workflow.js';
import { FlowRunsController } from './runs/flow-runs.controller.js';
import { FlowRunsRepository } from './runs/flow-runs.repository.js';
import { StepRunner } from './runs/step-runner.service.js';

/** Durable flows of agents, tools, calls, people and time: definitions, versions, runs and dead letters. */
@Module({
  imports: [ModelsModule, BudgetsModule, ToolsModule, AgentsModule, InvocationsModule, IntegrationsModule],
  controllers: [FlowsController, FlowRunsController, TriggersController, HooksController],
  providers: [
    FlowsRepository,
    FlowRunsRepository,
    DeadLettersRepository,
    DefinitionWorkers,
    FlowReferencesService,
    FlowsService,
    FlowRunControl,
    FlowRunStarts,
    FlowRunsService,
    DeadLettersService,
    ControlSteps,
    ExternalSteps,
    StepRunner,
    FlowRunWorkflow,
    SecretBox,
    TriggersRepository,
    TriggersService,
    PlatformEventsRepository,
    EventTriggers,
    FlowToolKind,
    FlowDrafts,
  ],
  exports: [FlowsService, FlowRunStarts, FlowRunsService, DefinitionWorkers],
})
export class FlowsModule {
  constructor(
    engine: Engine,
    workflow: FlowRunWorkflow,
    organizations: OrganizationData,
    flows: FlowsRepository,
    runs: FlowRunsRepository,
    triggers: TriggersService,
    events: EventTriggers,
    pending: PlatformEventsRepository,
    kinds: ToolKinds,
    kind: FlowToolKind,
    users: OperationUsers,
    service: FlowsService,
  ) {
    users.register((org_id, integration_id) => service.usersOf(org_id, integration_id));
    kinds.register('flow', kind);
    engine.register(workflow);
    workflow.onEnd((run) => events.runEnded(run));
    organizations.registerRecords('flow triggers', async (org_id) => {
      for await (const flow_id of flows.idsByOrg(org_id)) await triggers.deleteByFlow(org_id, flow_id);
    });
    organizations.registerRecords('events', (org_id) => pending.deleteByOrg(org_id));
    organizations.registerRecords('flows', (org_id) => flows.deleteByOrg(org_id));
    organizations.registerRecords('flow runs', (org_id) => runs.deleteByOrg(org_id));
  }
}
