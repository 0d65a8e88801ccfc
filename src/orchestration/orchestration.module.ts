import { Module } from '@nestjs/common';
import { DecisionsModule } from './decisions/decisions.module.js';
import { OverviewModule } from './overview/overview.module.js';
import { PartnershipsModule } from './partnerships/partnerships.module.js';

/** AI partners, decisions that keep score of their predictions, and reports on the platform itself. */
@Module({ imports: [PartnershipsModule, DecisionsModule, OverviewModule] })
export class OrchestrationModule {}
