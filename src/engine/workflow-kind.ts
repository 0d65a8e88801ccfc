import type { Write } from '../platform/database/unit-of-work.js';
import { ConflictError } from '../shared/domain-error.js';

/** One step of a run, named by an id that is unique within the run, such as `agent_developer/tool_developer`. */
export interface WorkflowStep {
  readonly id: string;
}

/**
 * What a run does next.
 *
 * - `run`: these steps, in parallel. Name every step that should be running now; steps that run already are not started
 *   again. `next` is asked again when one of them ends, when the run is woken, and at `until`. Running steps that are not
 *   named go on, unless `stop_others` is set: then their `signal` is aborted.
 * - `sleep`: nothing before `until`. A wake ends the sleep early: `next` is asked again.
 * - `wait`: nothing before a wake, or before `until` when it is given.
 * - `done`: the run has ended. Running steps are aborted and the engine forgets the run.
 *
 * Times are UTC timestamps. A run that sleeps or waits holds no memory, no connection and no slot.
 */
export type Decision<Step extends WorkflowStep = WorkflowStep> =
  | { do: 'run'; steps: Step[]; until?: string; stop_others?: boolean }
  | { do: 'sleep'; until: string }
  | { do: 'wait'; until?: string }
  | { do: 'done' };

/**
 * Lets only the present owner of a run store results. Every transaction of a step carries `holds()` or `ends()` beside the
 * kind's own condition (its record's version). When another process has taken the run over, or the run was ended, the
 * transaction throws {@link RunLostError}: let it pass, and do not store the result in another way.
 */
export interface Fence {
  /** The condition that this step still owns the run. */
  holds(): Write[];
  /** The same condition, and the end of the run: use it in the transaction that stores the run's final state. */
  ends(): Write[];
}

/** What a step gets from the engine. */
export interface StepRun {
  /** Aborted when the run was ended or taken over, when its decision stops the step, and when the process shuts down. */
  readonly signal: AbortSignal;
  readonly fence: Fence;
  /** 1 for the first try. Grows when a try of the run threw or its process died, until a step succeeds. */
  readonly attempt: number;
  /** Call it in loops of more than a few seconds. Engines renew the lease by themselves. @throws the reason of an aborted signal */
  heartbeat(): void;
}

/** How driving a run in this process ended: `parked` sleeps or waits, `lost` goes on elsewhere, `broken` is retried later. */
export type DriveEnding = 'done' | 'parked' | 'lost' | 'broken';

/** The run is no longer the step's own. When a step throws it, the engine stops without counting a failure. */
export class RunLostError extends ConflictError {
  constructor(readonly run_id: string) {
    super('The run was ended or taken over by another process', { details: { run_id } });
  }
}

/**
 * One kind of durable run, such as a build or a flow run. The kind owns the state of its runs, in its own tables; the engine
 * decides only when and where the next step runs. Register it with {@link Engine.register} while the modules are built.
 *
 * A step runs at least once: it may be repeated after a crash. Its result is stored once, because of the fence. So an effect
 * outside of the database needs an idempotency key that follows from run, step and state.
 *
 * Kinds pass ids only: a step must be able to run in another process, from what `load` reads there.
 */
export abstract class WorkflowKind<Run = unknown, Step extends WorkflowStep = WorkflowStep> {
  /** Stored with each run: never rename it. Lower case, at most 30 characters. */
  abstract readonly name: string;

  /**
   * How many runs of this kind this process drives at a time; 0: none. With `Infinity` a run is leased by the process that
   * starts it from the start: then another process gets it only when that process has died.
   */
  abstract readonly slots: number;

  /** How long the runs of this kind may go on when the process shuts down, in milliseconds, before they are interrupted. */
  readonly grace_ms: number = 0;

  /** The stored state, read consistently. Undefined when it was deleted: the engine forgets the run. */
  abstract load(run_id: string): Promise<Run | undefined>;

  /** Decides by the stored state and the time alone: no clock, no random numbers, no reading. */
  abstract next(run: Run, now: Date): Decision<Step>;

  /**
   * Runs one step and stores its result under the fence, including an expected failure of the step. An error that it throws
   * means that nothing is known: the engine logs it, waits (1 s, doubling up to 60 s) and asks `next` again.
   * @returns the run as it is stored now, which saves the engine a `load`; or undefined.
   */
  abstract runStep(run: Run, step: Step, step_run: StepRun): Promise<Run | undefined>;

  /**
   * Wraps the time in which this process drives a run: for traces and figures. `run` is the state that was seen last.
   * Call `drive` once and return when it has ended.
   */
  async observe(_run_id: string, drive: () => Promise<{ ending: DriveEnding; run: Run | undefined }>): Promise<void> {
    await drive();
  }

  /** Called when the process begins to shut down, before the grace of its runs. */
  shutdown(): void {
    // Most kinds have nothing to do.
  }

  /** Called at the start and before each look for abandoned runs: a kind can hand over runs that an older version began. */
  async adopt(): Promise<void> {
    // Most kinds have no older version.
  }
}
