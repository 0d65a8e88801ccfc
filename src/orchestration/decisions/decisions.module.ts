import { Module } from '@nestjs/common';
import { ModelsModule } from '../../models/models.module.js';
import { DecisionAnalyst } from './decision-analyst.service.js';
import { DecisionCounters } from './decision-counters.repository.js';
import { DecisionHistory } from './decision-history.service.js';
import { DecisionWriter } from './decision-writer.service.js';
import { DecisionsController } from './decisions.controller.js';
import { DecisionsRepository } from './decisions.repository.js';
import { DecisionsService } from './decisions.service.js';
import { PartnerHealth } from './partner-health.port.js';
import { PartnershipsModule } from '../partnerships/partnerships.module.js';
import { PartnershipsService } from '../partnerships/partnerships.service.js';

/** Decisions that keep score of themselves. */
@Module({
  imports: [ModelsModule, PartnershipsModule],
  controllers: [DecisionsController],
  providers: [
    {
      provide: PartnerHealth,
      useFactory: (partnerships: PartnershipsService): PartnerHealth => ({
        of: (org_id, ids) => partnerships.healthOf(org_id, ids),
      }),
      inject: [PartnershipsService],
    },
    DecisionCounters,
    DecisionsRepository,
    DecisionWriter,
    DecisionAnalyst,
    DecisionsService,
    DecisionHistory,
  ],
  exports: [DecisionHistory],
})
export class DecisionsModule {}
