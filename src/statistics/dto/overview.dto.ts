import type { Overview } from '../overview.js';

/** Where the organisation stands right now. Rates and averages are null while there is nothing to take them of. */
export class OverviewDto implements Overview {
  /**
   * Agents in any state.
   * @example 12
   */
  total_agents: number;

  /** @example 9 */
  running_agents: number;

  /** @example 1 */
  building_agents: number;

  /** @example 1 */
  offline_agents: number;

  /**
   * Builds ever started, running ones among them.
   * @example 20
   */
  total_builds: number;

  /** @example 17 */
  successful_builds: number;

  /** @example 2 */
  failed_builds: number;

  /**
   * Successful / finished builds × 100; a build still running is neither.
   * @example 89.47
   */
  success_rate: number | null;

  /**
   * Minutes that a successful build took on average.
   * @example 4.2
   */
  avg_build_time_minutes: number | null;

  /**
   * Invocations since midnight UTC.
   * @example 318
   */
  today_calls: number;

  /**
   * Successful invocations today, in per cent.
   * @example 98.74
   */
  today_success_rate: number | null;

  /**
   * Tokens read and written today.
   * @example 120450
   */
  today_tokens: number;
}
