export class HealthDto {
  /** @example healthy */
  status: 'healthy' | 'degraded';

  /** @example 1.0.0 */
  version: string;

  /** @example 2026-11-20T10:00:00.000Z */
  timestamp: string;
}

export class ProbeDto {
  /** @example ready */
  status: 'ready' | 'alive';

  /** @example 2026-11-20T10:00:00.000Z */
  timestamp: string;
}

export class HealthCheckDto {
  /**
   * configured and not_configured apply to credentials only, not_required to credentials and mail.
   * @example healthy
   */
  status: 'healthy' | 'unhealthy' | 'configured' | 'not_configured' | 'not_required';

  /** @example 'The database responds and all tables exist' */
  message: string;
}

export class HealthChecksDto {
  database: HealthCheckDto;

  aws_credentials: HealthCheckDto;

  build_engine: HealthCheckDto;

  model_provider: HealthCheckDto;

  disk: HealthCheckDto;

  mail: HealthCheckDto;
}

export class SystemFiguresDto {
  /**
   * CPU usage of this process over the last five seconds. 100 is one busy core.
   * @example 3.5
   */
  cpu_percent: number;

  /**
   * Percentage of the machine's memory in use.
   * @example 41.2
   */
  memory_percent: number;

  /** @example 118.4 */
  process_memory_mb: number;

  /** @example 3600 */
  uptime_seconds: number;

  /** @example 0.4 */
  event_loop_lag_ms: number;
}

export class DetailedHealthDto extends HealthDto {
  checks: HealthChecksDto;

  system: SystemFiguresDto;
}
