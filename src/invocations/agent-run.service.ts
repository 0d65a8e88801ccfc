import { Injectable, Logger } from '@nestjs/common';
import { Engine } from '../engine/engine.js';
import { Settings } from '../platform/config/settings.js';
import type { Spender } from '../budgets/budget.js';
import { BudgetExceededError } from '../budgets/budgets.errors.js';
import { BudgetsService } from '../budgets/budgets.service.js';
import { type Held, UNSTATED_OUTPUT_TOKENS } from '../budgets/metered-model.js';
import type { AgentDefinition, KnowledgeDocument } from '../runtimes/agent-definition.js';
import {
  type AgentEvent,
  type AgentResult,
  type AgentRun,
  type CallDecision,
  type Deployment,
  type HeldRun,
  AgentRunError,
} from '../runtimes/agent-runtime.js';
import type { CallOptions, ConversationMessage } from '../runtimes/caller-request.js';
import { ModelsService } from '../models/models.service.js';
import { ObservedRuntimes } from '../runtimes/observed-runtimes.js';
import { RequestContext } from '../platform/observability/request-context.js';
import { Clock } from '../shared/clock.js';
import { DomainError } from '../shared/domain-error.js';
import { Ids } from '../shared/ids.js';
import { NO_USAGE, type Usage } from '../shared/usage.js';
import { StatisticsAggregator } from '../statistics/statistics-aggregator.js';
import {
  type Approval,
  boundedTrace,
  type Chosen,
  type Invocation,
  sessionBegunBy,
  type InvocationFailure,
  type Suspended,
} from './invocation.js';
import { recordedFact } from './invocation-records.js';
import { RunWaitingError } from './invocations.errors.js';
import { InvocationsRepository, isStorable } from './invocations.repository.js';
import { Recording } from './run-recording.js';
import type { LiveRun } from './live-runs.service.js';

/** How far a run may exceed its own time limit before it counts as dead. */
const GRACE_MS = 60_000;

/** The workflow kind of background runs and of runs that wait. */
export const BACKGROUND_RUN = 'background_run';

export interface RunRequest extends Pick<Invocation, 'kept_request' | 'session_position' | 'forgotten'> {
  chosen?: Chosen | undefined;
  /** Absent: a new id. */
  invocation_id?: string | undefined;
  /** See {@link Invocation.rollout_id}. */
  rollout_id?: string | undefined;
  org_id: string;
  user_id: string;
  agent_id: string;
  /** The project whose budget is charged, besides those of the organization, the agent and the API key. */
  project_id?: string;
  /** Absent: the key of the request that is being served. */
  key_id?: string | undefined;
  agent_version: string;
  runtime: 'local' | 'http' | 'agentcore';
  deployment?: Deployment;
  definition: AgentDefinition;
  /** Without a session the run is alone; its record names the session that can follow it. */
  session_id?: string;
  input_text: string;
  /** See {@link AgentRun.turn}. */
  turn?: ConversationMessage[] | undefined;
  options?: CallOptions | undefined;
  history: AgentRun['history'];
  knowledge?: KnowledgeDocument[];
  session_state?: Record<string, unknown> | undefined;
  depth?: number | undefined;
  /** See {@link AgentRun.quiet}. */
  quiet?: boolean | undefined;
  /** Continues a run that waited. All its approvals are decided or expired. */
  resumed?: { held: HeldRun; approvals: readonly Approval[] };
  /** The run can be followed and stopped from outside. Its record may have begun already. */
  live?: LiveRun | undefined;
  signal?: AbortSignal | undefined;
}

/** Decides whether a run can satisfy the caller's options. */
export type AskedRun = Pick<
  RunRequest,
  'org_id' | 'agent_id' | 'runtime' | 'definition' | 'turn' | 'options' | 'knowledge'
>;

/** What the record of a run contains before the run starts. */
export type RunBeginning = Pick<
  RunRequest,
  | 'org_id'
  | 'user_id'
  | 'key_id'
  | 'agent_id'
  | 'agent_version'
  | 'definition'
  | 'session_id'
  | 'input_text'
  | 'live'
  | 'depth'
  | 'chosen'
  | 'invocation_id'
  | 'rollout_id'
> &
  Pick<Invocation, 'background' | 'webhook' | 'kept_request' | 'session_position' | 'forgotten'>;

export type DecidedApproval = Pick<Approval, 'approval_id' | 'call_id' | 'tool' | 'status' | 'comment'>;

/** The events of a run: first its ids, then the runtime's events except `done`. */
export type RunEvent =
  | { type: 'accepted'; invocation_id: string; session_id: string }
  | ({ type: 'approval_decided' } & DecidedApproval)
  | Exclude<AgentEvent, { type: 'done' }>;

/** Runs a definition once and stores a record of the run, however it ends. */
@Injectable()
export class AgentRunService {
  private readonly logger = new Logger(AgentRunService.name);

  constructor(
    private readonly runtimes: ObservedRuntimes,
    private readonly repository: InvocationsRepository,
    private readonly aggregator: StatisticsAggregator,
    private readonly engine: Engine,
    private readonly settings: Settings,
    private readonly budgets: BudgetsService,
    private readonly models: ModelsService,
    private readonly context: RequestContext,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /**
   * Yields the run's events and returns its record. A consumer that stops listening cancels the run; it is recorded as failed.
   * @throws AgentRunError after the failed record was stored; `details.invocation_id` names it. RunWaitingError when the run
   * waits for approval: it continues in the background.
   */
  async *run(request: RunRequest): AsyncGenerator<RunEvent, Invocation> {
    if (!request.resumed && (request.options ?? request.turn)) await this.assertTakes(request);
    const recording = request.live?.recording ?? this.recording(request);
    const { invocation_id, session_id } = recording.invocation;
    // The record may have begun before the agent got another version.
    recording.ranBy(request);
    const abandoned = new AbortController();
    const outside = [request.signal, request.live?.signal].filter((signal) => signal !== undefined);
    const signal = AbortSignal.any([...outside, abandoned.signal]);
    recording.start();
    let isOver = false;
    try {
      yield { type: 'accepted', invocation_id, session_id };
      for (const approval of decidedOf(request)) yield { type: 'approval_decided', ...approval };
      const result = yield* this.counted(request, recording.invocation, signal);
      isOver = true;
      if (result.held) throw await this.waiting(recording, request, result, result.held);
      return await this.succeed(recording, result);
    } catch (error) {
      isOver = true;
      if (error instanceof RunWaitingError) throw error;
      throw await this.fail(recording, error, request.live);
    } finally {
      if (!isOver) {
        abandoned.abort();
        await this.fail(recording, new AgentRunError('cancelled', 'The caller disconnected before the agent answered'));
      }
    }
  }

  /** Checks before a run begins that its runtime and model can honour the caller's options. @throws ValidationError */
  async assertTakes(request: AskedRun): Promise<void> {
    const { org_id, agent_id, definition, turn, options, knowledge } = request;
    await this.runtimes.get(request.runtime).assertTakes({
      org_id,
      agent_id,
      definition,
      ...(turn ? { turn } : {}),
      ...(options ? { options } : {}),
      ...(knowledge ? { knowledge } : {}),
    });
  }

  /**
   * The record of a run that is about to start. A background run is leased by the engine, a streamed one renews a short lease,
   * and any other has a lease for its whole time limit.
   */
  recording(request: RunBeginning): Recording {
    const { live, definition, background } = request;
    const lasts_ms = live?.lease_ms ?? definition.limits.timeout_seconds * 1000 + GRACE_MS;
    const lease = background ? undefined : lasts_ms;
    const recording = new Recording(this.begun(request), lease, this.repository, this.clock);
    if (live) live.recording = recording;
    const { org_id, invocation_id: run_id } = recording.invocation;
    recording.alsoAtWait = () => this.engine.plan({ kind: BACKGROUND_RUN, run_id, org_id, is_accepted: true });
    return recording;
  }

  /** The record of a run that continues after a wait. */
  continued(invocation: Invocation, live: LiveRun): Recording {
    live.recording = new Recording(invocation, undefined, this.repository, this.clock).continues();
    return live.recording;
  }

  /** The run, charged to budgets: for each model call on the local runtime, as a whole elsewhere. */
  private async *counted(
    request: RunRequest,
    { session_id, key_id }: Invocation,
    signal: AbortSignal,
  ): AsyncGenerator<RunEvent, AgentResult> {
    const { org_id, agent_id, project_id, definition, runtime } = request;
    const spender: Spender = { org_id, agent_id, project_id, key_id };
    if (runtime === 'local') return yield* this.forward(request, session_id, signal, spender);
    const { id } = this.models.describe(definition.model_id);
    const held = await this.budgets.hold(spender, id, () => mostOf(request));
    if (!held) return yield* this.forward(request, session_id, signal);
    return yield* settled(held, this.forward(request, session_id, signal));
  }

  private async *forward(
    request: RunRequest,
    session_id: string,
    signal: AbortSignal,
    spender?: Spender,
  ): AsyncGenerator<RunEvent, AgentResult> {
    const { org_id, agent_id, definition, input_text, history, knowledge, session_state, deployment } = request;
    const { turn, options, resumed } = request;
    if (resumed && request.runtime !== 'local')
      throw new AgentRunError('runtime', 'The agent was moved to a container while its run waited for approval');
    const events = this.runtimes.get(request.runtime).run({
      org_id,
      agent_id,
      session_id,
      definition,
      input: input_text,
      history,
      ...(turn ? { turn } : {}),
      ...(options ? { options } : {}),
      ...(knowledge ? { knowledge } : {}),
      ...(session_state ? { session_state } : {}),
      ...(deployment ? { deployment } : {}),
      ...(request.quiet ? { quiet: true } : {}),
      ...(request.depth === undefined ? {} : { depth: request.depth }),
      ...(resumed ? { resumed: { held: resumed.held, decisions: decisionsOf(resumed) } } : {}),
      may_hold: true,
      ...(spender ? { meter: (model) => this.budgets.metered(model, spender) } : {}),
      signal,
    });
    for await (const event of events) {
      if (event.type === 'done') return event.result;
      yield event;
    }
    throw new AgentRunError('runtime', 'The runtime ended without an answer');
  }

  private begun(request: RunBeginning): Invocation {
    const { org_id, user_id, agent_id, agent_version, input_text, live, background, webhook } = request;
    const invocation_id = live?.invocation_id ?? request.invocation_id ?? this.ids.next('inv');
    const key_id = request.key_id ?? this.context.current()?.key_id;
    return {
      invocation_id,
      org_id,
      user_id,
      agent_id,
      session_id: request.session_id ?? sessionBegunBy(invocation_id),
      agent_version,
      input_text,
      output_text: null,
      status: 'running',
      error: null,
      duration_ms: null,
      model: null,
      usage: NO_USAGE,
      cost_usd: null,
      trace: null,
      created_at: this.clock.timestamp(),
      completed_at: null,
      ...(key_id === undefined ? {} : { key_id }),
      ...(live ? { has_events: true } : {}),
      ...(background ? { background } : {}),
      ...(webhook ? { webhook } : {}),
      ...(request.kept_request ? { kept_request: request.kept_request } : {}),
      ...(request.session_position === undefined ? {} : { session_position: request.session_position }),
      ...(request.forgotten ? { forgotten: true } : {}),
      ...(request.depth === undefined ? {} : { depth: request.depth }),
      ...(request.chosen ? { chosen: request.chosen } : {}),
      ...(request.rollout_id === undefined ? {} : { rollout_id: request.rollout_id }),
    };
  }

  private async succeed(recording: Recording, result: AgentResult): Promise<Invocation> {
    const { output, model, usage, cost_usd, steps, finish_reason, calls } = result;
    const stored = await recording.end({
      status: 'success',
      output_text: output,
      model,
      usage,
      cost_usd,
      trace: boundedTrace(steps),
      ...(finish_reason ? { finish_reason } : {}),
      ...(calls ? { calls } : {}),
    });
    this.count(stored);
    return stored;
  }

  private count(stored: Invocation): void {
    const { invocation_id } = stored;
    this.aggregator.kick({
      fact: recordedFact(stored),
      record: invocation_id,
      mark: this.repository.counted(invocation_id),
    });
  }

  /** Records that a run waits. @returns the error to throw, which contains the run */
  private async waiting(
    recording: Recording,
    request: RunRequest,
    { model, usage, cost_usd, steps }: AgentResult,
    held: HeldRun,
  ): Promise<RunWaitingError> {
    const { options, session_state, definition } = request;
    const { max_cost_usd } = definition.limits;
    const suspended: Suspended = {
      held,
      ...(options ? { options } : {}),
      ...(session_state ? { session_state } : {}),
      ...(max_cost_usd === undefined ? {} : { max_cost_usd }),
    };
    const approvals = [...(recording.invocation.approvals ?? []), ...held.calls.map((call) => this.asked(call))];
    if (!isStorable(suspended, approvals))
      throw new AgentRunError('limit', 'The run is too large to wait for approval', steps, usage);
    const outcome = { approvals, suspended, model, usage, cost_usd, trace: boundedTrace(steps) };
    return new RunWaitingError(await recording.wait(outcome));
  }

  private asked(call: HeldRun['calls'][number]): Approval {
    const lasts_ms = this.settings.get('APPROVAL_EXPIRES_SECONDS') * 1000;
    const expires_at = new Date(this.clock.now().getTime() + lasts_ms).toISOString();
    const undecided = { status: 'pending', by: null, comment: null, decided_at: null } as const;
    return { approval_id: this.ids.next('appr'), ...call, input: call.input ?? null, expires_at, ...undecided };
  }

  /** Records a run as failed. @returns the error to throw, which names the invocation. */
  async fail(recording: Recording, error: unknown, live?: LiveRun): Promise<unknown> {
    const failure = stopped(live, error) ?? runError(error);
    const refusal = failure.cause instanceof BudgetExceededError ? failure.cause : undefined;
    const known = refusal ?? (error instanceof AgentRunError || !(error instanceof DomainError) ? failure : error);
    const reason = failure.details['reason'] as InvocationFailure;
    try {
      const stored = await recording.end({
        status: 'failed',
        error: { code: known.code, reason, message: known.message },
        usage: failure.usage,
        cost_usd: failure.cost_usd,
        trace: boundedTrace(failure.steps),
      });
      this.count(stored);
    } catch (storeError) {
      this.logger.error({
        msg: 'a failed invocation could not be recorded',
        invocation_id: recording.id,
        err: storeError,
      });
      if (!(error instanceof AgentRunError)) return error;
    }
    known.details['invocation_id'] = recording.id;
    return known;
  }
}

function awaitedOf({ held, approvals }: NonNullable<RunRequest['resumed']>): readonly Approval[] {
  return approvals.slice(-held.calls.length);
}

function decidedOf({ resumed }: RunRequest): DecidedApproval[] {
  const approvals = resumed ? awaitedOf(resumed) : [];
  return approvals.map(({ approval_id, call_id, tool, status, comment }) => {
    return { approval_id, call_id, tool, status, comment };
  });
}

/** As the model reads them. */
function decisionsOf(resumed: NonNullable<RunRequest['resumed']>): CallDecision[] {
  return awaitedOf(resumed).map(({ call_id, status, comment }) => {
    const because = comment === null ? '' : `: ${comment}`;
    const refusal =
      status === 'expired'
        ? 'Not called: no one approved the call in time'
        : `Not called: a person refused the call${because}`;
    return { call_id, approved: status === 'approved', refusal };
  });
}

function runError(error: unknown): AgentRunError {
  if (error instanceof AgentRunError) return error;
  if (error instanceof BudgetExceededError) return new AgentRunError('limit', error.message, [], NO_USAGE, error);
  return new AgentRunError('runtime', 'The run failed unexpectedly', [], NO_USAGE, error);
}

/**
 * What a container may use at most by the limits of its definition, when each member of its team gets one task. A container that exceeds them is counted with what it reports.
 */
function mostOf({ definition, input_text, history }: RunRequest): Usage {
  const { max_steps, max_output_tokens = UNSTATED_OUTPUT_TOKENS, max_total_tokens } = definition.limits;
  const calls = max_steps * (1 + (definition.team?.length ?? 0));
  const input_tokens = Buffer.byteLength(JSON.stringify([definition, history, input_text])) * calls;
  const output_tokens = max_output_tokens * calls;
  if (max_total_tokens === undefined || input_tokens + output_tokens <= max_total_tokens)
    return { input_tokens, output_tokens };
  return {
    input_tokens: Math.max(0, max_total_tokens - output_tokens),
    output_tokens: Math.min(output_tokens, max_total_tokens),
  };
}

async function* settled(held: Held, run: AsyncGenerator<RunEvent, AgentResult>): AsyncGenerator<RunEvent, AgentResult> {
  let usage = NO_USAGE;
  try {
    const result = yield* run;
    ({ usage } = result);
    return result;
  } catch (error) {
    if (error instanceof AgentRunError) ({ usage } = error);
    throw error;
  } finally {
    await held.settle(usage);
  }
}

/** A run that was stopped from outside fails with the reason for which it was stopped. */
function stopped(live: LiveRun | undefined, error: unknown): AgentRunError | undefined {
  if (!live?.stopped || !(error instanceof AgentRunError) || error.reason !== 'cancelled') return undefined;
  const failure = new AgentRunError('cancelled', live.stopped.message, error.steps, error.usage, error);
  failure.details['reason'] = live.stopped.reason;
  return failure;
}
