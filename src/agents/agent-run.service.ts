import { Injectable, Logger } from '@nestjs/common';
import type { AgentDefinition, KnowledgeDocument } from '../runtimes/agent-definition.js';
import type { AgentEvent, AgentResult, AgentRun } from '../runtimes/agent-runtime.js';
import { AgentRunError } from '../runtimes/agent-run-error.js';
import { ObservedRuntimes } from '../runtimes/observed-runtimes.js';
import { Clock } from '../shared/clock.js';
import { DomainError } from '../shared/domain-error.js';
import { Ids } from '../shared/ids.js';
import { NO_USAGE } from '../shared/usage.js';
import { StatisticsAggregator } from '../statistics/statistics-aggregator.js';
import { boundedTrace, type Invocation, sessionBegunBy } from './invocation.js';
import { InvocationsRepository } from './invocations.repository.js';

/** A run that is not over by then is recorded while it goes on; faster ones cost a single write. */
const RECORD_AFTER_MS = 250;
/** What a run may take beyond its own limit before it counts as dead. */
const GRACE_MS = 60_000;

export interface RunRequest {
  org_id: string;
  user_id: string;
  agent_id: string;
  agent_version: string;
  runtime: 'local' | 'http' | 'agentcore';
  definition: AgentDefinition;
  /** Without one the run is on its own; its record names the session that can follow it. */
  session_id?: string;
  input_text: string;
  history: AgentRun['history'];
  knowledge?: KnowledgeDocument[];
  session_state?: Record<string, unknown> | undefined;
  /** See {@link AgentRun.quiet}. */
  quiet?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** What happens in a run, for streams: the runtime's events but its `done`, and at the start the ids. */
export type RunEvent =
  { type: 'accepted'; invocation_id: string; session_id: string } | Exclude<AgentEvent, { type: 'done' }>;

/** Runs a definition once and leaves a record of it, whatever happens. */
@Injectable()
export class AgentRunService {
  private readonly logger = new Logger(AgentRunService.name);

  constructor(
    private readonly runtimes: ObservedRuntimes,
    private readonly repository: InvocationsRepository,
    private readonly aggregator: StatisticsAggregator,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /**
   * Yields the run's events and returns its record. A consumer that stops listening cancels the run; it is recorded as failed.
   * @throws AgentRunError after the failed record was stored; `details.invocation_id` names it.
   */
  async *run(request: RunRequest): AsyncGenerator<RunEvent, Invocation> {
    const recording = new Recording(this.begun(request), this.repository, this.clock);
    const abandoned = new AbortController();
    const signal = request.signal ? AbortSignal.any([request.signal, abandoned.signal]) : abandoned.signal;
    recording.watch(request.definition.limits.timeout_seconds * 1000 + GRACE_MS);
    let isOver = false;
    try {
      yield { type: 'accepted', invocation_id: recording.id, session_id: recording.session_id };
      const result = yield* this.forward(request, recording.session_id, signal);
      isOver = true;
      return await this.succeed(recording, result);
    } catch (error) {
      isOver = true;
      throw await this.fail(recording, error);
    } finally {
      if (!isOver) {
        abandoned.abort();
        await this.fail(
          recording,
          new AgentRunError('cancelled', 'The caller went away before the agent had answered'),
        );
      }
    }
  }

  private async *forward(
    request: RunRequest,
    session_id: string,
    signal: AbortSignal,
  ): AsyncGenerator<RunEvent, AgentResult> {
    const { org_id, agent_id, definition, input_text, history, knowledge, session_state } = request;
    const events = this.runtimes.get(request.runtime).run({
      org_id,
      agent_id,
      session_id,
      definition,
      input: input_text,
      history,
      ...(knowledge ? { knowledge } : {}),
      ...(session_state ? { session_state } : {}),
      ...(request.quiet ? { quiet: true } : {}),
      signal,
    });
    for await (const event of events) {
      if (event.type === 'done') return event.result;
      yield event;
    }
    throw new AgentRunError('runtime', 'The runtime ended without an answer');
  }

  private begun(request: RunRequest): Invocation {
    const { org_id, user_id, agent_id, agent_version, input_text } = request;
    const invocation_id = this.ids.next('inv');
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
    };
  }

  private async succeed(recording: Recording, result: AgentResult): Promise<Invocation> {
    const { output, model, usage, cost_usd, steps } = result;
    const stored = await recording.end({
      status: 'success',
      output_text: output,
      model,
      usage,
      cost_usd,
      trace: boundedTrace(steps),
    });
    this.aggregator.kick();
    return stored;
  }

  private async fail(recording: Recording, error: unknown): Promise<unknown> {
    const failure =
      error instanceof AgentRunError
        ? error
        : new AgentRunError('runtime', 'The run failed unexpectedly', [], NO_USAGE, error);
    const known = error instanceof DomainError ? error : failure;
    try {
      await recording.end({
        status: 'failed',
        error: { code: known.code, reason: failure.reason, message: known.message },
        usage: failure.usage,
        cost_usd: failure.cost_usd,
        trace: boundedTrace(failure.steps),
      });
      this.aggregator.kick();
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

/** The record of one run: written once at its end, or also before when it takes long. */
class Recording {
  private readonly startedAt = performance.now();
  private timer: NodeJS.Timeout | undefined;
  private beginning: Promise<boolean> | undefined;

  constructor(
    private readonly invocation: Invocation,
    private readonly repository: InvocationsRepository,
    private readonly clock: Clock,
  ) {}

  get id(): string {
    return this.invocation.invocation_id;
  }

  get session_id(): string {
    return this.invocation.session_id;
  }

  watch(lasts_ms: number): void {
    this.timer = setTimeout(() => {
      const expires = new Date(this.clock.now().getTime() + lasts_ms).toISOString();
      this.beginning = this.repository.begin(this.invocation, expires).then(
        () => true,
        () => false,
      );
    }, RECORD_AFTER_MS);
  }

  async end(outcome: Partial<Invocation>): Promise<Invocation> {
    clearTimeout(this.timer);
    const duration_ms = Math.round((performance.now() - this.startedAt) * 100) / 100;
    const finished: Invocation = { ...this.invocation, ...outcome, duration_ms, completed_at: this.clock.timestamp() };
    const wasLong = this.beginning !== undefined;
    await this.beginning;
    await (wasLong ? this.repository.finish(finished) : this.repository.create(finished));
    return finished;
  }
}
