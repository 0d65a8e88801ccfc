export class ComponentStateDto {
  /**
   * healthy, degraded, unhealthy or unknown.
   * @example healthy
   */
  status: string;

  /**
   * How long the look took, in milliseconds.
   * @example 3.42
   */
  latency_ms: number;

  /** @example 'Answers, all tables are there' */
  message: string;
}

export class ResourceUsageDto {
  /**
   * Of this process over the last five seconds; two busy cores are 200.
   * @example 12.5
   */
  cpu_percent: number;

  /**
   * Of the machine.
   * @example 41.3
   */
  memory_percent: number;

  /**
   * Of the disk that data go to; null when it cannot be read.
   * @example 63.8
   */
  disk_percent: number | null;

  /** @example 182.4 */
  process_memory_mb: number;

  /** @example 0.3 */
  event_loop_lag_ms: number;
}

/** From the audit log of the organisation. */
export class ActivityDto {
  /** @example '2026-11-21T10:00:00.000Z' */
  timestamp: string;

  /** @example project.deleted */
  event: string;

  /**
   * success, refused or failed.
   * @example success
   */
  status: string;

  /** @example proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  target?: string;
}

export class OrchestrationStatusDto {
  /**
   * critical without the database, degraded when another component is not healthy, else healthy.
   * @example healthy
   */
  overall_status: string;

  /**
   * database, build_engine, model_provider, runtimes, authentication, metrics_collector, partnership_probes.
   * @example {"database": {"status": "healthy", "latency_ms": 3.42, "message": "Answers, all tables are there"}}
   */
  components: Record<string, ComponentStateDto>;

  resource_usage: ResourceUsageDto;

  /** Newest first; null while the audit log cannot be read. */
  recent_activity: ActivityDto[] | null;

  /** @example '2026-11-21T10:00:00.000Z' */
  last_check: string;

  /**
   * From then on the components are looked at anew, when somebody asks.
   * @example '2026-11-21T10:00:04.000Z'
   */
  next_check: string;
}
