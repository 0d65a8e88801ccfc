import type { LanguageModelV4 } from '@ai-sdk/provider';
import { ValidationError, DomainError } from '../shared/domain-error.js';
import { type Usage, NO_USAGE } from '../shared/usage.js';
import type { AgentDefinition, KnowledgeDocument } from './agent-definition.js';
import {
  type CallerCall,
  type CallOptions,
  type ConversationMessage,
  type FinishReason,
  imagesIn,
} from './caller-request.js';
import { ModelError } from '../models/model-error.js';

export type RuntimeKind = 'local' | 'http' | 'agentcore';

/** One turn of an agent: the new input, what was said before it, and what it may know. */
export interface AgentRun {
  /** Whose credentials and tools the run may use. */
  org_id: string;
  agent_id: string;
  /** Runs of one conversation carry the same; a runtime elsewhere keeps them apart by it. */
  session_id: string;
  definition: AgentDefinition;
  input: string;
  /** Oldest first; the runtime trims it to `definition.memory.max_messages`. */
  history: ConversationMessage[];
  /** The new messages in full, never trimmed, where they are more than the text in `input`. */
  turn?: ConversationMessage[];
  options?: CallOptions;
  /** Documents of this session, in addition to those of the definition. */
  knowledge?: KnowledgeDocument[];
  /** Given to the model as context, never as an instruction. */
  session_state?: Record<string, unknown>;
  /** Where the agent was deployed to; a runtime inside the platform needs none. */
  deployment?: Deployment;
  /** The events between `start` and `done` are not read: a runtime may leave them out. */
  quiet?: boolean;
  /** How many flows stand above the run, so that flows and agents that call each other come to an end. */
  depth?: number;
  /** The run may end with {@link AgentResult.held}. Without it, calls that need approval fail as errors of the tool. */
  may_hold?: boolean;
  /** Continues a held run. `input`, `history` and `turn` are not read again. */
  resumed?: { held: HeldRun; decisions: readonly CallDecision[] };
  /** Counts model calls that are made in this process on budgets. */
  meter?: (model: LanguageModelV4) => LanguageModelV4;
  /** Ends the run with reason `cancelled`. */
  signal?: AbortSignal;
}

/** One model call or one tool call of a run, in the order in which they started. */
export interface TraceStep {
  step: number;
  /** The member of the team that took the step. Absent: the agent itself. */
  agent?: string;
  type: 'model' | 'tool';
  name: string;
  input: unknown;
  output?: unknown;
  error?: string;
  started_at: string;
  duration_ms: number;
}

/** A call of the agent's own tool that waits for a person's approval. */
export interface HeldCall {
  call_id: string;
  tool: string;
  input: unknown;
  /** The member of the team that made the call. Absent: the agent itself. */
  agent?: string;
}

/** What was decided about a {@link HeldCall}. */
export interface CallDecision {
  call_id: string;
  approved: boolean;
  /** What the model reads instead of a result, if the call was not approved. */
  refusal: string;
}

/** A member of the team whose task waits, below the call that gave it the task. */
export interface HeldMember {
  call_id: string;
  name: string;
  task: string;
  /** The step of the trace that the call is. */
  step: number;
  held: HeldRun;
}

/** Tokens that one model read and wrote. */
export interface ModelUsage extends Usage {
  model: string;
}

/** A run that waits for decisions about calls, with all that its runtime needs to continue it in any process. JSON. */
export interface HeldRun {
  /** Those of members of the team too. */
  calls: HeldCall[];
  members?: HeldMember[];
  instructions: string;
  /** The whole conversation, in the runtime's own form. */
  messages: unknown[];
  output: string;
  model_calls: number;
  usage: Usage;
  /** The usage by model. Absent: all of it is the agent's model. */
  models?: ModelUsage[];
  steps: TraceStep[];
}

export interface AgentResult {
  output: string;
  model: string;
  usage: Usage;
  /** At list price; null when the price of the model is not known. */
  cost_usd: number | null;
  steps: TraceStep[];
  /** Absent: stop. */
  finish_reason?: FinishReason;
  /** Calls that the caller must answer before the agent can continue. */
  calls?: CallerCall[];
  /** The run has not ended: it continues when its held calls are decided. */
  held?: HeldRun;
}

export type AgentEvent =
  | { type: 'start'; model: string }
  | { type: 'delta'; text: string }
  | { type: 'tool_call'; call_id: string; tool: string; input: unknown; agent?: string }
  | {
      type: 'tool_result';
      call_id: string;
      tool: string;
      output?: unknown;
      error?: string;
      duration_ms: number;
      agent?: string;
    }
  | ({ type: 'caller_call' } & CallerCall)
  | { type: 'done'; result: AgentResult };

/** What the record of an agent keeps of its deployment, so that any process finds it again. */
export interface Deployment {
  region: string | null;
  agentcore_config: { agent_arn: string; agent_alias_id: string; agent_alias_arn: string } | null;
  /** The base address of the agent's own container, without `/invocations`. */
  endpoint_url?: string | null;
}

export interface DeployOptions {
  /** Needed by the `http` runtime, which calls a container that someone else runs. */
  endpoint_url?: string;
  /** Ends waiting for a deployment that takes its time. */
  signal?: AbortSignal;
}

export interface RuntimeHealth {
  ready: boolean;
  message: string;
}

/** Where agents run. */
export abstract class AgentRuntime {
  abstract readonly kind: RuntimeKind;

  /**
   * Checks before a run starts that it can honour what its caller sets.
   * @throws ValidationError that names the option: a field of {@link CallOptions}, or `images`
   */
  async assertTakes({ turn = [], options = {} }: Omit<AgentRun, 'session_id' | 'history' | 'input'>): Promise<void> {
    const [option] = Object.entries(options).flatMap(([name, value]) =>
      value === undefined || name === 'instructions' ? [] : [name],
    );
    const asked = imagesIn(turn).length > 0 ? 'images' : turn.some(({ role }) => role === 'tool') ? 'tools' : option;
    if (asked !== undefined)
      throw ValidationError.field(asked, 'is not supported by an agent that runs in a container');
  }

  /** Events in order: one `start`, then deltas and tool calls, one `done` at the end. A failure is thrown as {@link AgentRunError} instead of `done`. */
  abstract run(run: AgentRun): AsyncIterable<AgentEvent>;

  /** Makes the definition runnable under the id. Safe to repeat. Throws ValidationError for a definition that cannot run here. */
  abstract deploy(agentId: string, definition: AgentDefinition, options?: DeployOptions): Promise<Deployment>;

  /** Safe to repeat, also for an agent that was never deployed. */
  abstract undeploy(agentId: string, deployment?: Deployment): Promise<void>;

  /** Never throws for a deployment that is down: that is an answer. */
  abstract health(agentId: string, deployment?: Deployment): Promise<RuntimeHealth>;
}

/**
 * `model`: the model failed; `timeout`, `cancelled`: the run was stopped; `limit`: it used up its steps, tokens or money;
 * `unreachable`: the container could not be called or went away in the middle; `malformed`: it answered what no agent
 * answers, or too much; `runtime`: anything else.
 */
export type AgentRunFailure = 'model' | 'timeout' | 'cancelled' | 'limit' | 'unreachable' | 'malformed' | 'runtime';

const SUGGESTIONS: Record<AgentRunFailure, string> = {
  model: 'Check the model provider of the platform and try again.',
  timeout: 'Ask for less in one message, or raise limits.timeout_seconds of the agent.',
  cancelled: 'Send the message again if the answer is still wanted.',
  limit: 'Ask for less in one message, or raise the limits of the agent.',
  unreachable: 'Check with GET /api/v1/agents/{agent_id}/runtime/health that the container of the agent is running.',
  malformed: 'Check the container of the agent against the contract in docs/runtimes.md.',
  runtime: 'Try again; if it persists, look up the trace id in the log.',
};

/**
 * A run that ended without an answer. `steps`, `usage` and `cost_usd` hold what happened until then, for the invocation
 * record. When a {@link ModelError} is the cause, `details.fault` says what was wrong with the model.
 */
export class AgentRunError extends DomainError {
  override readonly code = 'AGENT_INVOCATION_FAILED';
  /** Null: not known. */
  cost_usd: number | null = null;

  constructor(
    readonly reason: AgentRunFailure,
    message: string,
    readonly steps: TraceStep[] = [],
    readonly usage: Usage = NO_USAGE,
    cause?: unknown,
  ) {
    const model = cause instanceof ModelError ? cause : undefined;
    super(message, {
      details: { reason, ...model?.details },
      suggestion: model?.suggestion ?? SUGGESTIONS[reason],
      cause,
    });
  }
}
