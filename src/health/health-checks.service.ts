import { statfs } from 'node:fs/promises';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { EmbeddedBuildEngine } from '../builds/embedded-build-engine.js';
import { ModelsService } from '../models/models.service.js';
import { Settings } from '../platform/config/settings.js';
import { DatabaseProbe } from '../platform/dynamodb/database-probe.js';
import { Lifecycle } from '../platform/lifecycle/lifecycle.js';
import type { HealthCheckDto, HealthChecksDto } from './dto/health.dto.js';

const MINIMUM_FREE_DISK = 0.02;
/** With less, the embedded database cannot be counted on to store anything. */
const FULL_DISK_BYTES = 1024 * 1024;
/** A probe must answer in 50 ms when all is well; a dead database must not hold it for long either. */
const PROBE_TIMEOUT_MS = 1_000;

/** The checks behind the probes: each looks at the real thing and none waits longer than a second. */
@Injectable()
export class HealthChecksService implements OnModuleDestroy {
  constructor(
    private readonly database: DatabaseProbe,
    private readonly engine: EmbeddedBuildEngine,
    private readonly models: ModelsService,
    private readonly settings: Settings,
    private readonly lifecycle: Lifecycle,
  ) {}

  onModuleDestroy(): void {
    this.lifecycle.finish();
  }

  get shutdown(): HealthCheckDto {
    return this.lifecycle.isOpen ? healthy('The process takes requests') : unhealthy('The process is shutting down');
  }

  async all(): Promise<HealthChecksDto> {
    const [database, disk] = await Promise.all([this.databaseCheck(), this.disk()]);
    return {
      database,
      aws_credentials: await this.credentials(),
      build_engine: this.buildEngine(),
      model_provider: this.modelProvider(),
      disk,
    };
  }

  /** What the readiness probe answers, as one word. */
  async isReady(): Promise<boolean> {
    return this.lifecycle.isOpen && (await this.databaseCheck()).status === 'healthy';
  }

  /** 0 to 1. @throws Error where it cannot be read */
  async freeDisk(): Promise<number> {
    const { bavail, blocks } = await statfs(this.isEmbedded ? this.settings.get('NEXUS_DATA_DIR') : '/');
    return bavail / blocks;
  }

  async databaseCheck(): Promise<HealthCheckDto> {
    try {
      const missing = await this.database.tablesMissing(PROBE_TIMEOUT_MS);
      if (missing.length > 0) return unhealthy(`Tables are missing: ${missing.join(', ')}; run npm run db:migrate`);
      if (this.isEmbedded && (await this.isDiskFull()))
        return unhealthy('Its disk is full: nothing can be stored until there is room in NEXUS_DATA_DIR');
      return healthy('Answers, all tables are there');
    } catch {
      return unhealthy('The database does not answer');
    }
  }

  private async credentials(): Promise<HealthCheckDto> {
    if (this.isEmbedded) return { status: 'not_required', message: 'The embedded database needs none' };
    const isConfigured = await this.database.hasCredentials();
    return isConfigured
      ? { status: 'configured', message: 'Found through the credential chain' }
      : { status: 'not_configured', message: 'None found through the credential chain' };
  }

  private buildEngine(): HealthCheckDto {
    return healthy(
      `${this.settings.get('BUILD_ENGINE')}: ${this.engine.running} of ${this.settings.get('BUILD_SLOTS')} build slots in use`,
    );
  }

  private modelProvider(): HealthCheckDto {
    const { id, provider } = this.models.describe();
    if (provider === 'offline') return healthy(`${provider}: ${id}`);
    switch (this.models.state) {
      case 'closed':
        return healthy(`${provider}: ${id}; its circuit breaker is closed`);
      case 'half_open':
        return unhealthy(`${provider}: ${id}; it failed and one call tries whether it answers again`);
      case 'open':
        return unhealthy(`${provider}: ${id}; its circuit breaker is open: it failed several times in a row`);
    }
  }

  private get isEmbedded(): boolean {
    return this.settings.get('NEXUS_DATABASE') === 'embedded';
  }

  private async isDiskFull(): Promise<boolean> {
    const { bavail, bsize } = await statfs(this.settings.get('NEXUS_DATA_DIR'));
    return bavail * bsize < FULL_DISK_BYTES;
  }

  private async disk(): Promise<HealthCheckDto> {
    try {
      const free = await this.freeDisk();
      const message = `${Math.round(free * 1000) / 10} % free`;
      return free >= MINIMUM_FREE_DISK ? healthy(message) : unhealthy(message);
    } catch {
      return unhealthy('Free space could not be read');
    }
  }
}

function healthy(message: string): HealthCheckDto {
  return { status: 'healthy', message };
}

function unhealthy(message: string): HealthCheckDto {
  return { status: 'unhealthy', message };
}
