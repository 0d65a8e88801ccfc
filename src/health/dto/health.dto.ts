export class HealthDto {
  /** @example healthy */
  status: string;

  /** @example 1.0.0 */
  version: string;

  /** @example 2026-11-20T10:00:00.000Z */
  timestamp: string;
}

export class ProbeDto {
  /** @example ready */
  status: string;

  /** @example 2026-11-20T10:00:00.000Z */
  timestamp: string;
}

export class HealthCheckDto {
  /**
   * healthy, unhealthy, configured, not_configured or not_required.
   * @example healthy
   */
  status: string;

  /** @example 'Answers, all tables are there' */
  message: string;
}

export class HealthChecksDto {
  database: HealthCheckDto;

  aws_credentials: HealthCheckDto;

  build_engine: HealthCheckDto;

  model_provider: HealthCheckDto;

  disk: HealthCheckDto;
}

export class SystemFiguresDto {
  /**
   * Of one core, over the last five seconds.
   * @example 3.5
   */
  cpu_percent: number;

  /** @example 41.2 */
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
