import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { PageQuery } from '../../platform/http/page.dto.js';
import { Packed } from '../../platform/http/validation.pipe.js';
import { ANY_JSON, IsTimestamp } from '../../platform/http/api-docs.js';
import {
  RUN_STATUSES,
  type RunStatus,
  STEP_STATUSES,
  type StepStatus,
  TRIGGER_KINDS,
  type TriggerKind,
} from './flow-run.js';

const ANY = { ...ANY_JSON, description: 'Any JSON value.', example: { id: 'ref_1' } } as const;

export class StartFlowRunDto {
  /** Input of the run. It must match the input schema of the flow. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: { order_id: 'A-17' } })
  @IsOptional()
  @Packed()
  @IsObject()
  input?: Record<string, unknown>;

  /**
   * Requests with the same key return the same run for 30 days.
   * @example order-A-17
   */
  @IsOptional()
  @IsString()
  @Length(1, 250)
  idempotency_key?: string;

  /**
   * The published version to use. Defaults to the latest.
   * @example 2
   */
  @IsOptional()
  @IsInt()
  @Min(1)
  version?: number;

  /** Performs only reads. Skips writes, agents, webhooks and waits; each step reports what it skipped. */
  @IsOptional()
  @IsBoolean()
  dry_run?: boolean;

  /**
   * Maximum number of seconds to wait for the run to end.
   * @example 10
   */
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(30)
  wait_seconds?: number;

  /**
   * Maximum total cost of the run's agents in US dollars. The lower of this and the flow's own limit applies.
   * @example 0.5
   */
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(1_000_000)
  max_cost_usd?: number;
}

export class ListFlowRunsQuery extends PageQuery {
  @IsOptional()
  @IsIn(RUN_STATUSES)
  status?: RunStatus;

  /** Created at this time or later. */
  @IsOptional()
  @IsTimestamp()
  from?: string;

  /** Created at this time or earlier. */
  @IsOptional()
  @IsTimestamp()
  to?: string;
}

export class ListAllFlowRunsQuery extends ListFlowRunsQuery {
  /** Only runs of this flow. */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  flow_id?: string;
}

export const RUN_ACTIONS = ['pause', 'resume', 'cancel', 'retry'] as const;

export class ControlFlowRunDto {
  /** @example cancel */
  @IsIn(RUN_ACTIONS)
  action: (typeof RUN_ACTIONS)[number];

  /** With retry: reruns this step, such as `refund`, and everything after it, including completed steps. */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  from_step?: string;

  /** @example The customer changed their mind */
  @IsOptional()
  @IsString()
  @MaxLength(1000)
  reason?: string;

  /** With cancel: false skips compensation. Defaults to true. */
  @IsOptional()
  @IsBoolean()
  compensate?: boolean;
}

export class SignalFlowRunDto {
  /** The output of the step that waits for the signal. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: { tracking: 'T-1' } })
  @IsOptional()
  @Packed()
  @IsObject()
  data?: Record<string, unknown>;
}

export class DecideStepDto {
  /** @example true */
  @IsBoolean()
  approve: boolean;

  /** @example Known customer */
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  comment?: string;
}

export class RunErrorDto {
  /** @example HTTP_503 */
  code: string;

  /** @example The service answered 503 */
  message: string;

  /**
   * The step that failed.
   * @example refund
   */
  step_id?: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true })
  details?: Record<string, unknown>;
}

export class FlowTriggerOfRunDto {
  @ApiProperty({ enum: TRIGGER_KINDS, enumName: 'FlowRunTriggerKind', example: 'api' })
  kind: TriggerKind;

  /** Id of what started the run: a trigger, parent run, agent, tool or dead letter. Null for `api`. */
  id: string | null;
}

export class AttemptDto {
  /** @example 2026-11-20T10:00:00.000Z */
  started_at: string;

  /** @example 2026-11-20T10:00:01.000Z */
  ended_at: string | null;

  /** `interrupted`: the process ended, and the outcome of the attempt is unknown. */
  @ApiProperty({ enum: ['running', 'completed', 'failed', 'interrupted'], enumName: 'FlowAttemptStatus' })
  status: 'running' | 'completed' | 'failed' | 'interrupted';

  @ApiProperty({ type: () => RunErrorDto, nullable: true })
  error: RunErrorDto | null;

  /** Id of the invocation or flow run that the attempt started. */
  request_id?: string;
}

export class CompensationDto {
  @ApiProperty({ enum: ['running', 'retrying', 'completed', 'failed'], enumName: 'FlowCompensationStatus' })
  status: 'running' | 'retrying' | 'completed' | 'failed';

  attempts: AttemptDto[];

  @ApiProperty({ type: () => RunErrorDto, required: false })
  error?: RunErrorDto;

  next_attempt_at?: string;
}

export class FlowStepRunDto {
  /**
   * `step_id`, followed by the item indexes inside a for_each. To decide an approval step, send it as `step_id`.
   * @example 'charge[3]'
   */
  key: string;

  /** @example charge */
  step_id: string;

  /**
   * Index of the item, starting at 0; in nested for_each steps, all indexes from outer to inner, such as `3.0`. Null outside a for_each.
   * @example '3'
   */
  item: string | null;

  @ApiProperty({ enum: STEP_STATUSES, enumName: 'FlowStepStatus', example: 'completed' })
  status: StepStatus;

  attempts: AttemptDto[];

  @ApiProperty(ANY)
  input: unknown;

  @ApiProperty(ANY)
  output: unknown;

  @ApiProperty({ type: () => RunErrorDto, required: false })
  error?: RunErrorDto;

  /** The key that the step sends to make retries idempotent. */
  idempotency_key?: string;

  /** When the next attempt starts. */
  next_attempt_at?: string;

  /** When the wait ends or times out. */
  wake_at?: string;

  /** The number of items in a for_each. */
  items?: number;

  /** The case that the switch step took. */
  @ApiProperty({ type: 'string', nullable: true, required: false })
  case_name?: string | null;

  /** The run of another flow that the step waits for. */
  child_run_id?: string;

  /** @example 0.0021 */
  cost_usd?: number;

  /** What a dry run did instead. */
  note?: string;

  @ApiProperty({ type: () => CompensationDto, required: false })
  compensation?: CompensationDto;
}

export class FlowRunSummaryDto {
  /** @example frun_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  run_id: string;

  /** @example flow_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  flow_id: string;

  /** @example 2 */
  flow_version: number;

  @ApiProperty({ enum: RUN_STATUSES, enumName: 'FlowRunStatus', example: 'completed' })
  status: RunStatus;

  trigger: FlowTriggerOfRunDto;

  @ApiProperty({ type: () => RunErrorDto, nullable: true })
  error: RunErrorDto | null;

  /** @example 0.0021 */
  cost_usd: number;

  dry_run: boolean;

  /** @example 2026-11-20T10:00:00.000Z */
  created_at: string;

  /** @example 2026-11-20T10:00:00.000Z */
  started_at: string | null;

  /** @example 2026-11-20T10:00:05.000Z */
  ended_at: string | null;
}

export class FlowRunDto extends FlowRunSummaryDto {
  @ApiProperty(ANY)
  input: unknown;

  @ApiProperty(ANY)
  output: unknown;

  /** Cost limit in US dollars. Null means no limit. */
  max_cost_usd: number | null;

  /** When the run times out. */
  deadline_at: string;

  /** Steps in the order of the definition. A step inside a for_each appears once per item. */
  steps: FlowStepRunDto[];

  /** True if the run has more than 2,000 steps. The rest are omitted. */
  steps_truncated: boolean;

  /** The actions that PUT /control accepts now. */
  legal_actions: string[];
}

export class FlowRunListDto {
  runs: FlowRunSummaryDto[];

  /** @example 1 */
  total: number;

  last_key: string | null;
}

export class DeadLetterDto {
  /** @example dlq_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  dead_letter_id: string;

  flow_id: string;

  /** @example 2 */
  flow_version: number;

  /** The run that failed. It has the input and the failed step. */
  run_id: string;

  @ApiProperty({ enum: RUN_STATUSES, enumName: 'FlowRunStatus' })
  status: RunStatus;

  @ApiProperty({ type: () => RunErrorDto, nullable: true })
  error: RunErrorDto | null;

  /** @example 2026-11-20T10:00:00.000Z */
  created_at: string;
}

export class DeadLetterListDto {
  dead_letters: DeadLetterDto[];

  /** @example 1 */
  total: number;

  last_key: string | null;
}

export class DeletedDeadLetterDto {
  dead_letter_id: string;

  /** @example true */
  deleted: boolean;
}
