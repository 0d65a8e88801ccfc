import { Module } from '@nestjs/common';
import { BuildsModule } from '../../builds/builds.module.js';
import { HealthModule } from '../../health/health.module.js';
import { ModelsModule } from '../../models/models.module.js';
import { RuntimesModule } from '../../runtimes/runtimes.module.js';
import { Clock } from '../../shared/clock.js';
import { StatisticsModule } from '../../statistics/statistics.module.js';
import { DecisionsModule } from '../decisions/decisions.module.js';
import { PartnershipsModule } from '../partnerships/partnerships.module.js';
import { ApiDocument } from './api-document.js';
import { ConfigurationService } from './config/configuration.service.js';
import { EndpointDocsService } from './endpoint-docs/endpoint-docs.service.js';
import { AvailabilityService } from './info/availability.service.js';
import { InfoFigures } from './info/info-figures.js';
import { InfoService } from './info/info.service.js';
import { OverviewController } from './overview.controller.js';
import { TableStates } from './readiness/checks/table-states.js';
import type { ReadinessCheck } from './readiness/readiness-check.js';
import { READINESS_CHECKS } from './readiness/readiness-checks.js';
import { ReadinessService } from './readiness/readiness.service.js';
import { SelfCalls } from './self-calls.js';
import type { ComponentCheck } from './status/component-check.js';
import { COMPONENT_CHECKS } from './status/component-checks.js';
import { ComponentStatesService } from './status/component-states.service.js';
import { StatusService } from './status/status.service.js';

/** What the platform says of itself: how its parts do, what it goes by, whether it is ready, what can be asked. */
@Module({
  imports: [
    BuildsModule,
    DecisionsModule,
    HealthModule,
    ModelsModule,
    PartnershipsModule,
    RuntimesModule,
    StatisticsModule,
  ],
  controllers: [OverviewController],
  providers: [
    SelfCalls,
    ApiDocument,
    ...COMPONENT_CHECKS,
    {
      provide: ComponentStatesService,
      inject: [Clock, ...COMPONENT_CHECKS],
      useFactory: (clock: Clock, ...checks: ComponentCheck[]) => new ComponentStatesService(checks, clock),
    },
    StatusService,
    ConfigurationService,
    TableStates,
    ...READINESS_CHECKS,
    {
      provide: ReadinessService,
      inject: [Clock, ...READINESS_CHECKS],
      useFactory: (clock: Clock, ...checks: ReadinessCheck[]) => new ReadinessService(checks, clock),
    },
    AvailabilityService,
    InfoFigures,
    InfoService,
    EndpointDocsService,
  ],
})
export class OverviewModule {}
