import { Injectable } from '@nestjs/common';
import { HealthChecksService } from '../../../health/health-checks.service.js';
import { AuditLog } from '../../../identity/audit/audit-log.js';
import { SystemFiguresService } from '../../../platform/observability/system-figures.js';
import { FreshReads } from '../../../shared/fresh-reads.js';
import type { ActivityDto, OrchestrationStatusDto, ResourceUsageDto } from '../dto/status.dto.js';
import { type ComponentStates, ComponentStatesService, OLDEST_MS } from './component-states.service.js';

const ACTIVITIES = 10;

/** How the parts of the platform do right now, what it takes of its machine, and what was done last. */
@Injectable()
export class StatusService {
  private readonly reads = new FreshReads(OLDEST_MS);

  constructor(
    private readonly components: ComponentStatesService,
    private readonly figures: SystemFiguresService,
    private readonly checks: HealthChecksService,
    private readonly audit: AuditLog,
  ) {}

  /** At most four seconds old; the activity is the organisation's own. */
  async read(org_id: string): Promise<OrchestrationStatusDto> {
    const [states, resource_usage, recent_activity] = await Promise.all([
      this.components.read(),
      this.reads.read('resources', () => this.resources()),
      this.reads.read(`activity ${org_id}`, () => this.activity(org_id)),
    ]);
    return {
      overall_status: overall(states),
      components: states.components,
      resource_usage,
      recent_activity,
      last_check: states.taken_at,
      next_check: new Date(Date.parse(states.taken_at) + OLDEST_MS).toISOString(),
    };
  }

  private async resources(): Promise<ResourceUsageDto> {
    const { cpu_percent, memory_percent, process_memory_mb, event_loop_lag_ms } = this.figures.read();
    const free = await this.checks.freeDisk().catch(() => null);
    const disk_percent = free === null ? null : Math.round((1 - free) * 1000) / 10;
    return { cpu_percent, memory_percent, disk_percent, process_memory_mb, event_loop_lag_ms };
  }

  /** A database that does not answer must not hide how the rest does. */
  private async activity(org_id: string): Promise<ActivityDto[] | null> {
    try {
      const { items } = await this.audit.list(org_id, { limit: ACTIVITIES });
      return items.map(({ at, action, outcome, target }) => ({
        timestamp: at,
        event: action,
        status: outcome,
        ...(target === undefined ? {} : { target }),
      }));
    } catch {
      return null;
    }
  }
}

/** Without the database nothing works; without another part something does not. */
function overall({ components }: ComponentStates): 'healthy' | 'degraded' | 'critical' {
  if (components['database']?.status !== 'healthy') return 'critical';
  return Object.values(components).every(({ status }) => status === 'healthy') ? 'healthy' : 'degraded';
}
