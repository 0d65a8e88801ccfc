import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { Settings } from '../platform/config/settings.js';
import { RunEventsRepository } from './run-events.repository.js';
import { RunFeed } from './run-feed.js';
import type { Recording } from './run-recording.js';

/** How often this process checks whether its runs were cancelled through another process. */
const LOOK_MS = 1_000;
const RENEWALS_PER_LEASE = 3;

const DELETED = { reason: 'cancelled', message: 'The agent was deleted' } as const;
/** The run was taken over, or its record was deleted. */
export const LOST = { reason: 'interrupted', message: 'The run stopped reporting progress and was abandoned' } as const;

/** Why a run was stopped from outside, as its record says it. */
export interface RunStop {
  reason: 'cancelled' | 'interrupted';
  message: string;
}

/** A run of this process that can be followed and stopped from outside: a streamed or a background one. */
export class LiveRun {
  /** Set as soon as the agent of the run is known. */
  recording: Recording | undefined;
  stopped: RunStop | undefined;
  private readonly stopping = new AbortController();

  constructor(
    readonly org_id: string,
    readonly invocation_id: string,
    /** The run counts as dead when its lease has not been renewed for this long. */
    readonly lease_ms: number,
    readonly feed: RunFeed,
  ) {}

  get signal(): AbortSignal {
    return this.stopping.signal;
  }

  /** Idempotent: only the first reason is kept. */
  stop(stop: RunStop): void {
    this.stopped ??= stop;
    this.stopping.abort(new Error(stop.message));
  }
}

/**
 * The streamed and background runs of this process. While there are any, one read a second checks whether any of them was
 * cancelled through another process, and the leases of their records are renewed.
 */
@Injectable()
export class LiveRuns implements OnModuleDestroy {
  private readonly logger = new Logger(LiveRuns.name);
  private readonly runs = new Map<string, LiveRun>();
  private timer: NodeJS.Timeout | undefined;
  private renewedAt = 0;
  private isLooking = false;

  constructor(
    private readonly events: RunEventsRepository,
    private readonly settings: Settings,
  ) {}

  onModuleDestroy(): void {
    this.timer?.unref();
  }

  /** @param events how many events the run has already: it continues after a wait */
  open(org_id: string, invocation_id: string, events = 0): LiveRun {
    const feed = new RunFeed(async (events) => {
      const isRecorded = (await run.recording?.recorded()) ?? false;
      // Events without a record would never be deleted.
      if (isRecorded) await this.events.save(invocation_id, events);
      else if (!run.recording?.isLost) throw new Error('The run is not recorded yet');
    }, events);
    const run = new LiveRun(org_id, invocation_id, this.settings.get('RUN_LEASE_SECONDS') * 1000, feed);
    this.runs.set(invocation_id, run);
    this.timer ??= setInterval(() => void this.look(), LOOK_MS);
    return run;
  }

  find(org_id: string, invocation_id: string): LiveRun | undefined {
    const run = this.runs.get(invocation_id);
    return run?.org_id === org_id ? run : undefined;
  }

  /** Stops the runs of an agent that is being deleted. */
  stopAgent(agent_id: string): void {
    for (const run of this.runs.values()) if (run.recording?.invocation.agent_id === agent_id) run.stop(DELETED);
  }

  /** Ends a run: stores the events that are not stored yet. Never rejects. */
  async close(run: LiveRun): Promise<void> {
    const { invocation_id, feed } = run;
    try {
      if (!(await feed.close())) this.logger.error({ msg: 'events of a run could not be stored', invocation_id });
      if (run.recording?.isLost) await this.events.delete(invocation_id);
    } catch (error) {
      this.logger.warn({ msg: 'events of a deleted run stay until they expire', invocation_id, err: error });
    } finally {
      this.discard(run);
    }
  }

  /** Forgets a run that was refused before it began. */
  discard(run: LiveRun): void {
    if (this.runs.get(run.invocation_id) === run) this.runs.delete(run.invocation_id);
    if (this.runs.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private async look(): Promise<void> {
    if (this.isLooking) return;
    this.isLooking = true;
    try {
      for (const invocation_id of await this.events.askedToStop([...this.runs.keys()]))
        this.runs.get(invocation_id)?.stop({ reason: 'cancelled', message: 'The run was cancelled' });
      await this.renew();
    } catch (error) {
      this.logger.warn({ msg: 'runs could not be renewed; the next poll retries', err: error });
    } finally {
      this.isLooking = false;
    }
  }

  private async renew(): Promise<void> {
    const pause = (this.settings.get('RUN_LEASE_SECONDS') * 1000) / RENEWALS_PER_LEASE;
    if (performance.now() - this.renewedAt < pause) return;
    await Promise.all(
      [...this.runs.values()].map(async (run) => {
        if (run.recording && !(await run.recording.renew())) run.stop(LOST);
      }),
    );
    this.renewedAt = performance.now();
  }
}
