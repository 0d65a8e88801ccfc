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
