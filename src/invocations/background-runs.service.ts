import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Engine } from '../engine/engine.js';
import { type Decision, RunLostError, type StepRun, WorkflowKind, type WorkflowStep } from '../engine/workflow-kind.js';
import { Settings } from '../platform/config/settings.js';
import { UnitOfWork } from '../platform/database/unit-of-work.js';
import { AgentRunError } from '../runtimes/agent-runtime.js';
import { Clock } from '../shared/clock.js';
import { Ids } from '../shared/ids.js';
import { AgentRunService, BACKGROUND_RUN, type RunBeginning, type RunEvent } from './agent-run.service.js';
import { ConversationService } from './conversation.service.js';
import { awaited, type Invocation } from './invocation.js';
import { invokeResult } from './invocation-view.js';
import { InvocationsRepository } from './invocations.repository.js';
import { type LiveRun, LiveRuns, LOST } from './live-runs.service.js';
import type { Recording } from './run-recording.js';
import { RunEventsRepository } from './run-events.repository.js';
import { isPause } from './run-feed.js';
import { RunStreams } from './run-streams.service.js';
import { RunWaitingError } from './invocations.errors.js';

const STOPPED = {
  reason: 'interrupted',
  message: 'The platform was stopped before the agent answered',
} as const;

/** The event that a wait ends with is stored right after the record. */
const LAST_EVENT_WITHIN_MS = 3_000;
const LAST_EVENT_POLL_MS = 50;

const NOTHING = { writes: [], committed: () => undefined, abandoned: () => undefined };

export interface BackgroundRun<T> {
  /** What is recorded before the caller gets its answer. */
  beginning: Omit<RunBeginning, 'live' | 'background'>;
  run: (live: LiveRun) => AsyncGenerator<RunEvent, T>;
  /** The data of the `done` event. */
  answer: (result: T) => unknown;
  /** Called when the run has ended in any way. */
  over?: () => void;
}

/** A run that this process has accepted. */
interface Accepted {
  live: LiveRun;
  recording: Recording;
  execute: () => Promise<void>;
}

/** Admits a bounded number of runs at a time, in the order of their arrival. */
export class RunSlots {
  private readonly waiting: (() => void)[] = [];
  private taken = 0;

  constructor(private readonly size: number) {}

  /** Waits for a slot. A run that is stopped while it waits continues without one. @returns what gives the slot back. */
  async enter(signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) return () => undefined;
    if (this.taken < this.size) return this.take();
    const isCalled = await new Promise<boolean>((resolve) => {
      const called = (): void => {
        signal.removeEventListener('abort', stopped);
        resolve(true);
      };
      const stopped = (): void => {
        this.waiting.splice(this.waiting.indexOf(called), 1);
        resolve(false);
      };
      signal.addEventListener('abort', stopped, { once: true });
      this.waiting.push(called);
    });
    return isCalled ? this.take() : () => undefined;
  }

  private take(): () => void {
    this.taken += 1;
    let isBack = false;
    return () => {
      if (isBack) return;
      isBack = true;
      this.taken -= 1;
      this.waiting.shift()?.();
    };
  }
}

/**
 * Runs that continue when their caller leaves, as durable runs of the engine. The process that accepts a run has leased it from
 * the start and runs a bounded number of them at a time; the others wait, recorded as running. An agent is never run twice for
 * one request: a process that takes over the run of a dead process records it as interrupted. A process that is stopped gives
 * its runs time to finish and records the rest as interrupted.
 *
 * A run that waits for approval, attached or not, is parked in the engine until its calls are decided or expire. Any process
 * continues it. The record says that it runs before the first approved call is made, so no call is made twice.
 */
@Injectable()
export class BackgroundRuns extends WorkflowKind<Invocation> {
  override readonly name = BACKGROUND_RUN;
  override readonly slots = Number.POSITIVE_INFINITY;
  override readonly grace_ms: number;
  private readonly logger = new Logger(BackgroundRuns.name);
  private readonly admission: RunSlots;
  private readonly accepted = new Map<string, Accepted>();
  private readonly waiting = new Set<LiveRun>();

  constructor(
    private readonly runs: AgentRunService,
    private readonly live: LiveRuns,
    private readonly streams: RunStreams,
    private readonly repository: InvocationsRepository,
    private readonly events: RunEventsRepository,
    private readonly conversations: ConversationService,
    private readonly engine: Engine,
    private readonly unit: UnitOfWork,
    private readonly clock: Clock,
    private readonly ids: Ids,
    settings: Settings,
  ) {
    super();
    this.admission = new RunSlots(settings.get('BACKGROUND_RUN_SLOTS'));
    this.grace_ms = settings.get('BACKGROUND_RUN_GRACE_SECONDS') * 1000;
  }

  /** Returns as soon as the run is recorded. @throws AgentNotFoundError, DatabaseError */
  async start<T>(request: BackgroundRun<T>): Promise<Invocation> {
    const { org_id, invocation_id } = request.beginning;
    const live = this.live.open(org_id, invocation_id ?? this.ids.next('inv'));
    const run_id = live.invocation_id;
    const recording = this.runs.recording({ ...request.beginning, live, background: true });
    const plan = this.engine.plan({ kind: this.name, run_id, org_id });
    this.accepted.set(run_id, { live, recording, execute: () => this.execute(live, request) });
    try {
      await recording.begin(plan.writes);
    } catch (error) {
      plan.abandoned();
      this.accepted.delete(run_id);
      this.live.discard(live);
      throw error;
    }
    plan.committed();
    return recording.invocation;
  }

  override shutdown(): void {
    for (const live of this.waiting) live.stop(STOPPED);
  }

  override async load(run_id: string): Promise<Invocation | undefined> {
    return this.accepted.get(run_id)?.recording.invocation ?? (await this.repository.find(run_id));
  }

  override next(invocation: Invocation, now: Date): Decision {
    const { status } = invocation;
    if (status === 'waiting') {
      const [until] = awaited(invocation)
        .flatMap((one) => (one.status === 'pending' ? [one.expires_at] : []))
        .sort();
      if (until !== undefined && until > now.toISOString()) return { do: 'wait', until };
      return { do: 'run', steps: [{ id: 'answer' }] };
    }
    return status === 'running' ? { do: 'run', steps: [{ id: 'answer' }] } : { do: 'done' };
  }

  override async runStep(invocation: Invocation, _step: WorkflowStep, step: StepRun): Promise<undefined> {
    const { signal, fence } = step;
    const { invocation_id } = invocation;
    const accepted =
      invocation.status === 'waiting' ? await this.continued(invocation, step) : this.accepted.get(invocation_id);
    if (!accepted) {
      if (invocation.status === 'running')
        await this.repository.interruptLost(invocation, this.clock.timestamp(), fence.ends());
      return;
    }
    const { live, recording, execute } = accepted;
    recording.alsoAtEnd = () => fence.ends();
    recording.alsoAtWait = () => ({ ...NOTHING, writes: fence.holds() });
    const stop = (): void => {
      live.stop(signal.reason instanceof RunLostError ? LOST : STOPPED);
    };
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      await execute();
    } finally {
      signal.removeEventListener('abort', stop);
      this.accepted.delete(invocation_id);
    }
    // Its agent is being deleted, and the record with it.
    if (recording.isLost) await this.unit.commit(fence.ends());
    else if (!recording.isOver || !(await recording.recorded()))
      throw new Error('The end of a background run could not be recorded');
  }

  /**
   * Takes a run whose calls are decided or expired. Before anything is called, the record says that the run continues: should this
   * process die after that, the run ends as interrupted.
   * @returns undefined when it is no longer waiting
   */
  private async continued(waiting: Invocation, { fence }: StepRun): Promise<Accepted | undefined> {
    const { suspended, ...run } = waiting;
    const { org_id, invocation_id } = run;
    if (!suspended) throw new Error('A waiting run has no state to continue from');
    const decided_at = this.clock.timestamp();
    const approvals = (run.approvals ?? []).map((one) =>
      one.status === 'pending' ? { ...one, status: 'expired' as const, decided_at } : one,
    );
    const events = run.has_events ? await this.countEvents(invocation_id) : 0;
    if (!(await this.repository.resume(waiting, approvals, fence.holds()))) return undefined;
    const live = this.live.open(org_id, invocation_id, events);
    const continued: Invocation = { ...run, status: 'running', approvals, has_events: true };
    const recording = this.runs.continued(continued, live);
    const request = {
      run: () => this.conversations.resume(continued, suspended, live),
      answer: (result: Invocation) => invokeResult(result, false),
    };
    const accepted = { live, recording, execute: () => this.execute(live, request) };
    this.accepted.set(invocation_id, accepted);
    return accepted;
  }

  /** The number of the event that says that the run waits. */
  private async countEvents(invocation_id: string): Promise<number> {
    const deadline = performance.now() + LAST_EVENT_WITHIN_MS;
    for (;;) {
      const last = await this.events.last(invocation_id);
      if ((last && isPause(last)) || performance.now() > deadline) return Number(last?.id ?? 0);
      await delay(LAST_EVENT_POLL_MS);
    }
  }

  private async execute<T>(live: LiveRun, request: Omit<BackgroundRun<T>, 'beginning'>): Promise<void> {
    this.waiting.add(live);
    const leave = await this.admission.enter(live.signal);
    this.waiting.delete(live);
    try {
      const events = this.streams.events(this.recorded(live, request), request.answer, live.feed.count);
      for await (const event of events) await live.feed.append(event);
    } catch (error) {
      this.logger.error({ msg: 'a background run failed unexpectedly', invocation_id: live.invocation_id, err: error });
    } finally {
      request.over?.();
      await this.live.close(live);
      leave();
    }
  }

  /** The run. A failure before it begins is recorded too. */
  private async *recorded<T>(live: LiveRun, request: Pick<BackgroundRun<T>, 'run'>): AsyncGenerator<RunEvent, T> {
    const { recording } = live;
    try {
      if (live.stopped) throw new AgentRunError('cancelled', live.stopped.message);
      return yield* request.run(live);
    } catch (error) {
      if (error instanceof RunWaitingError) throw error;
      throw recording && !recording.isOver ? await this.runs.fail(recording, error, live) : error;
    }
  }
}

/** Later than any timestamp of this platform. */
const END_OF_TIME = '9999';

/** Ends the records of runs whose process died: at the start, and then every `RUN_SWEEP_SECONDS`. */
@Injectable()
export class InterruptedRuns implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(InterruptedRuns.name);
  private sweep: NodeJS.Timeout | undefined;

  constructor(
    private readonly repository: InvocationsRepository,
    private readonly settings: Settings,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    const onlyThisProcessRunsAgents = this.settings.get('NEXUS_DATABASE') === 'embedded';
    void this.end(onlyThisProcessRunsAgents ? END_OF_TIME : this.clock.timestamp());
    const sweep_ms = this.settings.get('RUN_SWEEP_SECONDS') * 1000;
    this.sweep = setInterval(() => void this.end(this.clock.timestamp()), sweep_ms).unref();
  }

  beforeApplicationShutdown(): void {
    clearInterval(this.sweep);
  }

  /** @param before ends the runs whose lease expired before this time */
  private async end(before: string): Promise<void> {
    try {
      for await (const invocation_id of this.repository.listRunning(before))
        await this.repository.interrupt(invocation_id, this.clock.timestamp(), before);
    } catch (error) {
      this.logger.warn({ msg: 'interrupted runs could not be ended; the next sweep retries', err: error });
    }
  }
}
