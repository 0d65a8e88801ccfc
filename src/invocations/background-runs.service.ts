import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { Settings } from '../platform/config/settings.js';
import { AgentRunError } from '../runtimes/agent-run-error.js';
import { Ids } from '../shared/ids.js';
import { AgentRunService, type RunBeginning, type RunEvent } from './agent-run.service.js';
import type { Invocation } from './invocation.js';
import { type LiveRun, LiveRuns } from './live-runs.service.js';
import { RunStreams } from './run-streams.service.js';

const STOPPED = {
  reason: 'interrupted',
  message: 'The platform was stopped before the agent had answered',
} as const;
/** The time in which a stopped run must record its end. */
const LAST_WRITES_MS = 5_000;

export interface BackgroundRun<T> {
  /** What is recorded before the caller gets its answer. */
  beginning: Omit<RunBeginning, 'live' | 'background'>;
  run: (live: LiveRun) => AsyncGenerator<RunEvent, T>;
  /** The data of the `done` event. */
  answer: (result: T) => unknown;
  /** Called when the run has ended in any way. */
  over?: () => void;
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
 * Runs that continue when their caller leaves. This process runs a bounded number of them at a time; the others wait, recorded
 * as running. A process that is stopped gives them time to finish and records the rest as interrupted. The sweep records the
 * runs of a killed process as interrupted.
 */
@Injectable()
export class BackgroundRuns implements OnModuleDestroy {
  private readonly logger = new Logger(BackgroundRuns.name);
  private readonly slots: RunSlots;
  private readonly running = new Map<LiveRun, Promise<void>>();
  private readonly waiting = new Set<LiveRun>();
  private isStopping = false;

  constructor(
    private readonly runs: AgentRunService,
    private readonly live: LiveRuns,
    private readonly streams: RunStreams,
    private readonly ids: Ids,
    private readonly settings: Settings,
  ) {
    this.slots = new RunSlots(settings.get('BACKGROUND_RUN_SLOTS'));
  }

  async onModuleDestroy(): Promise<void> {
    this.isStopping = true;
    for (const live of this.waiting) live.stop(STOPPED);
    await this.over(this.settings.get('BACKGROUND_RUN_GRACE_SECONDS') * 1000);
    for (const live of this.running.keys()) live.stop(STOPPED);
    await this.over(LAST_WRITES_MS);
  }

  /** Returns as soon as the run is recorded. @throws AgentNotFoundError, DatabaseError */
  async start<T>(request: BackgroundRun<T>): Promise<Invocation> {
    const live = this.live.open(request.beginning.org_id, this.ids.next('inv'));
    try {
      const recording = this.runs.recording({ ...request.beginning, live, background: true });
      await recording.begin();
      const execution = this.execute(live, request).finally(() => this.running.delete(live));
      this.running.set(live, execution);
      return recording.invocation;
    } catch (error) {
      this.live.discard(live);
      throw error;
    }
  }

  private async execute<T>(live: LiveRun, request: BackgroundRun<T>): Promise<void> {
    this.waiting.add(live);
    if (this.isStopping) live.stop(STOPPED);
    const leave = await this.slots.enter(live.signal);
    this.waiting.delete(live);
    try {
      const events = this.streams.events(this.recorded(live, request), request.answer);
      for await (const event of events) await live.feed.append(event);
    } catch (error) {
      this.logger.error({ msg: 'a background run broke', invocation_id: live.invocation_id, err: error });
    } finally {
      request.over?.();
      await this.live.close(live);
      leave();
    }
  }

  /** The run. A failure before it begins is recorded too. */
  private async *recorded<T>(live: LiveRun, request: BackgroundRun<T>): AsyncGenerator<RunEvent, T> {
    const { recording } = live;
    try {
      if (live.stopped) throw new AgentRunError('cancelled', live.stopped.message);
      return yield* request.run(live);
    } catch (error) {
      throw recording && !recording.isOver ? await this.runs.fail(recording, error, live) : error;
    }
  }

  private async over(within_ms: number): Promise<void> {
    await Promise.race([Promise.all(this.running.values()), delay(within_ms, undefined, { ref: false })]);
  }
}
