import { ApiProperty } from '@nestjs/swagger';
import type { FinishReason } from '../../runtimes/caller-request.js';
import { IsIn, IsOptional, IsString, Length } from 'class-validator';
import { IsTimestamp } from '../../platform/http/api-docs.js';
import { PageQuery } from '../../platform/http/page.dto.js';
import {
  type ApprovalStatus,
  INVOCATION_STATUSES,
  type InvocationFailure,
  type InvocationStatus,
} from '../invocation.js';

export class UsageDto {
  /** @example 120 */
  input_tokens: number;

  /** @example 14 */
  output_tokens: number;
}

/** One model call or tool call. */
export class TraceStepDto {
  /** @example 1 */
  step: number;

  /**
   * model or tool.
   * @example tool
   */
  type: 'model' | 'tool';

  /** @example calculator */
  name: string;

  /** @example {"expression": "1234 * 56"} */
  input: Record<string, unknown>;

  /** @example {"result": "69104"} */
  output?: Record<string, unknown>;

  error?: string;

  /** @example 2026-11-20T10:00:00.000Z */
  started_at: string;

  /**
   * The member of the agent's team that took the step. Absent if the agent itself did.
   * @example billing
   */
  agent?: string;

  /** @example 1.2 */
  duration_ms: number;
}

export class TraceDto {
  steps: TraceStepDto[];

  /** True if long values were truncated to keep the record small. */
  truncated?: boolean;
}

export class InvocationErrorDto {
  /** @example AGENT_INVOCATION_FAILED */
  code: string;

  /**
   * Why the run failed.
   * @example timeout
   */
  reason: InvocationFailure;

  /** @example 'The agent did not respond within 60 seconds' */
  message: string;
}

/** A call of a tool that the caller runs itself. */
export class CallerCallDto {
  @ApiProperty({ example: 'call_1' })
  call_id: string;

  @ApiProperty({ example: 'get_weather' })
  tool: string;

  /** The arguments, as JSON text. */
  @ApiProperty({ example: '{"city": "Berlin"}' })
  arguments: string;
}

/** A tool call that a person decides about. */
export class ApprovalDto {
  /** @example appr_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  approval_id: string;

  /** @example call_1 */
  call_id: string;

  /** @example delete_order */
  tool: string;

  /**
   * The member of the agent's team that made the call. Absent if the agent itself did.
   * @example shipping
   */
  agent?: string;

  /** @example {"order_id": "1234"} */
  input: Record<string, unknown>;

  /**
   * pending, approved, rejected or expired.
   * @example approved
   */
  status: ApprovalStatus;

  /**
   * When a pending approval expires and counts as refused.
   * @example 2026-11-21T10:00:00.000Z
   */
  expires_at: string;

  /**
   * The user or API key that decided. Null while undecided.
   * @example usr_01KAG4ZQ4N5B1M6Z6K0TQX0N3R
   */
  by: string | null;

  /** @example 'The customer confirmed it' */
  comment: string | null;

  /** @example 2026-11-20T10:05:00.000Z */
  decided_at: string | null;
}

/** What an agent answered. */
export class InvokeResultDto {
  /** @example inv_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  invocation_id: string;

  /**
   * Send it with the next call to continue the conversation.
   * @example sess_01KAG4ZQ4N5B1M6Z6K0TQX0N3R
   */
  session_id: string;

  /** @example '1234 * 56 = 69,104' */
  output: string;

  /** @example 6.2 */
  duration_ms: number;

  /** @example success */
  status: InvocationStatus;

  /**
   * The model that answered.
   * @example nexus/offline
   */
  model: string;

  usage: UsageDto;

  /**
   * Cost of the model calls in US dollars at list price. Null if the model's price is unknown.
   * @example 0.00042
   */
  cost_usd: number | null;

  /** Every step of the run. Only with enable_trace. */
  trace?: TraceDto;

  /** Never set on this route: only callers of other protocols, such as the OpenAI-compatible API, send tools and a token limit. */
  finish_reason?: FinishReason;

  /** Never set on this route: only callers of other protocols, such as the OpenAI-compatible API, send tools. */
  calls?: CallerCallDto[];

  /** @example 2026-11-20T10:00:00.000Z */
  created_at: string;
}

/** A run that goes on. */
export class RunStateDto {
  /** @example inv_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  invocation_id: string;

  /** @example proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R:shop-support */
  agent_id: string;

  /** @example sess_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  session_id: string;

  /**
   * running or waiting; failed once a cancellation has taken effect.
   * @example running
   */
  status: InvocationStatus;

  /** Only for a run that is or was waiting for approval. It continues when none is pending. */
  approvals?: ApprovalDto[];

  /** @example 2026-11-20T10:00:00.000Z */
  created_at: string;
}

/** Telling a webhook how the run ended. */
export class WebhookStateDto {
  /**
   * The webhook-id header of every attempt.
   * @example whk_01KAG4ZQ4N5B1M6Z6K0TQX0N3R
   */
  delivery_id: string;

  /**
   * The URL without its query.
   * @example https://example.com/hooks/nexus
   */
  url: string;

  /**
   * waiting (for the run to end), pending, delivered or failed.
   * @example delivered
   */
  status: 'waiting' | 'pending' | 'delivered' | 'failed';

  /** @example 1 */
  attempts: number;

  /**
   * Last HTTP status that the receiver returned. Null if it did not respond.
   * @example 200
   */
  last_status: number | null;

  /** @example null */
  last_error: string | null;

  /** @example 2026-11-20T10:00:01.000Z */
  delivered_at: string | null;
}

/** What the caller chose for one run instead of what the agent runs. */
export class ChosenDto {
  /** @example v1.0.0 */
  version?: string;

  /** @example nexus/offline */
  model?: string;
}

/** The record of one run. */
export class InvocationDto {
  /** @example inv_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  invocation_id: string;

  /** @example proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R:shop-support */
  agent_id: string;

  /** @example sess_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  session_id: string;

  /** @example v1.0.0 */
  agent_version: string;

  /** @example ada */
  user_id: string;

  /** @example 'What is 1234 * 56?' */
  input_text: string;

  /** @example '1234 * 56 = 69,104' */
  output: string | null;

  /**
   * running, waiting (for approval of a tool call), success or failed.
   * @example success
   */
  status: InvocationStatus;

  error: InvocationErrorDto | null;

  /** @example 6.2 */
  duration_ms: number | null;

  /** @example nexus/offline */
  model: string | null;

  usage: UsageDto;

  /**
   * Cost of the model calls in US dollars at list price. Null if the model's price is unknown.
   * @example 0.00042
   */
  cost_usd: number | null;

  /**
   * Whether the run was started in the background.
   * @example false
   */
  background: boolean;

  /**
   * Only when a single invocation is requested, and only if the answer is incomplete: length (it reached the caller's limit of
   * output tokens) or tool_calls (the agent waits for the results of `calls`).
   * @example tool_calls
   */
  finish_reason?: FinishReason;

  /** With finish_reason tool_calls: calls to tools that the caller runs itself, which ended the run. */
  calls?: CallerCallDto[];

  /** Only when a single invocation is requested, and only for runs that required approval. */
  approvals?: ApprovalDto[];

  /** Only when a single invocation is requested, and only if the caller chose a version or model. */
  chosen?: ChosenDto;

  /** Only when a single invocation is requested, and only for runs with a webhook. */
  webhook?: WebhookStateDto;

  /** Every step. Only when a single invocation is requested. */
  trace?: TraceDto | null;

  /** @example 2026-11-20T10:00:00.000Z */
  created_at: string;

  /** @example 2026-11-20T10:00:00.006Z */
  completed_at: string | null;
}

export class ListInvocationsQuery extends PageQuery {
  /** Only runs in this state. A page can hold fewer runs than `limit`, or none, even if another page follows. */
  @IsOptional()
  @IsIn(INVOCATION_STATUSES)
  status?: InvocationStatus;

  /** Only runs started at this time or later. */
  @IsOptional()
  @IsTimestamp()
  from?: string;

  /** Only runs started at this time or earlier. */
  @IsOptional()
  @IsTimestamp()
  to?: string;
}

export class ListAllInvocationsQuery extends ListInvocationsQuery {
  /** Only runs of this agent. */
  @IsOptional()
  @IsString()
  @Length(1, 300)
  agent_id?: string;
}

export class InvocationListDto {
  invocations: InvocationDto[];

  /** @example 1 */
  total: number;

  last_key: string | null;
}

export class WebhookSecretDto {
  /**
   * Verifies the `webhook-signature` of all the organization's webhooks, with any Standard Webhooks library.
   * @example whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
   */
  secret: string;
}
