import { Injectable } from '@nestjs/common';
import { RequestTotals } from '../../../platform/observability/request-totals.js';
import { DecisionHistory } from '../../decisions/decision-history.service.js';
import { PartnershipsService } from '../../partnerships/partnerships.service.js';
import type { InfoStatisticsDto } from '../dto/info.dto.js';
import { ComponentStatesService } from '../status/component-states.service.js';
import { AvailabilityService } from './availability.service.js';

/** The measured part of what `GET /info` answers. */
@Injectable()
export class InfoFigures {
  constructor(
    private readonly partnerships: PartnershipsService,
    private readonly decisions: DecisionHistory,
    private readonly requests: RequestTotals,
    private readonly availability: AvailabilityService,
    private readonly components: ComponentStatesService,
  ) {}

  async read(org_id: string): Promise<{ status: string; partnerships: number; statistics: InfoStatisticsDto }> {
    const [known, total_decisions, requests, { components }] = await Promise.all([
      this.partnerships.healthOf(org_id),
      this.decisions.total(org_id),
      this.requests.read(),
      this.components.read(),
    ]);
    const isWell = Object.values(components).every(({ status }) => status === 'healthy');
    return {
      status: isWell ? 'operational' : 'impaired',
      partnerships: known.length,
      statistics: {
        uptime_seconds: Math.floor(process.uptime()),
        availability_percent: this.availability.percent,
        active_partnerships: known.filter(({ enabled, health }) => enabled && health !== 'unknown').length,
        total_decisions,
        avg_response_time_ms: requests.avg_response_time_ms,
        success_rate: requests.success_rate,
      },
    };
  }
}
