import { AgentNotFoundError } from '../agents/agents.errors.js';
import type { EngineChange } from '../engine/engine.js';
import type { Write } from '../platform/database/unit-of-work.js';
import type { Clock } from '../shared/clock.js';
import type { Invocation } from './invocation.js';
import type { InvocationsRepository } from './invocations.repository.js';

/** A run that takes longer is recorded while it is running; a faster one costs a single write. */
export const RECORD_AFTER_MS = 250;

/** The record of one run: written once at its end, and also before when the run takes long or is followed. */
export class Recording {
  private startedAt = performance.now();
  private timer: NodeJS.Timeout | undefined;
  private beginning: Promise<boolean> | undefined;
  private ending: Promise<void> | undefined;
  /** A record of the running run may exist. */
  private wasTried = false;
  /** The agent was deleted meanwhile: everything of the run is deleted. */
  isLost = false;

  /** Stored together with the end of the run: the engine's part, where the engine leases it. */
  alsoAtEnd: () => readonly Write[] = () => [];

  /** Stored together with the wait of the run: its start in the engine, where the engine does not have it yet. */
  alsoAtWait: () => EngineChange = () => ({ writes: [], committed: () => undefined, abandoned: () => undefined });

  /** @param lasts_ms how long the run counts as alive without a renewal; undefined when the engine leases it */
  constructor(
    readonly invocation: Invocation,
    private readonly lasts_ms: number | undefined,
    private readonly repository: InvocationsRepository,
    private readonly clock: Clock,
  ) {}

  get id(): string {
    return this.invocation.invocation_id;
  }

  /** The version that the run really runs. */
  ranBy({ agent_version, rollout_id }: { agent_version: string; rollout_id?: string | undefined }): void {
    this.invocation.agent_version = agent_version;
    if (rollout_id === undefined) delete this.invocation.rollout_id;
    else this.invocation.rollout_id = rollout_id;
  }

  get isOver(): boolean {
    return this.ending !== undefined;
  }

  /** The record of a run that was held exists and says that it runs. */
  continues(): this {
    this.wasTried = true;
    this.beginning = Promise.resolve(true);
    return this;
  }

  /** Stores that the run waits for decisions. @throws DatabaseError, EngineUnavailableError: nothing was stored */
  async wait(outcome: Partial<Invocation>): Promise<Invocation> {
    clearTimeout(this.timer);
    const waiting: Invocation = { ...this.invocation, ...outcome, status: 'waiting', duration_ms: this.elapsed() };
    const holding = this.hold(waiting);
    // Set before anything is awaited: events that are stored meanwhile must not record the run as running again.
    this.ending = holding;
    try {
      await holding;
    } catch (error) {
      this.ending = undefined;
      throw error;
    }
    return waiting;
  }

  /** Starts the clock of the run, and records the run when it takes long. */
  start(): void {
    this.startedAt = performance.now();
    if (!this.beginning) this.timer = setTimeout(() => void this.recorded(), RECORD_AFTER_MS);
  }

  /**
   * Records the run as running before anything else happens.
   * @param together is stored in the same transaction
   * @throws AgentNotFoundError, DatabaseError
   */
  async begin(together: readonly Write[]): Promise<void> {
    await this.repository.begin(this.invocation, this.expiry(), together);
    this.wasTried = true;
    this.beginning = Promise.resolve(true);
  }

  /** Ensures that the run is recorded. @returns false when it is not: the agent is being deleted, or the database is down. */
  recorded(): Promise<boolean> {
    clearTimeout(this.timer);
    if (this.ending)
      return this.ending.then(
        () => true,
        () => false,
      );
    this.wasTried = true;
    this.beginning ??= this.repository.begin(this.invocation, this.expiry(), []).then(
      () => true,
      (error: unknown) => {
        this.lookAt(error);
        // The database was down: the next call tries again.
        if (!this.isLost) this.beginning = undefined;
        return false;
      },
    );
    return this.beginning;
  }

  /** Renews the lease. @returns false when the run has lost its record: it was ended as interrupted, or deleted. */
  async renew(): Promise<boolean> {
    const expiry = this.expiry();
    if (expiry === undefined || this.ending || !(await this.beginning)) return true;
    return (await this.repository.renew(this.id, expiry)) || this.isOver;
  }

  async end(outcome: Partial<Invocation>): Promise<Invocation> {
    clearTimeout(this.timer);
    const duration_ms = this.elapsed();
    const finished: Invocation = { ...this.invocation, ...outcome, duration_ms, completed_at: this.clock.timestamp() };
    const ending = this.store(finished);
    this.ending = ending;
    await ending;
    return finished;
  }

  private async hold(waiting: Invocation): Promise<void> {
    await this.beginning;
    const change = this.alsoAtWait();
    try {
      await this.repository.hold(waiting, change.writes);
    } catch (error) {
      change.abandoned();
      this.lookAt(error);
      throw error;
    }
    change.committed();
  }

  private async store(finished: Invocation): Promise<void> {
    await this.beginning;
    try {
      await (this.wasTried ? this.repository.finish(finished, this.alsoAtEnd()) : this.repository.create(finished));
    } catch (error) {
      this.lookAt(error);
      throw error;
    }
  }

  /** Milliseconds, without the time in which the run waited. */
  private elapsed(): number {
    const before = this.invocation.duration_ms ?? 0;
    return Math.round((before + performance.now() - this.startedAt) * 100) / 100;
  }

  private lookAt(error: unknown): void {
    if (error instanceof AgentNotFoundError) this.isLost = true;
  }

  private expiry(): string | undefined {
    if (this.lasts_ms === undefined) return undefined;
    return new Date(this.clock.now().getTime() + this.lasts_ms).toISOString();
  }
}
