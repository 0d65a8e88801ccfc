import type { AuditOutcome } from '../../../identity/audit/audit.js';
import type { Priority } from '../../partnerships/partnership.js';

export class ComponentStateDto {
  /** @example healthy */
  status: 'healthy' | 'degraded' | 'unhealthy';

  /**
   * Duration of the check in milliseconds.
   * @example 3.42
   */
  latency_ms: number;

  /** @example 'The database answers and all tables exist' */
  message: string;
}

export class ResourceUsageDto {
  /**
   * CPU of this process over the last five seconds; 100 is one busy core, 200 is two.
   * @example 12.5
   */
  cpu_percent: number;

  /**
   * Memory in use on the machine.
   * @example 41.3
   */
  memory_percent: number;

  /**
   * Usage of the disk that holds the data. Null if it cannot be read.
   * @example 63.8
   */
  disk_percent: number | null;

  /** @example 182.4 */
  process_memory_mb: number;

  /** @example 0.3 */
  event_loop_lag_ms: number;
}

/** An entry of the organization's audit log. */
export class ActivityDto {
  /** @example '2026-11-21T10:00:00.000Z' */
  timestamp: string;

  /** @example project.deleted */
  event: string;

  /**
   * success, refused or failed.
   * @example success
   */
  status: AuditOutcome;

  /** @example proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  target?: string;
}

export class OrchestrationStatusDto {
  /**
   * critical when the database is not healthy, degraded when another component is not healthy.
   * @example healthy
   */
  overall_status: 'healthy' | 'degraded' | 'critical';

  /**
   * database, build_engine, model_provider, runtimes, authentication, metrics_collector, partnership_probes.
   * @example {"database": {"status": "healthy", "latency_ms": 3.42, "message": "The database answers and all tables exist"}}
   */
  components: Record<string, ComponentStateDto>;

  resource_usage: ResourceUsageDto;

  /** Newest first; null when the audit log cannot be read. */
  recent_activity: ActivityDto[] | null;

  /** @example '2026-11-21T10:00:00.000Z' */
  last_check: string;

  /**
   * A request after this time runs the checks again.
   * @example '2026-11-21T10:00:04.000Z'
   */
  next_check: string;
}

export class ReadinessFindingDto {
  /** @example pass */
  status: 'pass' | 'warning' | 'fail';

  /** @example 'Every response carries the security headers' */
  message: string;

  /**
   * The observed facts.
   * @example {"status": 200}
   */
  evidence: Record<string, unknown>;

  /**
   * How to repair it; absent for a pass.
   * @example 'Set ENVIRONMENT=production.'
   */
  fix?: string;
}

export class ReadinessSummaryDto {
  /** @example 15 */
  total_checks: number;

  /** @example 15 */
  passed: number;

  /** @example 0 */
  warnings: number;

  /** @example 0 */
  failed: number;
}

export class ReadinessDto {
  /**
   * not_ready with any fail, else ready_with_warnings with any warning.
   * @example production_ready
   */
  overall_status: 'production_ready' | 'ready_with_warnings' | 'not_ready';

  /**
   * Percentage of checks that pass.
   * @example 100
   */
  readiness_score: number;

  /** @example {"rate_limiting": {"status": "pass", "message": "Requests are counted and limited", "evidence": {"limit": 100}}} */
  checks: Record<string, ReadinessFindingDto>;

  summary: ReadinessSummaryDto;

  /**
   * The fixes, most urgent first.
   * @example []
   */
  recommendations: string[];

  /** @example '2026-11-21T10:00:00.000Z' */
  last_check: string;
}

export class PartnershipSettingDto {
  /** @example true */
  enabled: boolean;

  /** @example high */
  priority: Priority;
}

export class ConfigurationGroupsDto {
  /** @example {"rate_limit_per_minute": 600, "timeout_seconds": 60, "max_payload_bytes": 10485760, "cors_enabled": false} */
  api_settings: Record<string, unknown>;

  /** @example {"access_token_seconds": 900, "max_login_attempts": 5, "secrets": {"JWT_SECRET_KEY": "[redacted]"}} */
  security_settings: Record<string, unknown>;

  /** @example {"database": "dynamodb", "build_slots": 4, "model_provider": "openai"} */
  orchestration_settings: Record<string, unknown>;

  /** @example {"grok_brand": {"enabled": true, "priority": "medium"}} */
  partnership_settings: Record<string, PartnershipSettingDto>;
}

export class ConfigurationDto {
  configuration: ConfigurationGroupsDto;

  /**
   * When the process read its settings, which is at its start.
   * @example '2026-11-21T08:00:00.000Z'
   */
  last_updated: string;

  /** @example 1.0.0 */
  version: string;
}
