import { ApiProperty } from '@nestjs/swagger';
import { CoverageDto } from '../../agents/dto/agent.dto.js';
import { type StageName, type SubStageName, type StageStatus, SUB_STAGE_NAMES } from '../../stages/stage.js';
import type { VisibleStatus, LogLevel } from '../project.js';

/** A sub-stage of the development stage. */
class SubStageDto {
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
class SubStagesDto {}
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
   * Progress of this stage in percent.
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

  /** A short summary of the stage's result. Documents that the stage writes are artifacts. */
  output_data: Record<string, unknown> | null;

  /** @example ['requirements.json', 'requirements.md'] */
  artifacts: string[];

  sub_stages?: SubStagesDto;

  /** Log lines. Only when a single stage is requested. */
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

class StagesSnapshotDto {
  /** @example 6 */
  total: number;

  /** @example 6 */
  completed: number;

  stages: StageDto[];
}

export class ProjectErrorDto {
  /** @example BUILD_ERROR */
  code: string;

  /** @example 'The acceptance examples failed' */
  message: string;

  /** @example agent_deployer */
  stage: StageName | null;

  /** @example 'Restart the build.' */
  suggestion?: string;

  details?: Record<string, unknown>;
}

/** What the build took, from the stages' own measurements. */
export class BuildSummaryDto {
  /** @example 1.5 */
  total_duration_seconds: number | null;

  /** @example nexus/offline */
  model: string | null;

  /** @example 2140 */
  input_tokens: number;

  /** @example 1730 */
  output_tokens: number;

  /** @example 3 */
  tool_calls: number;

  /** US dollars. Null if the model's price is unknown. 0 for the offline model, which calls no provider. */
  cost: number | null;

  /** Duration of each stage in seconds. Null for a stage that has not ended. */
  stage_durations: Record<string, number | null>;
}

export class ProjectRevisionDto {
  /** @example 'It should also convert prices from euros to pounds.' */
  change: string;

  /** @example proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R:shop-support */
  agent_id: string;
}

/** A project as lists show it. */
export class ProjectSummaryDto {
  /** @example proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  project_id: string;

  /** @example 'Shop support' */
  project_name: string;

  /** @example 'A support assistant for our web shop: it calculates discounts.' */
  requirement: string;

  /**
   * pending (waits for a build slot), building, pausing, paused, completed or failed.
   * @example completed
   */
  status: VisibleStatus;

  /**
   * Percent, 0 to 100; never decreases within an attempt.
   * @example 100
   */
  progress: number;

  /** @example 100 */
  progress_percentage: number;

  /** @example agent_deployer */
  current_stage: StageName | null;

  /** @example 6 */
  current_stage_number: number | null;

  current_sub_stage: SubStageName | null;

  /** @example ada */
  user_id: string;

  /** @example 'Ada Lovelace' */
  user_name: string | null;

  /** @example 3 */
  priority: number;

  /**
   * The model that the project requested. Null means the platform's.
   * @example 'gpt-4o'
   */
  model_id: string | null;

  /** @example ['support'] */
  tags: string[];

  /** @example shop-support */
  agent_name: string | null;

  /**
   * Ids of the project's agents.
   * @example ['proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R:shop-support']
   */
  agents: string[];

  /**
   * Whether the agent is built even if none of the functional requirements is proven.
   * @example false
   */
  accept_unproven: boolean;

  /** How much of the requirement the build proved. Null until a build has measured it. */
  coverage: CoverageDto | null;

  /**
   * Changes built by revisions, oldest first. A restart builds the requirement with these changes.
   * @example []
   */
  changes: string[];

  /** The change that the running or failed attempt builds. Null if it builds none. */
  revision: ProjectRevisionDto | null;

  error_info: ProjectErrorDto | null;

  control_reason: string | null;

  /**
   * Number of the latest build attempt.
   * @example 1
   */
  attempt: number;

  /** @example 2026-11-20T10:00:00.000Z */
  created_at: string;

  /** @example 2026-11-20T10:00:02.000Z */
  updated_at: string;

  /** @example 2026-11-20T10:00:00.000Z */
  started_at: string | null;

  /** @example 2026-11-20T10:00:02.000Z */
  completed_at: string | null;

  /** Estimated from the progress so far. Null while unknown. */
  estimated_completion: string | null;
}

/** A project with its stages and what its build took. */
export class ProjectDto extends ProjectSummaryDto {
  stages_snapshot: StagesSnapshotDto;

  build_summary: BuildSummaryDto;
}

export class ProjectListDto {
  projects: ProjectSummaryDto[];

  /**
   * Number of records on this page.
   * @example 1
   */
  total: number;

  /** Cursor of the next page. Null on the last page. */
  last_key: string | null;
}

export class DeletedCountsDto {
  /** @example 1 */
  agents: number;

  /** @example 12 */
  invocations: number;

  /** @example 2 */
  sessions: number;

  /** @example 8 */
  messages: number;

  /** @example 14 */
  artifacts: number;
}

export class DeletedProjectDto {
  deleted: DeletedCountsDto;
}
