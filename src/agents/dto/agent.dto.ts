import { ApiProperty } from '@nestjs/swagger';
import type { RuntimeKind } from '../../runtimes/agent-runtime.js';
import type { AgentStatus } from '../agent.js';
import { RolloutShareDto } from './rollout.dto.js';

/** How much of the requirement the acceptance examples have proven. The list is in `acceptance_report.json`. */
export class CoverageDto {
  /**
   * Number of requirements exercised by an example that passed.
   * @example 2
   */
  proven: number;

  /**
   * Number of requirements that no example exercises.
   * @example 1
   */
  unproven: number;

  /**
   * Number of requirements exercised by an example that failed.
   * @example 0
   */
  contradicted: number;

  /** @example 3 */
  total: number;

  /**
   * Share of proven requirements, 0 to 1.
   * @example 0.67
   */
  share: number;

  /**
   * Names the requirements that are not proven. Null if all are proven.
   * @example '1 of 3 requirements is not proven: R-3 (Explain each step). Test it before you rely on this agent.'
   */
  warning: string | null;
}

export class AgentCoreConfigDto {
  agent_arn: string;

  agent_alias_id: string;

  agent_alias_arn: string;
}

/** Counted since the agent was made; counters, so exact. */
export class RuntimeStatsDto {
  /** @example 12 */
  total_invocations: number;

  /** @example 11 */
  successful_invocations: number;

  /** @example 1 */
  failed_invocations: number;

  /** @example 8.4 */
  avg_duration_ms: number | null;

  /** @example 20.1 */
  p95_duration_ms: number | null;

  /** @example 512 */
  input_tokens: number;

  /** @example 730 */
  output_tokens: number;

  /** @example 2026-11-20T10:00:00.000Z */
  last_invoked_at: string | null;
}

/** A deployed agent. */
export class AgentDto {
  /** @example proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R:shop-support */
  agent_id: string;

  /** @example shop-support */
  agent_name: string;

  /** @example proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  project_id: string;

  /** @example 'Answers questions about our shop' */
  description: string;

  /** @example support */
  category: string;

  /** @example v1.0.0 */
  version: string;

  /** The version that is being rolled out alongside `version`, and its share. Null while no rollout is running. */
  rollout: RolloutShareDto | null;

  /**
   * Increases by one with every change to the agent. Send it when you edit the definition.
   * @example 1
   */
  revision: number;

  /**
   * running, building, offline or error. Only a running agent accepts calls.
   * @example running
   */
  status: AgentStatus;

  /** @example ['text_generation', 'tool:calculator'] */
  capabilities: string[];

  /** @example ['calculator'] */
  tools: string[];

  /** @example ['nexus/offline'] */
  supported_models: string[];

  /**
   * The model set for the agent. Null means the model in its definition, or else the platform's.
   * @example null
   */
  model_id: string | null;

  /** How much of the requirement the build proved. Null if no build measured it. */
  coverage: CoverageDto | null;

  /**
   * Names of tools whose calls require approval, in addition to those that the definition names and to tools whose risk is
   * `destructive`.
   * @example ['refund_order']
   */
  requires_approval: string[];

  /**
   * JSON Schema set for the agent, which every answer matches. Null means the schema in its definition, if any.
   * @example null
   */
  output_schema: Record<string, unknown> | null;

  /** @example ['text'] */
  supported_inputs: string[];

  /** @example ['shop'] */
  tags: string[];

  /**
   * local, http or agentcore.
   * @example local
   */
  runtime: RuntimeKind;

  agentcore_config: AgentCoreConfigDto | null;

  runtime_stats: RuntimeStatsDto;

  region: string | null;

  /**
   * URL of the agent's container, for the `http` runtime. Null for other runtimes.
   * @example null
   */
  endpoint_url: string | null;

  error_message: string | null;

  /** @example 2026-11-20T10:00:00.000Z */
  created_at: string;

  /** @example 2026-11-20T10:00:00.000Z */
  updated_at: string;

  /** @example 2026-11-20T10:00:00.000Z */
  deployed_at: string;
}

export class EditedAgentDto extends AgentDto {
  @ApiProperty({ type: String, example: 'v1.0.1' })
  declare version: string;

  @ApiProperty({
    type: Number,
    example: 2,
    description: 'Increases by one with every change to the agent. Send it when you edit the definition.',
  })
  declare revision: number;

  /**
   * The version that the edit created. The agent runs it, unless `activate` was false.
   * @example v1.0.1
   */
  edited_version: string;
}

export class AgentListDto {
  agents: AgentDto[];

  /**
   * Number of records on this page.
   * @example 1
   */
  total: number;

  /** Cursor of the next page. Null on the last page. */
  last_key: string | null;
}

export class AgentVersionDto {
  /** @example v1.0.0 */
  version: string;

  /**
   * The build that created the version. Null if no build created it.
   * @example bld_01KAG4ZQ4N5B1M6Z6K0TQX0N3R
   */
  build_id: string | null;

  /**
   * The user whose edit created the version. Null if it was not created by an edit.
   * @example null
   */
  created_by: string | null;

  /** Whether this is the current version. */
  current: boolean;

  /**
   * What the agent runs: prompt, tools, limits. If the documents exceed 60,000 characters in total, only their names and sizes are
   * listed; `GET /agents/{agent_id}/definition` returns the texts of the current version.
   */
  definition: Record<string, unknown>;

  /** @example 2026-11-20T10:00:00.000Z */
  created_at: string;
}

export class AgentVersionListDto {
  versions: AgentVersionDto[];

  /** @example 1 */
  total: number;

  last_key: string | null;
}

export class DeletedUnderAgentDto {
  /** @example 1 */
  agents: number;

  /** @example 12 */
  invocations: number;

  /** @example 2 */
  sessions: number;

  /** @example 8 */
  messages: number;
}

export class DeletedAgentDto {
  deleted: DeletedUnderAgentDto;
}
