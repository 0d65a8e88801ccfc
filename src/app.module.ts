import { type DynamicModule, Module } from '@nestjs/common';
import { AgentsModule } from './agents/agents.module.js';
import { BuildsModule } from './builds/builds.module.js';
import { BudgetsModule } from './budgets/budgets.module.js';
import { CHECKS } from './checks.js';
import { EngineModule } from './engine/engine.module.js';
import { ExportsModule } from './exports/exports.module.js';
import { FlowsModule } from './flows/flows.module.js';
import { HealthModule } from './health/health.module.js';
import { IdentityModule } from './identity/identity.module.js';
import { IntegrationsModule } from './integrations/integrations.module.js';
import { InvocationsModule } from './invocations/invocations.module.js';
import { LegacyModule } from './legacy/legacy.module.js';
import { OrchestrationModule } from './orchestration/orchestration.module.js';
import { ConfigModule } from './platform/config.module.js';
import type { Settings } from './platform/config/settings.js';
import { DatabaseModule } from './platform/database/database.module.js';
import { HttpModule, RateLimitModule } from './platform/http/http.module.js';
import { ObservabilityModule, OutgoingModule } from './platform/platform.module.js';
import { ProtocolsModule } from './protocols/protocols.module.js';
import { ProjectsModule } from './projects/projects.module.js';
import { SessionsModule } from './sessions/sessions.module.js';
import { StagesModule } from './stages/stages.module.js';
import { StatisticsModule } from './statistics/statistics.module.js';
import { TABLES } from './tables.js';

/** The house: floors from the bottom up. The older routes come before the features whose paths theirs overlap with. */
@Module({})
export class AppModule {
  static forRoot(settings: Settings): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(settings),
        DatabaseModule.forRoot(TABLES),
        ObservabilityModule,
        HttpModule,
        OutgoingModule,
        RateLimitModule,
        EngineModule,
        IdentityModule,
        BudgetsModule,
        StagesModule,
        StatisticsModule,
        LegacyModule,
        AgentsModule,
        SessionsModule,
        InvocationsModule,
        ProjectsModule,
        BuildsModule,
        IntegrationsModule,
        FlowsModule,
        HealthModule.forRoot(CHECKS),
        ProtocolsModule,
        OrchestrationModule,
        ExportsModule,
      ],
    };
  }
}
