import { Injectable } from '@nestjs/common';
import { type CheckResult, Checks, type Caller } from '../../health/checks.service.js';
import { freeDisk } from '../../health/checks/live.checks.js';
import { AuditLog } from '../../identity/audit/audit-log.js';
import { Settings } from '../../platform/config/settings.js';
import { SystemFiguresService } from '../../platform/observability/system-figures.js';
import { Clock } from '../../shared/clock.js';
import { CachedReads } from '../../platform/async/cached-reads.js';
import type {
  ActivityDto,
  ComponentStateDto,
  OrchestrationStatusDto,
  ResourceUsageDto,
  ReadinessDto,
  ReadinessFindingDto,
} from './dto/overview.dto.js';

const STATUS_AGE_MS = 4_000;
const ACTIVITIES = 10;

export interface ComponentStates {
  overall: OrchestrationStatusDto['overall_status'];
  components: Record<string, ComponentStateDto>;
  taken_at: string;
}

/** The state of each component, the resource usage of the process and the latest audit entries of an organization. */
@Injectable()
export class StatusService {
  private readonly reads = new CachedReads({ fresh_ms: STATUS_AGE_MS / 2, stale_ms: STATUS_AGE_MS });

  constructor(
    private readonly checks: Checks,
    private readonly figures: SystemFiguresService,
    private readonly settings: Settings,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
  ) {}

  /** At most four seconds old. */
  async read(org_id: string): Promise<OrchestrationStatusDto> {
    const [states, resource_usage, recent_activity] = await Promise.all([
      this.components(),
      this.reads.read('resources', () => this.resources()),
      this.reads.read(`activity ${org_id}`, () => this.activity(org_id)),
    ]);
    return {
      overall_status: states.overall,
      components: states.components,
      resource_usage,
      recent_activity,
      last_check: states.taken_at,
      next_check: new Date(Date.parse(states.taken_at) + STATUS_AGE_MS).toISOString(),
    };
  }

  /** At most four seconds old; concurrent callers share one run of the checks. The result is shared: do not modify it. */
  components(): Promise<ComponentStates> {
    return this.reads.read('components', async () => {
      const results = await this.checks.run('status');
      return {
        overall: overallOf(results),
        components: Object.fromEntries(results.map((result) => [result.check.name, componentOf(result)])),
        taken_at: this.clock.timestamp(),
      };
    });
  }

  private async resources(): Promise<ResourceUsageDto> {
    const { cpu_percent, memory_percent, process_memory_mb, event_loop_lag_ms } = this.figures.read();
    const free = await freeDisk(this.settings).catch(() => null);
    const disk_percent = free === null ? null : Math.round((1 - free) * 1000) / 10;
    return { cpu_percent, memory_percent, disk_percent, process_memory_mb, event_loop_lag_ms };
  }

  /** Null when the audit log cannot be read, so that the rest of the status is still answered. */
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

function componentOf({ finding, failure, latency_ms }: CheckResult): ComponentStateDto {
  return { status: finding?.state ?? 'unhealthy', latency_ms, message: finding?.message ?? failure };
}

function overallOf(results: CheckResult[]): ComponentStates['overall'] {
  const failing = results.filter(({ finding }) => finding?.state !== 'healthy');
  if (failing.some(({ check }) => check.severity === 'critical')) return 'critical';
  return failing.length > 0 ? 'degraded' : 'healthy';
}

const READINESS_AGE_MS = 5_000;
const URGENCY: ReadinessFindingDto['status'][] = ['fail', 'warning', 'pass'];

/** Whether this deployment is fit for production: `not_ready` with any fail, else `ready_with_warnings` with any warning. */
@Injectable()
export class ReadinessService {
  private readonly reads = new CachedReads({ fresh_ms: READINESS_AGE_MS / 2, stale_ms: READINESS_AGE_MS });

  constructor(
    private readonly checks: Checks,
    private readonly clock: Clock,
  ) {}

  /** At most five seconds old. A check that cannot run is a warning. The result is shared: do not modify it. */
  read(caller: Caller): Promise<ReadinessDto> {
    return this.reads.read(`${caller.secure} ${caller.org_id}`, () => this.run(caller));
  }

  private async run(caller: Caller): Promise<ReadinessDto> {
    const results = await this.checks.run('readiness', caller);
    const found = results.map((result) => [result.check.name, findingOf(result)] as const);
    const count = (status: ReadinessFindingDto['status']) => found.filter(([, one]) => one.status === status).length;
    const [passed, warnings, failed] = [count('pass'), count('warning'), count('fail')];
    return {
      overall_status: failed > 0 ? 'not_ready' : warnings > 0 ? 'ready_with_warnings' : 'production_ready',
      readiness_score: Math.round((passed / found.length) * 1000) / 10,
      checks: Object.fromEntries(found),
      summary: { total_checks: found.length, passed, warnings, failed },
      recommendations: [...found]
        .sort(([, a], [, b]) => URGENCY.indexOf(a.status) - URGENCY.indexOf(b.status))
        .flatMap(([name, { fix }]) => (fix === undefined ? [] : [`${name}: ${fix}`])),
      last_check: this.clock.timestamp(),
    };
  }
}

function findingOf({ check, finding, failure }: CheckResult): ReadinessFindingDto {
  if (!finding)
    return { status: 'warning', message: failure, evidence: {}, fix: 'Fix what the log names, then retry.' };
  const { state, message, evidence, unfit } = finding;
  const severity = check.severity === 'warning' ? 'warning' : 'fail';
  if (state !== 'healthy') return { status: severity, message, evidence, fix: finding.fix ?? check.fix };
  if (unfit) return { status: unfit.severity ?? severity, message: unfit.message, evidence, fix: unfit.fix };
  return { status: 'pass', message, evidence };
}
