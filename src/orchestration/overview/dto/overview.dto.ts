import type { AuditOutcome } from '../../../identity/audit/audit.js';
import type { Priority } from '../../partnerships/partnership.js';
import type { Role } from '../../../identity/principal.js';

export class ComponentStateDto {
  /** @example healthy */
  status: 'healthy' | 'degraded' | 'unhealthy';

  /**
   * Duration of the check in milliseconds.
   * @example 3.42
   */
  latency_ms: number;

  /** @example 'The database responds and all tables exist' */
  message: string;
}

export class ResourceUsageDto {
  /**
   * CPU usage of this process over the last five seconds. 100 is one busy core, 200 is two.
   * @example 12.5
   */
  cpu_percent: number;

  /**
   * Percentage of the machine's memory in use.
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
   * critical if the database is unhealthy, degraded if another component is not healthy.
   * @example healthy
   */
  overall_status: 'healthy' | 'degraded' | 'critical';

  /**
   * database, build_engine, model_provider, runtimes, authentication, metrics_collector, partnership_probes.
   * @example {"database": {"status": "healthy", "latency_ms": 3.42, "message": "The database responds and all tables exist"}}
   */
  components: Record<string, ComponentStateDto>;

  resource_usage: ResourceUsageDto;

  /** Newest first. Null if the audit log cannot be read. */
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
   * not_ready if any check fails; otherwise ready_with_warnings if any check warns.
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
   * When the process started and read its settings.
   * @example '2026-11-21T08:00:00.000Z'
   */
  last_updated: string;

  /** @example 1.0.0 */
  version: string;
}

/** Figures of this process since it started, unless stated otherwise. */
export class InfoStatisticsDto {
  /** @example 86400 */
  uptime_seconds: number;

  /**
   * Percentage of samples, one every ten seconds, in which the database responded. Null before the first.
   * @example 99.98
   */
  availability_percent: number | null;

  /**
   * Enabled and measured partnerships of the organization.
   * @example 3
   */
  active_partnerships: number;

  /**
   * All decisions of the organization.
   * @example 42
   */
  total_decisions: number;

  /**
   * Mean over all requests in milliseconds. Null before the first.
   * @example 8.31
   */
  avg_response_time_ms: number | null;

  /**
   * Percentage of requests without a 5xx response. Null before the first.
   * @example 99.97
   */
  success_rate: number | null;
}

export class InfoUserDto {
  /** @example usr_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  id: string;

  /**
   * The caller's highest role.
   * @example admin
   */
  role: Role;

  /**
   * Every role whose routes the caller may use.
   * @example ["viewer", "developer", "orchestration_manager", "admin"]
   */
  permissions: Role[];
}

export class InfoDto {
  /** @example Nexus */
  system: string;

  /** @example 1.0.0 */
  version: string;

  /**
   * impaired unless every component is healthy.
   * @example operational
   */
  status: 'operational' | 'impaired';

  /**
   * Number of partnerships of the organization.
   * @example 4
   */
  partnerships: number;

  /**
   * The route groups, and the options enabled by settings.
   * @example ["projects", "agents", "orchestration", "models of openai"]
   */
  features: string[];

  /** @example v1 */
  api_version: string;

  statistics: InfoStatisticsDto;

  /** @example '2026-11-21T10:00:00.000Z' */
  last_updated: string;

  user: InfoUserDto;
}

class EndpointParameterDto {
  /** @example window */
  name: string;

  /**
   * path, query or header.
   * @example query
   */
  in: string;

  /** @example false */
  required: boolean;

  /** @example 'How far back to look' */
  description: string;

  /** @example string */
  type?: string;
}

export class EndpointDto {
  /** @example GET */
  method: string;

  /** @example /api/v1/orchestration/health */
  path: string;

  /** @example 'Get the health of all partnerships' */
  description: string;

  /**
   * The least role that may call it.
   * @example orchestration_manager
   */
  authentication: string;

  parameters: EndpointParameterDto[];

  /**
   * A body that the route takes; absent where it takes none.
   * @example {"context": {"business_goal": "Sell in Portugal"}}
   */
  request_example?: unknown;

  /** @example {"status": "healthy"} */
  response_example: unknown;

  /** @example {"403": "The role does not allow it."} */
  errors: Record<string, string>;
}

class EndpointAuthenticationDto {
  /** @example Bearer */
  type: string;

  /** @example Authorization */
  header: string;

  /** @example ["orchestration_manager", "admin", "system_admin"] */
  required_roles: string[];

  /**
   * Lifetime of an access token in seconds.
   * @example 900
   */
  token_expiry: number;

  /** @example true */
  refresh_available: boolean;
}

class EndpointRateLimitDto {
  /**
   * Requests per client per window.
   * @example 100
   */
  limit: number;

  /** @example 60 */
  window_seconds: number;

  /** @example ["X-RateLimit-Limit", "Retry-After"] */
  headers: string[];
}

/** Read out of the OpenAPI document. */
export class EndpointDocsDto {
  /** @example 1.0.0 */
  api_version: string;

  /** @example /api/v1/orchestration */
  base_url: string;

  authentication: EndpointAuthenticationDto;

  rate_limiting: EndpointRateLimitDto;

  /**
   * The routes, by operation id.
   * @example {"getOrchestrationHealth": {"method": "GET", "path": "/api/v1/orchestration/health"}}
   */
  endpoints: Record<string, EndpointDto>;
}
