import { IsBoolean, IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import { CONTROL_ACTIONS, type ControlAction, type VisibleStatus } from '../project.js';

export class ControlProjectDto {
  /**
   * pause from building or pending; resume from paused; stop from any unfinished state; restart from failed or completed.
   * @example pause
   */
  @IsIn(CONTROL_ACTIONS)
  action: ControlAction;

  /**
   * Kept as control_reason; at most 500 characters.
   * @example 'Waiting for the new price list'
   */
  @IsOptional()
  @IsString()
  @MaxLength(500)
  reason?: string;

  /**
   * restart only: run every stage again instead of keeping the completed ones of a failed build.
   * @example false
   */
  @IsOptional()
  @IsBoolean()
  from_scratch?: boolean;
}

/** The project's state after the control was stored. */
export class ControlResultDto {
  /** @example proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  project_id: string;

  /** @example pause */
  action: ControlAction;

  /**
   * `pausing` until the running step has ended.
   * @example pausing
   */
  status: VisibleStatus;

  /** @example 'Waiting for the new price list' */
  reason: string | null;

  /** @example 1 */
  attempt: number;

  /** @example 2026-11-20T10:00:00.000Z */
  updated_at: string;
}
