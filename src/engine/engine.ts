import type { Write } from '../platform/database/unit-of-work.js';
import { ConflictError, ServiceUnavailableError } from '../shared/domain-error.js';
import type { WorkflowKind } from './workflow-kind.js';

/** `temporal` names runs on a Temporal cluster. */
export type EngineName = 'embedded' | 'temporal';

/** A run that is to be started. */
export interface NewRun {
  /** The name of a registered kind. */
  kind: string;
  /** Unique over all kinds: an id with the prefix of its kind. */
  run_id: string;
  org_id: string;
  /** The project that the run belongs to, if there is one; shown by engines that can. */
  project_id?: string;
  /**
   * True for a part of what was accepted before, such as a run inside another: it is taken even when no new run can be started now, and
   * begins as soon as its engine is back.
   */
  is_accepted?: boolean;
  /** 0 to 9; runs of a higher priority leave the queue first, then older ones. 5 unless given. */
  priority?: number;
}

/**
 * Part of the caller's {@link UnitOfWork}. Commit `writes` with the caller's own records; then call `committed` when the transaction
 * was committed, or `abandoned` when it was not. A crash before either call loses nothing: the engine finds what is stored.
 */
export interface EngineChange {
  writes: Write[];
  committed(): void;
  abandoned(): void;
}

/** Times that come again and again: one of `cron` and `every_seconds`. */
export interface EngineSchedule {
  schedule_id: string;
  cron?: string | undefined;
  every_seconds?: number | undefined;
  /** The first time of `every_seconds`. */
  first_at?: string | undefined;
  /** IANA name; for `cron`. Five fields, or six that begin with the seconds. */
  timezone?: string | undefined;
}

/** The start of a run. */
export interface RunPlan extends EngineChange {
  /** The engine that takes the run. It is stored with the run and never changes. */
  engine: EngineName;
  /** True when the run begins in this process as soon as it is committed; false when it waits for a slot first. */
  starts_now: boolean;
}

/** The engine that would take the run cannot be reached. Nothing was accepted: answered 503 with `Retry-After`. */
export class EngineUnavailableError extends ServiceUnavailableError {
  constructor(reason: string) {
    super(`Nothing can be started now: ${reason}`, {
      details: { engine: 'temporal' },
      suggestion: 'Send the request again in a few seconds.',
    });
  }
}

/** A run cannot be woken, because it has ended. */
export class RunOverError extends ConflictError {
  constructor(run_id: string) {
    super('The run has ended', { details: { run_id }, suggestion: 'Read the run for its outcome.' });
  }
}

/** The runs of one kind in the whole environment; at most 1,000 of each state are counted. */
export interface RunQueue {
  waiting: number;
  running: number;
  /** Running, but the lease has expired: their process is gone and no other has taken them over. */
  stalled: number;
  /** How long the oldest run has waited for a slot, in seconds; 0 when none waits. */
  oldest_seconds: number;
}

/**
 * Durable execution: drives everything that outlives a request. It decides when and where the next step of a run is run; see
 * {@link WorkflowKind} for what a run is. Whatever the engine needs to know is stored in the transaction of the kind's own
 * record, so there is never a run that is recorded in only one of the two.
 *
 * ```ts
 * const plan = engine.plan({ kind: 'build', run_id, org_id });
 * try {
 *   await repository.create(record, plan.writes);
 *   plan.committed();
 * } catch (error) {
 *   plan.abandoned();
 *   throw error;
 * }
 * ```
 */
export abstract class Engine {
  /** Call it in the constructor of the kind's module: runs are looked for when the application starts. */
  abstract register(kind: WorkflowKind): void;

  /** Why no run can be started now, such as a cluster that does not answer; undefined when runs can be started. */
  abstract get outage(): string | undefined;

  /** The names of the registered kinds. */
  abstract kinds(): string[];

  /**
   * Starts a run. The transaction fails when a run with this id exists already.
   * @throws EngineUnavailableError before anything is stored
   */
  abstract plan(run: NewRun): RunPlan;

  /**
   * Wakes a run, after something that its `next` looks at has changed (a signal, a decision, a cancellation), in the same
   * transaction. `next` is asked again within two seconds, whatever process has the run; at once when it is this process.
   * The transaction throws {@link RunOverError} when the run has ended.
   */
  abstract wake(run: Pick<NewRun, 'kind' | 'run_id'>): EngineChange;

  /** Ends a run from outside; harmless when it has ended. Its steps are interrupted: at once here, by their lease elsewhere. */
  abstract end(run_id: string): EngineChange;

  /** Whether the engine still has the run. */
  abstract has(run_id: string): Promise<boolean>;

  /** How many runs of a kind this process drives now. */
  abstract running(kind: string): number;

  /** Two to three queries. */
  abstract queue(kind: string): Promise<RunQueue>;

  /** What a schedule of the engine calls at each of its times, at least once each. */
  onSchedule(_fire: (schedule_id: string) => Promise<void>): void {
    // The embedded engine has no schedules.
  }

  /** Replaces an earlier schedule with the same id. @returns false when the engine has no schedules: the caller looks at the time itself */
  async schedule(_schedule: EngineSchedule): Promise<boolean> {
    return false;
  }

  async unschedule(_schedule_id: string): Promise<void> {
    // The embedded engine has no schedules.
  }
}
