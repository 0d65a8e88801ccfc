/** Of this process since it started, but for what belongs to the organisation. */
export class InfoStatisticsDto {
  /** @example 86400 */
  uptime_seconds: number;

  /**
   * Share of the looks every ten seconds at which the database answered; null before the first.
   * @example 99.98
   */
  availability_percent: number | null;

  /**
   * Partnerships of the organisation that are switched on and measured.
   * @example 3
   */
  active_partnerships: number;

  /**
   * Of the organisation.
   * @example 42
   */
  total_decisions: number;

  /**
   * Mean over all requests; null before the first.
   * @example 8.31
   */
  avg_response_time_ms: number | null;

  /**
   * Per cent of the requests that did not end in a fault of the platform (5xx); null before the first.
   * @example 99.97
   */
  success_rate: number | null;
}

export class InfoUserDto {
  /** @example usr_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  id: string;

  /**
   * The highest role that the caller holds.
   * @example admin
   */
  role: string;

  /**
   * All roles whose routes the caller may use.
   * @example ["viewer", "developer", "orchestration_manager", "admin"]
   */
  permissions: string[];
}

export class InfoDto {
  /** @example Nexus */
  system: string;

  /** @example 1.0.0 */
  version: string;

  /**
   * operational, or impaired when a component is not healthy.
   * @example operational
   */
  status: string;

  /**
   * How many the organisation has.
   * @example 4
   */
  partnerships: number;

  /**
   * The groups of routes that are served, and what the settings switch on.
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
