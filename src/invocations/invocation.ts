import type { AgentRunFailure, HeldRun, TraceStep } from '../runtimes/agent-runtime.js';
import type { CallerCall, CallOptions, ConversationMessage, FinishReason } from '../runtimes/caller-request.js';
import type { ErrorCode } from '../shared/domain-error.js';

/** Why a run failed; `interrupted` when its process died. */
export type InvocationFailure = AgentRunFailure | 'interrupted';
/** `waiting`: calls of the run wait for approval. The run occupies no process and continues when they are decided. */
export const INVOCATION_STATUSES = ['running', 'waiting', 'success', 'failed'] as const;
export type InvocationStatus = (typeof INVOCATION_STATUSES)[number];

export const APPROVAL_STATUSES = ['pending', 'approved', 'rejected', 'expired'] as const;
export type ApprovalStatus = (typeof APPROVAL_STATUSES)[number];

/** A call of the agent that a person decides about, once. */
export interface Approval {
  approval_id: string;
  call_id: string;
  tool: string;
  input: unknown;
  /** The member of the team that made the call. Absent: the agent itself. */
  agent?: string;
  status: ApprovalStatus;
  /** Undecided until then, the call counts as refused. */
  expires_at: string;
  by: string | null;
  comment: string | null;
  decided_at: string | null;
}

/** What a waiting run is continued with. */
export interface Suspended {
  held: HeldRun;
  options?: CallOptions;
  session_state?: Record<string, unknown>;
  /** The limit of this run in US dollars. */
  max_cost_usd?: number;
}

/** The version or model that the caller chose for this run instead of those of the agent. */
export interface Chosen {
  version?: string;
  model?: string;
}

/** What a caller sent beyond `input_text`, kept where the run is continued or shown again. */
export interface KeptRequest {
  turn?: ConversationMessage[];
  options?: CallOptions;
  /** What a protocol shows again with the answer. */
  echo?: Record<string, unknown>;
}

/** One run of an agent. Failed, timed-out and interrupted runs are recorded too. */
export interface Invocation {
  invocation_id: string;
  org_id: string;
  user_id: string;
  agent_id: string;
  session_id: string;
  /** The API key that the run was started with. */
  key_id?: string;
  agent_version: string;
  input_text: string;
  output_text: string | null;
  status: InvocationStatus;
  error: { code: ErrorCode; reason: InvocationFailure; message: string } | null;
  duration_ms: number | null;
  model: string | null;
  usage: { input_tokens: number; output_tokens: number };
  /** US dollars at list price; null when the price of the model is not known. */
  cost_usd: number | null;
  trace: { steps: TraceStep[]; truncated?: boolean } | null;
  created_at: string;
  completed_at: string | null;
  /** The session opened from this run was deleted, so it must not be opened again. */
  session_deleted?: boolean;
  /** The run was streamed or ran in the background, so its events are stored for 24 hours. */
  has_events?: boolean;
  background?: boolean;
  /** Absent: stop. */
  finish_reason?: FinishReason;
  /** Calls of the caller's tools that ended the run. */
  calls?: CallerCall[];
  kept_request?: KeptRequest;
  /** Messages of the session after the run, its answer included. */
  session_position?: number;
  /** The caller asked not to keep the run, or to forget it: protocols do not show it. */
  forgotten?: boolean;
  /** Nesting depth of flows, for a run that a flow's step started. */
  depth?: number;
  /** In the order in which they were requested; those of the current wait are last. */
  approvals?: Approval[];
  /** Only while the run waits. */
  suspended?: Suspended;
  /** Absent when the caller chose nothing. */
  chosen?: Chosen;
  /** The rollout that decided `agent_version`, which counts the run. */
  rollout_id?: string;
  /** Where the end of the run is delivered. */
  webhook?: { url: string; delivery_id: string };
}

export const isOver = ({ status }: Pick<Invocation, 'status'>): boolean => status === 'success' || status === 'failed';

/** The approvals that a waiting run waits for. */
export function awaited({ approvals = [], suspended }: Invocation): Approval[] {
  return suspended ? approvals.slice(-suspended.held.calls.length) : [];
}

export const isPending = ({ status }: Approval): boolean => status === 'pending';

/** How many approvals are settled by the time of the events that {@link presentEvents} gives. */
export function settledOf(run: Invocation): number {
  const { approvals = [] } = run;
  const present = awaited(run);
  return approvals.length - (present.some(isPending) ? present.length : 0);
}

const INVOCATION_PREFIX = 'inv_';
const SESSION_PREFIX = 'sess_';

/**
 * The session id that a run without a session answers. It is derived from the id of the run, so that the first use of the
 * session finds the run without an index, and the run needs no second write.
 */
export const sessionBegunBy = (invocation_id: string): string =>
  SESSION_PREFIX + invocation_id.slice(INVOCATION_PREFIX.length);

export const isSessionId = (id: string): boolean => id.startsWith(SESSION_PREFIX);

/** The id of the run that this session id was derived from. Such a run does not always exist. */
export const beginningOf = (session_id: string): string => INVOCATION_PREFIX + session_id.slice(SESSION_PREFIX.length);

/** The conversation of a run without a session: what was sent, and the answer when there is one. */
export function conversationOf(run: Invocation): ConversationMessage[] {
  const asked = run.kept_request?.turn ?? [{ role: 'user' as const, content: run.input_text }];
  return run.status === 'success' ? [...asked, answerMessage(run)] : asked;
}

export function answerMessage({ output_text, calls }: Invocation): ConversationMessage {
  return { role: 'assistant', content: output_text ?? '', ...(calls ? { calls } : {}) };
}

/** How many messages the session of a run has when nothing was said after it; undefined when it is not known. */
export function positionOf(run: Invocation): number | undefined {
  if (run.session_position !== undefined) return run.session_position;
  return run.session_id === sessionBegunBy(run.invocation_id) ? conversationOf(run).length : undefined;
}

/** Keeps a record far below the 400 KB of an item. Input and output of steps are cut; the steps are kept. */
const TRACE_LIMIT_BYTES = 60_000;
const STEP_VALUE_LENGTH = 1_000;

export function boundedTrace(steps: TraceStep[]): { steps: TraceStep[]; truncated?: boolean } {
  if (Buffer.byteLength(JSON.stringify(steps)) <= TRACE_LIMIT_BYTES) return { steps };
  const cut = (value: unknown): unknown => {
    const text = JSON.stringify(value) ?? '';
    return text.length <= STEP_VALUE_LENGTH
      ? value
      : `${text.slice(0, STEP_VALUE_LENGTH)}… (${text.length} characters)`;
  };
  return {
    steps: steps
      .slice(0, 50)
      .map((step) => ({ ...step, input: cut(step.input), ...('output' in step ? { output: cut(step.output) } : {}) })),
    truncated: true,
  };
}
