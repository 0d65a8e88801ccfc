import type { Role } from '../../../identity/principal.js';

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
   * Mean over all requests, in milliseconds; null before the first.
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
   * impaired when a component is not healthy.
   * @example operational
   */
  status: 'operational' | 'impaired';

  /**
   * Number of partnerships of the organization.
   * @example 4
   */
  partnerships: number;

  /**
   * The route groups, and the options that the settings switch on.
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

  /** @example 'Get the health of the partnerships' */
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
   * Seconds.
   * @example 900
   */
  token_expiry: number;

  /** @example true */
  refresh_available: boolean;
}

class EndpointRateLimitDto {
  /**
   * Requests per client and window.
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
   * By operation id.
   * @example {"getOrchestrationHealth": {"method": "GET", "path": "/api/v1/orchestration/health"}}
   */
  endpoints: Record<string, EndpointDto>;
}
