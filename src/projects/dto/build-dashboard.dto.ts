import { CoverageDto } from '../../agents/dto/agent.dto.js';
import type { StageName, StageStatus } from '../../stages/stage.js';
import type { ResourceType } from '../../stages/stage-table.js';
import type { VisibleStatus, LogLevel } from '../project.js';

/** A document that a stage wrote. */
class ArtifactSummaryDto {
  /** @example requirements.md */
  path: string;

  /** @example requirements_analysis */
  stage_name: StageName;

  /** @example text/markdown */
  content_type: string;

  /** @example 2048 */
  size_bytes: number;

  /**
   * The build attempt that created it.
   * @example 1
   */
  attempt: number;

  /** @example 2026-11-20T10:00:00.000Z */
  created_at: string;
}

export class ArtifactListDto {
  artifacts: ArtifactSummaryDto[];

  /** @example 14 */
  total: number;

  /** Always null. All artifacts of a project are on one page. */
  last_key: string | null;
}

export class ArtifactDto extends ArtifactSummaryDto {
  /** @example '# Requirements' */
  content: string;
}

export class BuildStageDto {
  /** @example agent_design */
  name: StageName;

  /** @example 'Agent design' */
  display_name: string;

  /** @example 4 */
  order: number;

  /** @example completed */
  status: StageStatus;

  started_at: string | null;

  completed_at: string | null;

  /** @example 0.4 */
  duration_seconds: number | null;

  error: string | null;

  /** @example 512 */
  input_tokens: number;

  /** @example 300 */
  output_tokens: number;

  /** @example 0 */
  /** US dollars at list price. Null if the model's price is unknown. */
  cost_usd: number | null;

  tool_calls: number;

  metadata: Record<string, unknown>;
}

export class CostEstimateDto {
  /** US dollars. Null if a model's price is unknown. */
  total: number | null;

  /** @example USD */
  currency: string;

  /** @example nexus/offline */
  pricing_model: string | null;
}

export class BuildMetricsDto {
  /** Seconds since the build started, or its duration once it has ended. */
  total_duration_seconds: number | null;

  input_tokens: number;

  output_tokens: number;

  tool_calls: number;

  /** @example 2 */
  total_tools: number;

  cost_estimate: CostEstimateDto;
}

export class BuildResourceDto {
  /**
   * agent, tool, prompt or code.
   * @example tool
   */
  type: ResourceType | 'agent';

  /** @example calculator */
  name: string;

  /** Path of the artifact or id of the agent. */
  reference: string;
}

export class BuildAlertDto {
  /** @example stage-agent_deployer-failed */
  id: string;

  /**
   * info, warning or error.
   * @example error
   */
  level: LogLevel;

  message: string;

  created_at: string;
}

export class WorkflowNodeDto {
  /** @example tool_developer */
  id: string;

  /** @example 'Tool development' */
  label: string;

  /**
   * stage or sub_stage.
   * @example sub_stage
   */
  type: 'stage' | 'sub_stage';

  /** @example completed */
  status: StageStatus;
}

export class WorkflowEdgeDto {
  /** @example agent_design */
  source: string;

  /** @example agent_developer_manager */
  target: string;

  /**
   * next or contains.
   * @example next
   */
  kind: 'next' | 'contains';
}

/** Everything about a build on one page. */
export class BuildDashboardDto {
  project_id: string;

  project_name: string;

  status: VisibleStatus;

  progress_percentage: number;

  requirement: string;

  stages: BuildStageDto[];

  total_stages: number;

  completed_stages: number;

  updated_at: string;

  metrics: BuildMetricsDto;

  /** How much of the requirement the build proved. Null until a build has measured it. */
  coverage: CoverageDto | null;

  resources: BuildResourceDto[];

  alerts: BuildAlertDto[];

  workflow_graph_nodes: WorkflowNodeDto[];

  workflow_graph_edges: WorkflowEdgeDto[];

  error_info: Record<string, unknown> | null;
}
