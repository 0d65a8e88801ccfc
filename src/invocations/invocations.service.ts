import { gzipSync } from 'node:zlib';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { decodeTime, isValid } from 'ulid';
import { deploymentOf } from '../agents/agent.js';
import { AgentsService } from '../agents/agents.service.js';
import { withinCost } from '../runtimes/agent-definition.js';
import { SessionContinuedError } from '../sessions/sessions.errors.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { TURN_WAIT_MS } from '../sessions/session-turns.service.js';
import { assertAnswered, type CallOptions, type ConversationMessage } from '../runtimes/caller-request.js';
import { Clock } from '../shared/clock.js';
import { Ids } from '../shared/ids.js';
import { ValidationError } from '../shared/domain-error.js';
import type { Page } from '../shared/page.js';
import { Approvals } from './approvals.service.js';
import { AgentRunService, type RunBeginning, type RunEvent } from './agent-run.service.js';
import { ConversationService } from './conversation.service.js';
import { type Chosen, type Invocation, isOver, type KeptRequest, positionOf, sessionBegunBy } from './invocation.js';
import {
  InvocationNotCancellableError,
  InvocationNotEndedError,
  InvocationNotFoundError,
} from './invocations.errors.js';
import { type InvocationFilter, InvocationsRepository } from './invocations.repository.js';
import { type LiveRun, LiveRuns } from './live-runs.service.js';
import { RunEventsRepository } from './run-events.repository.js';

/** A run is recorded at most 250 ms after it began; its id contains its start time. */
const RECORDED_WITHIN_MS = 1_000;
const STARTING_POLL_MS = 50;

export interface InvokeRequest {
  org_id: string;
  user_id: string;
  /** The API key whose budget the run counts on; absent: that of the request that is being served. */
  key_id?: string | undefined;
  agent_id: string;
  input_text: string;
  session_id?: string | undefined;
  end_session?: boolean | undefined;
  session_state?: Record<string, unknown> | undefined;
  /** The new messages where they are more than `input_text`; without a session, the whole conversation. */
  turn?: ConversationMessage[] | undefined;
  options?: CallOptions | undefined;
  /** Kept in the record, so that the run can be continued and shown again. */
  kept_request?: KeptRequest | undefined;
  /** See {@link Invocation.forgotten}. */
  forgotten?: boolean | undefined;
  /** With a session: how many messages it must have. If it has more, the run continues in a copy of the session up to there. */
  after?: number | undefined;
  /** The events of the run are not read. */
  quiet?: boolean | undefined;
  live?: LiveRun | undefined;
  signal?: AbortSignal | undefined;
  /** US dollars that a run without a session may cost at most; the agent's own limit counts if it is lower. */
  max_cost_usd?: number | undefined;
  /** See {@link Invocation.depth}. */
  depth?: number | undefined;
  /** Another version or model than the agent's own, for this run. */
  chosen?: Chosen | undefined;
}

/** Invoking agents, and the records of their runs. */
@Injectable()
export class InvocationsService {
  constructor(
    private readonly repository: InvocationsRepository,
    private readonly agents: AgentsService,
    private readonly sessions: SessionsService,
    private readonly conversations: ConversationService,
    private readonly runs: AgentRunService,
    private readonly live: LiveRuns,
    private readonly events: RunEventsRepository,
    private readonly approvals: Approvals,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /**
   * Runs an agent, alone or as the next turn of a session. A run without a session costs two database calls. Its record
   * names a session id that the next call can use: that session is then opened from the record.
   * @throws AgentNotFoundError, AgentNotRunningError, AgentRunError; RunWaitingError when it waits for approval; SessionNotFoundError when the agent has no such session,
   * SessionClosedError, SessionBusyError; ValidationError when the agent cannot honour `turn` or `options`
   */
  async *invoke(request: InvokeRequest): AsyncGenerator<RunEvent, Invocation> {
    const { session_id, end_session, ...run } = request;
    const invocation = yield* session_id === undefined ? this.once(run) : this.turn(run, session_id);
    if (end_session) await this.sessions.close(request.org_id, invocation.session_id);
    return invocation;
  }

  /** What the record of a background run begins with. @throws as {@link invoke}, except for the failure of the run. */
  async beginning(request: InvokeRequest): Promise<Omit<RunBeginning, 'live'>> {
    const { org_id, user_id, agent_id, session_id, input_text, chosen } = request;
    const invocation_id = this.ids.next('inv');
    const session_of_run = session_id ?? sessionBegunBy(invocation_id);
    const runnable = await this.agents.getRunnable(org_id, agent_id, { ...chosen, session_id: session_of_run });
    const { agent, definition, rollout_id } = runnable;
    if (session_id !== undefined) await this.sessions.assertOpen(org_id, agent_id, session_id);
    const { turn, options, kept_request, after } = request;
    if (turn ?? options) await this.runs.assertTakes({ ...request, runtime: agent.runtime, definition });
    const session = session_id === undefined ? {} : { session_id };
    const position = after === undefined ? {} : { session_position: after + (turn?.length ?? 1) + 1 };
    const kept = kept_request ? { kept_request: storable(kept_request) } : {};
    const run = { invocation_id, org_id, user_id, agent_id, agent_version: agent.version, definition, input_text };
    return { ...run, rollout_id, ...session, ...position, ...kept, ...(chosen ? { chosen } : {}) };
  }

  /**
   * Where a conversation continues after a run: its session and the number of messages that it had then. When other
   * messages followed, or for another agent, it is a copy of the session up to there.
   * @throws InvocationNotFoundError; InvocationNotEndedError while it is running
   */
  async continuation(
    { org_id, user_id, agent_id }: Pick<InvokeRequest, 'org_id' | 'user_id' | 'agent_id'>,
    invocation_id: string,
  ): Promise<{ session_id: string; after: number }> {
    const run = await this.getShown(org_id, invocation_id);
    if (!isOver(run)) throw new InvocationNotEndedError(invocation_id);
    const session = await this.sessions.get(org_id, run.session_id);
    const after = positionOf(run) ?? session.message_count;
    if (session.agent_id === agent_id && session.message_count === after)
      return { session_id: session.session_id, after };
    const copy = await this.sessions.fork(session, after, { user_id, agent_id });
    return { session_id: copy.session_id, after: copy.message_count };
  }

  /** A run that its caller did not ask to forget. @throws InvocationNotFoundError */
  async getShown(org_id: string, invocation_id: string): Promise<Invocation> {
    const invocation = await this.getStarted(org_id, invocation_id);
    if (invocation.forgotten) throw new InvocationNotFoundError(invocation_id);
    return invocation;
  }

  /** Waits until the run has ended or waits for approval, at most `within_ms`. @throws InvocationNotFoundError */
  async getEnded(org_id: string, invocation_id: string, within_ms: number): Promise<Invocation> {
    const deadline = performance.now() + within_ms;
    for (;;) {
      const invocation = await this.get(org_id, invocation_id);
      if (invocation.status !== 'running' || performance.now() > deadline) return invocation;
      await delay(STARTING_POLL_MS);
    }
  }

  /** The record stays, without what was kept of its request. @throws InvocationNotFoundError */
  async forget(org_id: string, invocation_id: string): Promise<void> {
    await this.getShown(org_id, invocation_id);
    await this.repository.forget(org_id, invocation_id);
  }

  /** @throws InvocationNotFoundError also when it belongs to another organization. */
  async get(org_id: string, invocation_id: string): Promise<Invocation> {
    const invocation = await this.repository.findById(org_id, invocation_id);
    if (!invocation) throw new InvocationNotFoundError(invocation_id);
    return invocation;
  }

  /** Like `get`, but waits for the record of a run that began within the last second. @throws InvocationNotFoundError */
  async getStarted(org_id: string, invocation_id: string): Promise<Invocation> {
    for (;;) {
      const invocation = await this.repository.findById(org_id, invocation_id);
      if (invocation) return invocation;
      if (!this.mayBeStarting(invocation_id)) throw new InvocationNotFoundError(invocation_id);
      await delay(STARTING_POLL_MS);
    }
  }

  /** Newest first, of one agent or of all. @throws AgentNotFoundError; ValidationError for a range that ends before it begins */
  async list(
    org_id: string,
    filter: InvocationFilter,
    page: { limit: number; last_key?: string | undefined },
  ): Promise<Page<Invocation>> {
    const { agent_id } = filter;
    const [invocations] = await Promise.all([
      this.repository.list(org_id, filter, page),
      agent_id === undefined ? undefined : this.agents.get(org_id, agent_id),
    ]);
    return invocations;
  }

  /**
   * Stops a streamed, waiting or background run of any process. The run ends as failed with the reason `cancelled`, within about a
   * second when another process runs it. Idempotent, also after the run has ended this way.
   * @returns the record as it is now, usually still running.
   * @throws InvocationNotFoundError, InvocationNotCancellableError
   */
  async cancel(org_id: string, invocation_id: string): Promise<Invocation> {
    const live = this.live.find(org_id, invocation_id);
    live?.stop({ reason: 'cancelled', message: 'The run was cancelled' });
    const invocation = await this.getStarted(org_id, invocation_id);
    const { status, error, has_events } = invocation;
    if (error?.reason === 'cancelled') return invocation;
    if (status === 'waiting') {
      await this.approvals.cancel(invocation);
      return this.get(org_id, invocation_id);
    }
    if (status !== 'running') throw new InvocationNotCancellableError(invocation_id, status);
    if (!has_events) throw new InvocationNotCancellableError(invocation_id, 'answered to its caller');
    if (!live) await this.events.askToStop(invocation_id);
    return invocation;
  }

  private async *once({
    max_cost_usd,
    ...request
  }: Omit<InvokeRequest, 'session_id'>): AsyncGenerator<RunEvent, Invocation> {
    if (request.turn) assertAnswered(request.turn);
    const { kept_request, forgotten, ...asked } = request;
    const { org_id, agent_id, live, chosen } = request;
    const invocation_id = live?.invocation_id ?? this.ids.next('inv');
    const choice = { ...chosen, session_id: sessionBegunBy(invocation_id) };
    const { agent, definition, rollout_id } = await this.agents.getRunnable(org_id, agent_id, choice);
    return yield* this.runs.run({
      ...asked,
      ...{ invocation_id, rollout_id },
      ...(kept_request ? { kept_request: storable(kept_request) } : {}),
      ...(forgotten ? { forgotten } : {}),
      project_id: agent.project_id,
      agent_version: agent.version,
      runtime: agent.runtime,
      deployment: deploymentOf(agent),
      definition: max_cost_usd === undefined ? definition : withinCost(definition, max_cost_usd),
      history: [],
    });
  }

  private async *turn(
    { input_text, ...request }: Omit<InvokeRequest, 'session_id'>,
    session_id: string,
  ): AsyncGenerator<RunEvent, Invocation> {
    const { org_id, user_id, agent_id, kept_request, after } = request;
    const session = await this.sessions.getOfAgent(org_id, agent_id, session_id);
    const kept = kept_request ? { kept_request: storable(kept_request) } : {};
    const message = { ...request, ...kept, session_id, content: input_text, wait_ms: TURN_WAIT_MS };
    try {
      return (yield* this.conversations.say(message)).invocation;
    } catch (error) {
      // A run that was recorded before it began keeps its session.
      if (!(error instanceof SessionContinuedError) || after === undefined || request.live?.recording) throw error;
    }
    const copy = await this.sessions.fork(session, after, { user_id, agent_id });
    const again = { ...message, session_id: copy.session_id, after: copy.message_count };
    return (yield* this.conversations.say(again)).invocation;
  }

  private mayBeStarting(invocation_id: string): boolean {
    const ulid = invocation_id.replace(/^inv_/, '');
    return isValid(ulid) && Math.abs(this.clock.now().getTime() - decodeTime(ulid)) < RECORDED_WITHIN_MS;
  }
}

/** Far below the 400 KB of a record, with its texts and its trace. */
const KEPT_MAX_BYTES = 150_000;

/** @throws ValidationError for `stored` when the request is too large to be kept, compressed */
function storable(request: KeptRequest): KeptRequest {
  const text = JSON.stringify(request);
  const size = text.length > KEPT_MAX_BYTES ? gzipSync(text).length : text.length;
  if (size > KEPT_MAX_BYTES)
    throw ValidationError.field('stored', `is too large to store: ${size} bytes, the limit is ${KEPT_MAX_BYTES}`);
  return request;
}
