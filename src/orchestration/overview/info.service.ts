import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { SelfCalls } from '../../health/self-calls.js';
import { holds, type Principal, ROLES } from '../../identity/principal.js';
import { Settings } from '../../platform/config/settings.js';
import { DatabaseProbe } from '../../platform/database/client/database-probe.js';
import { RequestTotals } from '../../platform/observability/system-figures.js';
import { Clock } from '../../shared/clock.js';
import { CachedReads } from '../../platform/async/cached-reads.js';
import { VERSION } from '../../shared/version.js';
import { DecisionsService } from '../decisions/decisions.service.js';
import { PartnershipsService } from '../partnerships/partnerships.service.js';
import type { InfoDto } from './dto/overview.dto.js';
import { StatusService } from './status.service.js';

const MAXIMUM_AGE_MS = 2_000;
const SAMPLE_MS = 10_000;
const SAMPLE_TIMEOUT_MS = 1_000;
const SYSTEM = 'Nexus';
const API_VERSION = 'v1';

/** What this platform is, which features are switched on, and its figures since the process started. */
@Injectable()
export class InfoService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly reads = new CachedReads({ fresh_ms: MAXIMUM_AGE_MS / 2, stale_ms: MAXIMUM_AGE_MS });
  private readonly samples = { taken: 0, available: 0 };
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly partnerships: PartnershipsService,
    private readonly decisions: DecisionsService,
    private readonly requests: RequestTotals,
    private readonly statuses: StatusService,
    private readonly database: DatabaseProbe,
    private readonly self: SelfCalls,
    private readonly settings: Settings,
    private readonly clock: Clock,
  ) {}

  /** Availability is the share of samples, one every ten seconds, at which the database answered. */
  onApplicationBootstrap(): void {
    void this.sample();
    this.timer = setInterval(() => void this.sample(), SAMPLE_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** At most two seconds old, except for `user`. */
  async read(principal: Principal): Promise<InfoDto> {
    const { org_id } = principal;
    const figures = await this.reads.read(org_id, () => this.figures(org_id));
    return {
      system: SYSTEM,
      version: VERSION,
      status: figures.status,
      partnerships: figures.partnerships,
      features: await this.features(),
      api_version: API_VERSION,
      statistics: figures.statistics,
      last_updated: this.clock.timestamp(),
      user: callerOf(principal),
    };
  }

  private async figures(org_id: string): Promise<Pick<InfoDto, 'status' | 'partnerships' | 'statistics'>> {
    const [known, total_decisions, requests, { overall }] = await Promise.all([
      this.partnerships.healthOf(org_id),
      this.decisions.total(org_id),
      this.requests.read(),
      this.statuses.components(),
    ]);
    const { taken, available } = this.samples;
    return {
      status: overall === 'healthy' ? 'operational' : 'impaired',
      partnerships: known.length,
      statistics: {
        uptime_seconds: Math.floor(process.uptime()),
        availability_percent: taken === 0 ? null : Math.round((available / taken) * 10_000) / 100,
        active_partnerships: known.filter(({ enabled, health }) => enabled && health !== 'unknown').length,
        total_decisions,
        avg_response_time_ms: requests.avg_response_time_ms,
        success_rate: requests.success_rate,
      },
    };
  }

  /** The tags of the OpenAPI document, and the options that the settings switch on. */
  private async features(): Promise<string[]> {
    const { paths } = await this.self.apiDocument();
    const tags = Object.values(paths).flatMap((path) =>
      Object.values(path as Record<string, { tags?: string[] }>).flatMap(({ tags: own = [] }) => own),
    );
    const { settings } = this;
    const options = [
      ['shared rate limits', settings.get('REDIS_URL') !== undefined],
      ['tracing', settings.get('NEXUS_TRACING') ?? settings.get('OTEL_EXPORTER_OTLP_ENDPOINT') !== undefined],
      ['open registration', settings.get('NEXUS_ALLOW_REGISTRATION')],
      [`models of ${settings.get('MODEL_PROVIDER')}`, true],
      [`agents on ${settings.get('AGENT_RUNTIME')}`, true],
    ] as const;
    return [...new Set(tags), ...options.flatMap(([name, isOn]) => (isOn ? [name] : []))];
  }

  private async sample(): Promise<void> {
    const answered = await this.database.ping(SAMPLE_TIMEOUT_MS).then(
      () => 1,
      () => 0,
    );
    this.samples.taken += 1;
    this.samples.available += answered;
  }
}

function callerOf(principal: Principal): InfoDto['user'] {
  const { user_id, roles } = principal;
  const role = [...ROLES].reverse().find((one) => roles.includes(one)) ?? 'viewer';
  return { id: user_id, role, permissions: ROLES.filter((one) => holds(principal, one)) };
}
