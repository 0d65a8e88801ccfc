import type { Recording } from '../run-recording.js';
import type { RunFeed } from './run-feed.js';

/** Why a run was stopped from outside, as its record says it. */
export interface RunStop {
  reason: 'cancelled' | 'interrupted';
  message: string;
}

/** A run of this process that others can follow and stop: a streamed or a background one. */
export class LiveRun {
  /** Known as soon as the run has an agent. */
  recording: Recording | undefined;
  stopped: RunStop | undefined;
  private readonly stopping = new AbortController();

  constructor(
    readonly org_id: string,
    readonly invocation_id: string,
    /** Without a sign of life for so long it counts as dead. */
    readonly lease_ms: number,
    readonly feed: RunFeed,
  ) {}

  get signal(): AbortSignal {
    return this.stopping.signal;
  }

  /** Safe to repeat; the first reason counts. */
  stop(stop: RunStop): void {
    this.stopped ??= stop;
    this.stopping.abort(new Error(stop.message));
  }
}
