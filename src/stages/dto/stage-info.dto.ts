import type { StageName, SubStageName } from '../stage.js';

/** One sub-stage of a stage. */
export class SubStageInfoDto {
  /** @example tool_developer */
  sub_stage_name: SubStageName;

  /** @example Tool development */
  display_name: string;

  /**
   * Share of the stage, 0 to 1.
   * @example 0.4
   */
  weight: number;
}

/** One of the six stages that every build goes through. */
export class StageInfoDto {
  /** @example agent_developer_manager */
  stage_name: StageName;

  /** @example 5 */
  stage_number: number;

  /** @example Agent development */
  display_name: string;

  /**
   * Share of the build in percent.
   * @example 45
   */
  weight: number;

  sub_stages: SubStageInfoDto[];
}

export class StagesInfoDto {
  /** @example 6 */
  total_stages: number;

  stages: StageInfoDto[];
}
