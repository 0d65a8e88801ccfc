import type { ApprovalDto, InvocationDto, InvokeResultDto, RunStateDto, TraceDto } from './dto/invocation.dto.js';
import type { Approval, Invocation } from './invocation.js';

/** The answer to an invoke. */
export function invokeResult(invocation: Invocation, withTrace: boolean): InvokeResultDto {
  const { invocation_id, session_id, output_text, duration_ms, status, model, usage, trace, created_at } = invocation;
  const { cost_usd } = invocation;
  return {
    invocation_id,
    session_id,
    output: output_text ?? '',
    duration_ms: duration_ms ?? 0,
    status,
    model: model ?? '',
    usage,
    cost_usd: cost_usd ?? null,
    ...(withTrace && trace ? { trace: trace as unknown as TraceDto } : {}),
    ...ending(invocation),
    created_at,
  };
}

function ending({ finish_reason, calls }: Invocation): Pick<Invocation, 'finish_reason' | 'calls'> {
  return { ...(finish_reason ? { finish_reason } : {}), ...(calls ? { calls } : {}) };
}

/** The state of a run that has not ended. */
export function runState(invocation: Invocation): RunStateDto {
  const { invocation_id, agent_id, session_id, status, created_at } = invocation;
  return { invocation_id, agent_id, session_id, status, ...asked(invocation), created_at };
}

export function approvalView(approval: Approval): ApprovalDto {
  return { ...approval, input: approval.input as Record<string, unknown> };
}

function asked({ approvals }: Invocation): { approvals?: ApprovalDto[] } {
  return approvals ? { approvals: approvals.map(approvalView) } : {};
}

/** The record without internal fields. */
export function invocationView(invocation: Invocation, withTrace: boolean): InvocationDto {
  const { invocation_id, agent_id, session_id, agent_version, user_id, input_text, output_text, status } = invocation;
  const { error, duration_ms, model, usage, cost_usd, trace, created_at, completed_at } = invocation;
  return {
    invocation_id,
    agent_id,
    session_id,
    agent_version,
    user_id,
    input_text,
    output: output_text,
    status,
    error,
    duration_ms,
    model,
    usage,
    cost_usd: cost_usd ?? null,
    background: invocation.background ?? false,
    ...(withTrace ? { trace: trace as unknown as TraceDto | null, ...ending(invocation), ...asked(invocation) } : {}),
    ...(withTrace && invocation.chosen ? { chosen: invocation.chosen } : {}),
    created_at,
    completed_at,
  };
}
