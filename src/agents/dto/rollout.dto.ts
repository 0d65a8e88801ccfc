import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Length, Max, Min } from 'class-validator';
import type { RolloutStatus } from '../agent.js';

export class SetRolloutDto {
  /**
   * The candidate: an existing version other than the current one.
   * @example v1.0.1
   */
  @IsString()
  @Length(1, 50)
  version: string;

  /**
   * Of the sessions started since the rollout began, the percentage that runs the candidate. All others run the current version.
   * @example 10
   */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(99)
  percent: number;

  /**
   * The agent revision that you read. Returns 409 if the agent has changed since. If absent, the change applies without this check.
   * @example 4
   */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  revision?: number;
}

export class PromoteRolloutDto {
  /**
   * The agent revision that you read. Returns 409 if the agent has changed since.
   * @example 4
   */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  revision?: number;
}

/** What one version did in a rollout: exact counts of the runs that have ended. */
export class RolloutVersionDto {
  /** @example v1.0.1 */
  version: string;

  /**
   * Share of the sessions started during the rollout that run this version, in percent. After the rollout, the last share.
   * @example 10
   */
  percent: number;

  /** @example 120 */
  total_invocations: number;

  /** @example 118 */
  successful_invocations: number;

  /** @example 2 */
  failed_invocations: number;

  /**
   * Runs that failed because of the model, the tools or the platform. Excludes cancelled runs and runs that reached a limit of the
   * agent.
   * @example 1
   */
  faults: number;

  /**
   * Percent. Null until the first run has ended.
   * @example 98.33
   */
  success_rate: number | null;

  /** @example 812.5 */
  avg_duration_ms: number | null;

  /** @example 1620.4 */
  p95_duration_ms: number | null;

  /** @example 51200 */
  input_tokens: number;

  /** @example 30720 */
  output_tokens: number;

  /**
   * US dollars at list price, for runs on models with a known price.
   * @example 0.42
   */
  cost_usd: number;

  /**
   * Runs on models whose price is unknown.
   * @example 0
   */
  unpriced_invocations: number;
}

/** A candidate version that answers a share of an agent's sessions. */
export class RolloutDto {
  /** @example proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R:shop-support */
  agent_id: string;

  /** @example roll_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  rollout_id: string;

  /**
   * running; promoted: the candidate became the current version; stopped: all sessions run the current version again; superseded:
   * another version became the current one.
   * @example running
   */
  status: RolloutStatus;

  /**
   * The agent's revision. Send it with the next change.
   * @example 4
   */
  revision: number;

  /** The version that was current while the rollout ran. */
  current: RolloutVersionDto;

  /** The version that is being rolled out. */
  candidate: RolloutVersionDto;

  /** @example usr_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  started_by: string;

  /** @example 2026-11-20T10:00:00.000Z */
  started_at: string;

  /** @example 2026-11-20T10:00:00.000Z */
  updated_at: string;

  /** @example null */
  ended_at: string | null;
}

/** The share that the candidate of a running rollout has. */
export class RolloutShareDto {
  /** @example roll_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  rollout_id: string;

  /** @example v1.0.1 */
  version: string;

  /** @example 10 */
  percent: number;
}
