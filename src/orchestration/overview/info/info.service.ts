import { Injectable } from '@nestjs/common';
import { VERSION } from '../../../health/version.js';
import { holds, type Principal, ROLES } from '../../../identity/principal.js';
import { Settings } from '../../../platform/config/settings.js';
import { Clock } from '../../../shared/clock.js';
import { FreshReads } from '../../../shared/fresh-reads.js';
import { ApiDocument } from '../api-document.js';
import type { InfoDto } from '../dto/info.dto.js';
import { InfoFigures } from './info-figures.js';

const OLDEST_MS = 2_000;
const SYSTEM = 'Nexus';
const API_VERSION = 'v1';

/** What this platform is, what it can do as it is set up, and how it has done since it started. */
@Injectable()
export class InfoService {
  private readonly reads = new FreshReads(OLDEST_MS);

  constructor(
    private readonly figures: InfoFigures,
    private readonly document: ApiDocument,
    private readonly settings: Settings,
    private readonly clock: Clock,
  ) {}

  /** At most two seconds old, but for the caller. */
  async read(principal: Principal): Promise<InfoDto> {
    const { org_id } = principal;
    const figures = await this.reads.read(org_id, () => this.figures.read(org_id));
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

  /** The groups of routes that are served, and what the settings switch on beside them. */
  private async features(): Promise<string[]> {
    const { paths } = await this.document.read();
    const tags = Object.values(paths).flatMap((path) =>
      Object.values(path as Record<string, { tags?: string[] }>).flatMap(({ tags: own = [] }) => own),
    );
    const { settings } = this;
    const switched = [
      ['shared rate limits', settings.get('REDIS_URL') !== undefined],
      ['tracing', settings.get('NEXUS_TRACING') ?? settings.get('OTEL_EXPORTER_OTLP_ENDPOINT') !== undefined],
      ['open registration', settings.get('NEXUS_ALLOW_REGISTRATION')],
      [`models of ${settings.get('MODEL_PROVIDER')}`, true],
      [`agents on ${settings.get('AGENT_RUNTIME')}`, true],
    ] as const;
    return [...new Set(tags), ...switched.flatMap(([name, isOn]) => (isOn ? [name] : []))];
  }
}

function callerOf(principal: Principal): InfoDto['user'] {
  const { user_id, roles } = principal;
  const role = [...ROLES].reverse().find((one) => roles.includes(one)) ?? 'viewer';
  return { id: user_id, role, permissions: ROLES.filter((one) => holds(principal, one)) };
}
