import { Module } from '@nestjs/common';
import { DecisionsModule } from '../decisions/decisions.module.js';
import { PartnershipsModule } from '../partnerships/partnerships.module.js';
import { ConfigurationService } from './configuration.service.js';
import { EndpointDocsService } from './endpoint-docs.service.js';
import { InfoService } from './info.service.js';
import { OverviewController } from './overview.controller.js';
import { ReadinessService } from './readiness.service.js';
import { StatusService } from './status.service.js';

/** Reports on the platform itself: status, settings, production readiness, information and its own routes. */
@Module({
  imports: [DecisionsModule, PartnershipsModule],
  controllers: [OverviewController],
  providers: [StatusService, ConfigurationService, ReadinessService, InfoService, EndpointDocsService],
})
export class OverviewModule {}
