import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import pLimit from 'p-limit';
import { Settings } from '../../platform/config/settings.js';
import { RequestContext } from '../../platform/observability/request-context.js';
import { Clock } from '../../shared/clock.js';
import { Ids } from '../../shared/ids.js';
import { type DurableRun, DurableRunsRepository, type Lease } from '../durable-runs.repository.js';
import { Engine, type EngineChange, type NewRun, type RunPlan, type RunQueue } from '../engine.js';
import { RunLostError, type WorkflowKind } from '../workflow-kind.js';
import { RunDrive } from './run-drive.js';

const DEFAULT_PRIORITY = 5;
/** Timers fire at most two seconds late: one look a second, and the time that the look takes. */
const TIMER_LOOK_MS = 1_000;
/** A bound for one look; the next look takes the rest. */
const DUE_PER_LOOK = 1_000;
/** Claims at once from the queue; the next end of a run takes more. */
const QUEUE_BATCH = 25;
const CLAIMS_AT_ONCE = 16;
/** A queue beyond this is reported as this long: a scrape must stay cheap. */
const COUNTED = 1_000;
const SHUTDOWN_WAIT_MS = 5_000;

/** A kind with what this process does for it. */
interface Lane {
  readonly kind: WorkflowKind;
  readonly drives: Map<string, { drive: RunDrive; over: Promise<void> }>;
  /** Slots that are promised to runs whose start is being stored or whose claim is under way. */
  reserved: number;
  /** False when the queue was empty at the last look and nothing was queued here since; the reaper looks anyway. */
  mayHaveQueue: boolean;
}

/**
 * Runs durable runs in the platform's own processes, coordinated through the table `DurableRuns` alone. A running run is
 * leased for `ENGINE_LEASE_SECONDS` and renewed every `ENGINE_HEARTBEAT_SECONDS`. Every `ENGINE_REAPER_SECONDS` each process
 * takes over runs whose lease has expired and fills its free slots from the queue. With the defaults (30, 10, 15) a run whose
 * process was killed goes on within 45 seconds; on the embedded database, which only one process can hold, it goes on as soon
 * as that process starts again.
 */
@Injectable()
export class EmbeddedEngine extends Engine implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(EmbeddedEngine.name);
  private readonly lanes = new Map<string, Lane>();
  private readonly looks: NodeJS.Timeout[] = [];
  private heartbeat: NodeJS.Timeout | undefined;
  private readonly sweeps = new Set<Promise<void>>();
  private isStopping = false;
  private isLooking = false;

  constructor(
    private readonly runs: DurableRunsRepository,
    private readonly settings: Settings,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {
    super();
  }

  override register(kind: WorkflowKind): void {
    if (this.lanes.has(kind.name)) throw new Error(`The workflow kind ${kind.name} is registered twice`);
    this.lanes.set(kind.name, { kind, drives: new Map(), reserved: 0, mayHaveQueue: true });
  }

  /** Where this engine cannot work, the database is away, and says so itself. */
  override get outage(): undefined {
    return undefined;
  }

  override kinds(): string[] {
    return [...this.lanes.keys()];
  }

  onApplicationBootstrap(): void {
    const noOtherProcessCanHoldALease = this.settings.get('NEXUS_DATABASE') === 'embedded';
    this.reap(noOtherProcessCanHoldALease);
    this.looks.push(
      every(this.settings.get('ENGINE_REAPER_SECONDS') * 1000, () => {
        this.reap(false);
      }),
      every(TIMER_LOOK_MS, () => {
        this.look();
      }),
    );
    this.heartbeat = every(this.settings.get('ENGINE_HEARTBEAT_SECONDS') * 1000, () => {
      this.renew();
    });
  }

  /**
   * Lets the runs of each kind go on for its `grace_ms`, then interrupts them and puts them back into the queue, so that
   * another process or the next start goes on with them.
   */
  async onModuleDestroy(): Promise<void> {
    this.isStopping = true;
    for (const look of this.looks) clearInterval(look);
    for (const { kind } of this.lanes.values()) kind.shutdown();
    await Promise.all(this.sweeps);
    await Promise.all([...this.lanes.values()].map((lane) => this.stopLane(lane)));
    clearInterval(this.heartbeat);
  }

  override plan({ kind, run_id, org_id, priority = DEFAULT_PRIORITY }: NewRun): RunPlan {
    const lane = this.lane(kind);
    const run: DurableRun = {
      ...{ run_id, kind, org_id, engine: 'embedded', priority, created_at: this.clock.timestamp() },
      ...{ wakes: 0, failures: 0 },
    };
    const starts_now = this.freeSlots(lane) > 0;
    const lease = starts_now ? this.lease() : undefined;
    if (starts_now) lane.reserved += 1;
    return {
      engine: 'embedded',
      starts_now,
      writes: [this.runs.creation(run, lease)],
      committed: () => {
        if (lease) this.start(lane, run, lease);
        else this.queued(lane);
      },
      abandoned: () => {
        if (lease) lane.reserved -= 1;
      },
    };
  }

  override wake({ kind, run_id }: Pick<NewRun, 'kind' | 'run_id'>): EngineChange {
    const lane = this.lane(kind);
    return {
      writes: [this.runs.wake(run_id, this.clock.timestamp())],
      committed: () => {
        const here = lane.drives.get(run_id);
        if (here) here.drive.wake();
        // Without a free slot, the next look at the timers puts the run into the queue.
        else if (this.freeSlots(lane) > 0) this.sweep(this.claim(lane, { run_id, kind }));
      },
      abandoned: () => undefined,
    };
  }

  override end(run_id: string): EngineChange {
    return {
      writes: [this.runs.removal(run_id)],
      committed: () => {
        for (const { drives } of this.lanes.values()) drives.get(run_id)?.drive.stop(new RunLostError(run_id));
      },
      abandoned: () => undefined,
    };
  }

  override async has(run_id: string): Promise<boolean> {
    return (await this.runs.find(run_id)) !== undefined;
  }

  override running(kind: string): number {
    return this.lane(kind).drives.size;
  }

  override async queue(kind: string): Promise<RunQueue> {
    const now = this.clock.timestamp();
    const [waiting, running, stalled] = await Promise.all([
      firstOf(this.runs.listQueued(kind), COUNTED),
      firstOf(this.runs.listRunning(kind), COUNTED),
      firstOf(this.runs.listRunning(kind, now), COUNTED),
    ]);
    const sinces = waiting.map(({ queue_order = '' }) => Date.parse(queue_order.slice(queue_order.indexOf('#') + 1)));
    return {
      waiting: waiting.length,
      running: running.length,
      stalled: stalled.length,
      oldest_seconds: (Date.parse(now) - Math.min(...sinces, Date.parse(now))) / 1000,
    };
  }

  private lane(kind: string): Lane {
    const lane = this.lanes.get(kind);
    if (!lane) throw new Error(`The workflow kind ${kind} is not registered`);
    return lane;
  }

  private freeSlots({ kind, drives, reserved }: Lane): number {
    return this.isStopping ? 0 : kind.slots - drives.size - reserved;
  }

  private lease(): Lease {
    const expires = this.clock.now().getTime() + this.settings.get('ENGINE_LEASE_SECONDS') * 1000;
    return { token: this.ids.next('lease'), expires_at: new Date(expires).toISOString() };
  }

  /** Drives a run whose lease is stored. Its reserved slot becomes its own. */
  private start(lane: Lane, run: DurableRun, lease: Lease): void {
    const { kind, drives } = lane;
    const { run_id } = run;
    lane.reserved -= 1;
    const before = drives.get(run_id)?.over;
    const drive = new RunDrive(kind, run, lease, this.runs, this.clock);
    if (this.isStopping) drive.stop(new Error('The process is shutting down'));
    const driven = async (): Promise<void> => {
      try {
        // A run that was ended and started again may still be on its way out.
        await before;
        await kind.observe(run_id, () => drive.drive());
      } catch (error) {
        this.logger.error({ msg: 'a run could not be observed', run_id, kind: kind.name, err: error });
      } finally {
        if (drives.get(run_id)?.drive === drive) drives.delete(run_id);
        if (lane.mayHaveQueue) this.sweep(this.fill(lane));
      }
    };
    // Whatever set the run off, a request or the end of another run, it is no part of that request.
    const over = RequestContext.outside(driven);
    drives.set(run_id, { drive, over });
  }

  /** A slot may have become free while the run was being stored. */
  private queued(lane: Lane): void {
    lane.mayHaveQueue = true;
    this.sweep(this.fill(lane));
  }

  /** Claims a run if a slot is free. @returns false when no slot was free */
  private async claim(
    lane: Lane,
    run: Pick<DurableRun, 'run_id' | 'kind' | 'lease_token' | 'lease_expires_at'>,
  ): Promise<boolean> {
    if (this.freeSlots(lane) <= 0) return false;
    lane.reserved += 1;
    const lease = this.lease();
    try {
      const claimed = await this.runs.claim(run, lease);
      if (claimed) this.start(lane, claimed, lease);
      else lane.reserved -= 1;
      return true;
    } catch (error) {
      lane.reserved -= 1;
      throw error;
    }
  }

  /** Fills the free slots of a kind from its queue. */
  private async fill(lane: Lane): Promise<void> {
    const free = this.freeSlots(lane);
    if (free <= 0) return;
    const queued = await this.runs.firstQueued(lane.kind.name, Math.min(free, QUEUE_BATCH));
    if (queued.length === 0) lane.mayHaveQueue = false;
    await Promise.all(queued.map((run) => this.claim(lane, run)));
  }

  /** Takes over abandoned runs first, then fills free slots. @param takeAll whatever their leases say */
  private reap(takeAll: boolean): void {
    for (const lane of this.lanes.values())
      this.sweep(
        (async () => {
          await lane.kind.adopt();
          const expired_before = takeAll ? undefined : this.clock.timestamp();
          for await (const run of this.runs.listRunning(lane.kind.name, expired_before)) {
            if (this.isDrivenHere(lane, run)) continue;
            if (!(await this.claim(lane, run))) return;
          }
          await this.fill(lane);
        })(),
      );
  }

  /** Wakes runs that are due. */
  private look(): void {
    if (this.isLooking) return;
    this.isLooking = true;
    this.sweep(
      (async () => {
        try {
          const due = await firstOf(this.runs.listDue(this.clock.timestamp()), DUE_PER_LOOK);
          // One after the other, a hundred timers of the same second would take longer than the second.
          const limit = pLimit(CLAIMS_AT_ONCE);
          await Promise.all(due.map((run) => limit(() => this.due(run))));
        } finally {
          this.isLooking = false;
        }
      })(),
    );
  }

  private async due(run: DurableRun): Promise<void> {
    const lane = this.lanes.get(run.kind);
    if (!lane || this.isStopping) return;
    if (this.isDrivenHere(lane, run)) lane.drives.get(run.run_id)?.drive.wake();
    else if (run.lease_token !== undefined) return;
    else if (run.queue_name !== undefined) await this.runs.awakeQueued(run);
    else if (!(await this.claim(lane, run))) {
      await this.runs.enqueue(run);
      lane.mayHaveQueue = true;
    }
  }

  private isDrivenHere({ drives }: Lane, { run_id, lease_token }: DurableRun): boolean {
    return lease_token !== undefined && drives.get(run_id)?.drive.token === lease_token;
  }

  private renew(): void {
    const { expires_at } = this.lease();
    for (const { drives } of this.lanes.values())
      for (const { drive } of drives.values())
        drive.renew(expires_at).catch((error: unknown) => {
          this.logger.warn({ msg: 'a heartbeat failed', err: error });
        });
  }

  private async stopLane({ kind, drives }: Lane): Promise<void> {
    const allOver = (): Promise<unknown> => Promise.all([...drives.values()].map(({ over }) => over));
    await within(kind.grace_ms, allOver());
    for (const { drive } of drives.values()) drive.stop(new Error('The process is shutting down'));
    await within(SHUTDOWN_WAIT_MS, allOver());
  }

  private sweep(work: Promise<unknown>): void {
    const swept = work
      .then(() => undefined)
      .catch((error: unknown) => {
        this.logger.warn({ msg: 'due runs could not be listed; the next poll retries', err: error });
      })
      .finally(() => this.sweeps.delete(swept));
    this.sweeps.add(swept);
  }
}

function every(ms: number, act: () => void): NodeJS.Timeout {
  return setInterval(act, ms).unref();
}

async function firstOf<T>(all: AsyncIterable<T>, limit: number): Promise<T[]> {
  const first: T[] = [];
  for await (const one of all) if (first.push(one) === limit) break;
  return first;
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  if (ms === 0) return;
  const patience = new AbortController();
  await Promise.race([work, delay(ms, undefined, { signal: patience.signal }).catch(() => undefined)]);
  patience.abort();
}
