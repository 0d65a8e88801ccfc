import { Logger } from '@nestjs/common';
import type { Clock } from '../../shared/clock.js';
import type { DurableRun, DurableRunsRepository, Lease } from '../durable-runs.repository.js';
import {
  type Decision,
  type DriveEnding,
  type Fence,
  RunLostError,
  type StepRun,
  type WorkflowKind,
  type WorkflowStep,
} from '../workflow-kind.js';

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;
/** setTimeout takes no more; a later time is looked at again then. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

interface StepInFlight {
  readonly stopping: AbortController;
  readonly ended: Promise<void>;
}

/** The fence of one step; remembers whether its last transaction ended the run. */
class StepFence implements Fence {
  hasEnded = false;

  constructor(
    private readonly runs: DurableRunsRepository,
    private readonly run_id: string,
    private readonly token: string,
  ) {}

  holds() {
    this.hasEnded = false;
    return [this.runs.holds(this.run_id, this.token)];
  }

  ends() {
    this.hasEnded = true;
    return [this.runs.ends(this.run_id, this.token)];
  }
}

/** How a drive ended. `until` is when a parked or broken run has to be driven again, if not by a wake before. */
export interface DriveEnd {
  ending: DriveEnding;
  run: unknown;
  until: string | undefined;
}

/**
 * Drives one run in this process under one lease: asks the kind what is next and runs the steps, until the run ends, is
 * parked, or the lease is lost. The timer of a parked run is stored with it, except on Temporal, which has timers of its own.
 */
export class RunDrive {
  private readonly logger = new Logger(RunDrive.name);
  private readonly stopping = new AbortController();
  private readonly inFlight = new Map<string, StepInFlight>();
  readonly token: string;
  private run: unknown;
  /** The state that a step returned, unless another step or a wake may have changed it since. */
  private fresh: unknown;
  private wakes: number;
  private failures: number;
  private hasFailed = false;
  private hasEnded = false;
  /** Something has happened that the drive must look at. */
  private isChanged = false;
  private isWoken = false;
  private until: string | undefined;
  /** Steps that ended since the state was last read: what `next` says of them is out of date. */
  private readonly endedSinceRead = new Set<string>();
  private notify: () => void = () => undefined;

  constructor(
    private readonly kind: WorkflowKind,
    private readonly record: DurableRun,
    lease: Lease,
    private readonly runs: DurableRunsRepository,
    private readonly clock: Clock,
  ) {
    this.token = lease.token;
    this.wakes = record.wakes;
    this.failures = record.failures;
  }

  /** Interrupts the running steps. What they still return is not stored, unless they store an end of their own. */
  stop(reason: Error): void {
    this.stopping.abort(reason);
    this.changed();
  }

  /** The run was woken: its state is read again. */
  wake(): void {
    this.isWoken = true;
    this.changed();
  }

  /** Moves the end of the lease; a drive whose lease is lost stops. @throws DatabaseError */
  async renew(expires_at: string): Promise<void> {
    const { run_id } = this.record;
    const isHeld = await this.runs.renew(run_id, { token: this.token, expires_at });
    if (!isHeld && !this.hasEnded) this.stop(new RunLostError(run_id));
  }

  /** Never rejects. When it ends as `lost` or `broken`, the run was given back as far as the database could be reached. */
  async drive(): Promise<DriveEnd> {
    let ending: DriveEnding;
    try {
      ending = await this.follow();
    } catch (error) {
      const isLost = error instanceof RunLostError || this.stopping.signal.aborted;
      ending = isLost ? 'lost' : 'broken';
      if (!isLost) this.logger.error({ msg: 'a run failed unexpectedly and is retried', ...this.about(), err: error });
    }
    this.stopping.abort(new RunLostError(this.record.run_id));
    await this.settled();
    if (this.hasEnded) ending = 'done';
    await this.giveBack(ending);
    return { ending, run: this.run, until: this.until };
  }

  private async follow(): Promise<DriveEnding> {
    for (;;) {
      this.stopping.signal.throwIfAborted();
      if (this.hasEnded) return 'done';
      if (this.hasFailed && this.inFlight.size === 0) return 'broken';
      if (this.isWoken) await this.takeWakes();
      this.isChanged = false;
      this.endedSinceRead.clear();
      this.run = this.fresh ?? (await this.kind.load(this.record.run_id));
      this.fresh = undefined;
      if (this.run === undefined) return 'done';
      if (this.isChanged && this.inFlight.size === 0) continue;
      const decision = this.kind.next(this.run, this.clock.now());
      if (decision.do === 'done') return 'done';
      if (decision.do === 'run') this.begin(decision);
      const { until } = decision;
      if (this.inFlight.size > 0) await this.untilChanged(until);
      else if (decision.do === 'run') throw new Error(`The run has no step to run: ${this.record.run_id}`);
      else if (await this.park(until)) return 'parked';
    }
  }

  private begin({ steps, stop_others }: Decision & { do: 'run' }): void {
    if (stop_others) {
      const named = new Set(steps.map(({ id }) => id));
      for (const [id, { stopping }] of this.inFlight)
        if (!named.has(id)) stopping.abort(new Error(`The step ${id} was stopped`));
    }
    if (this.hasFailed) return;
    for (const step of steps)
      if (!this.inFlight.has(step.id) && !this.endedSinceRead.has(step.id)) this.beginStep(step);
  }

  private beginStep(step: WorkflowStep): void {
    const stopping = new AbortController();
    const signal = AbortSignal.any([this.stopping.signal, stopping.signal]);
    const fence = new StepFence(this.runs, this.record.run_id, this.token);
    const step_run: StepRun = {
      signal,
      fence,
      attempt: this.failures + 1,
      heartbeat: () => {
        signal.throwIfAborted();
      },
    };
    const ended = this.runStep(step, step_run, fence).finally(() => {
      this.inFlight.delete(step.id);
      this.endedSinceRead.add(step.id);
      this.changed();
    });
    this.inFlight.set(step.id, { stopping, ended });
  }

  private async runStep(step: WorkflowStep, step_run: StepRun, fence: StepFence): Promise<void> {
    try {
      const run = await this.kind.runStep(this.run, step, step_run);
      this.failures = 0;
      if (fence.hasEnded) this.hasEnded = true;
      if (run !== undefined && (fence.hasEnded || this.inFlight.size === 1)) this.run = this.fresh = run;
    } catch (error) {
      if (error instanceof RunLostError) this.stop(error);
      else if (!step_run.signal.aborted) {
        this.hasFailed = true;
        this.logger.error({ msg: 'a step threw', ...this.about(), step: step.id, err: error });
      }
    }
  }

  /** Wakes that come while the state is read are seen by the next round. */
  private async takeWakes(): Promise<void> {
    this.isWoken = false;
    const record = await this.runs.awake(this.record.run_id, this.token);
    if (!record) throw new RunLostError(this.record.run_id);
    this.wakes = record.wakes;
    this.fresh = undefined;
  }

  /** @returns false when the run was woken since its state was read. */
  private async park(until: string | undefined): Promise<boolean> {
    if (await this.storeParked({ wakes: this.wakes, until, failures: this.failures })) return true;
    this.isWoken = true;
    return false;
  }

  private storeParked({ until, ...parking }: { wakes?: number; until: string | undefined; failures: number }) {
    this.until = until;
    const timer = this.record.timer_of === undefined ? { until } : {};
    return this.runs.park(this.record.run_id, this.token, { ...parking, ...timer });
  }

  /** Until a step ends, the run is woken or stopped, or the time has come. */
  private async untilChanged(until: string | undefined): Promise<void> {
    if (this.isChanged) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.notify = resolve;
      if (until === undefined) return;
      const wait_ms = Math.min(Date.parse(until) - this.clock.now().getTime(), LONGEST_TIMEOUT_MS);
      timer = setTimeout(resolve, Math.max(wait_ms, 0));
    });
    clearTimeout(timer);
  }

  private changed(): void {
    this.isChanged = true;
    this.notify();
  }

  private async settled(): Promise<void> {
    while (this.inFlight.size > 0) await Promise.all([...this.inFlight.values()].map(({ ended }) => ended));
  }

  /** What cannot be stored now is mended by the end of the lease. */
  private async giveBack(ending: DriveEnding): Promise<void> {
    const { run_id } = this.record;
    try {
      if (ending === 'done' && !this.hasEnded) await this.runs.remove(run_id, this.token);
      if (ending === 'lost') await this.runs.release(this.record, this.token);
      if (ending === 'broken') {
        const failures = this.failures + 1;
        const wait_ms = Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS);
        const until = new Date(this.clock.now().getTime() + wait_ms).toISOString();
        await this.storeParked({ until, failures });
      }
    } catch (error) {
      this.logger.warn({ msg: 'a run could not be released; its lease will expire', ...this.about(), err: error });
    }
  }

  private about() {
    return { run_id: this.record.run_id, kind: this.kind.name };
  }
}
