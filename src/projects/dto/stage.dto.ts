import { ApiProperty } from '@nestjs/swagger';
import { type StageName, type StageStatus, SUB_STAGE_NAMES } from '../../stages/stage.js';
import type { LogLevel } from '../project-event.js';

/** A sub-stage of the development stage. */
export class SubStageDto {
  /** @example completed */
  status: StageStatus;

  /** @example 2026-11-20T10:00:00.000Z */
  started_at: string | null;

  /** @example 2026-11-20T10:00:01.000Z */
  completed_at: string | null;

  /** @example ['tools/calculator.json'] */
  artifacts: string[];
}

/** One property for each sub-stage. */
export class SubStagesDto {}
for (const name of SUB_STAGE_NAMES) ApiProperty({ type: () => SubStageDto })(SubStagesDto.prototype, name);

export class StageLogDto {
  /** @example 2026-11-20T10:00:00.000Z */
  timestamp: string;

  /** @example info */
  level: LogLevel;

  /** @example 'Chose the calculator for: calculates discounts' */
  message: string;
}

/** One stage of a project's build. */
export class StageDto {
  /** @example requirements_analysis */
  stage_name: StageName;

  /** @example 2 */
  stage_number: number;

  /** @example 'Requirements analysis' */
  display_name: string;

  /**
   * pending, running, completed or failed.
   * @example completed
   */
  status: StageStatus;

  /**
   * Percent of this stage.
   * @example 100
   */
  progress: number;

  /** @example 2026-11-20T10:00:00.000Z */
  started_at: string | null;

  /** @example 2026-11-20T10:00:01.000Z */
  completed_at: string | null;

  /** @example 1.25 */
  duration_seconds: number | null;

  /** @example shop-support */
  agent_name: string | null;

  error_message: string | null;

  /** A short summary of what the stage found; the documents are artifacts. */
  output_data: Record<string, unknown> | null;

  /** @example ['requirements.json', 'requirements.md'] */
  artifacts: string[];

  sub_stages?: SubStagesDto;

  /** Log lines; only when a single stage is asked for. */
  logs?: StageLogDto[];
}

export class StageListDto {
  /** @example proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  project_id: string;

  /** @example 6 */
  total_stages: number;

  /** Six stages in order. */
  stages: StageDto[];
}

export class StagesSnapshotDto {
  /** @example 6 */
  total: number;

  /** @example 6 */
  completed: number;

  stages: StageDto[];
}
