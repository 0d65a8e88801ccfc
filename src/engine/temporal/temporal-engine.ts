import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { context, propagation, ROOT_CONTEXT } from '@opentelemetry/api';
import pLimit from 'p-limit';
import { Settings } from '../../platform/config/settings.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { Clock } from '../../shared/clock.js';
import { Ids } from '../../shared/ids.js';
import { type DurableRun, DurableRunsRepository, type Lease } from '../durable-runs.repository.js';
import { EmbeddedEngine } from '../embedded/embedded-engine.js';
import { type DriveEnd, RunDrive } from '../embedded/run-drive.js';
import {
  Engine,
  type EngineChange,
  type EngineSchedule,
  EngineUnavailableError,
  type NewRun,
  type RunPlan,
  type RunQueue,
} from '../engine.js';
import { RunLostError, type WorkflowKind } from '../workflow-kind.js';
import {
  type DriveCall,
  type DriveResult,
  loadTemporalSdk,
  type TemporalClient,
  type TemporalSdk,
  type TemporalTarget,
  type TemporalWorkers,
} from './temporal-sdk.js';

/** Written by `npm run build`. */
const BUNDLE_FILE = fileURLToPath(new URL('../../../temporal/workflow-bundle.cjs', import.meta.url));
const DEFAULT_PRIORITY = 5;
const LOOK_MS = 1_000;
const CHECK_MS = 2_000;
/** A busy cluster is not away. */
const CHECK_WITHIN_MS = 5_000;
const CALL_WITHIN_MS = 5_000;
/** The process that stores a run hands it over at once. Others do so when it has not been claimed by then. */
const HANDED_BY_OTHERS_MS = 2_000;
const HANDED_AT_ONCE = 16;
const HANDED_PER_LOOK = 500;
/** A look at a lease that has just expired must not come too early. */
const LEASE_SLACK_MS = 250;
/** How long what is stopped may take to end before its activity is given back. */
const LEAVE_AFTER_MS = 1_000;
/** A kind without a bound has one of its own, or its drives are short. */
const UNBOUNDED_SLOTS = 200;
/** More are reported as this many: a scrape must stay cheap. */
const COUNTED = 1_000;

/** A run that this process drives. */
interface Driven {
  readonly drive: RunDrive;
  readonly kind: string;
  readonly over: Promise<void>;
}

/**
 * Runs durable runs on a Temporal cluster. The record in `DurableRuns` is the outbox: what is due in it is handed to Temporal, whose
 * generic workflow has the run driven by an activity at its time, after a wake, and again when a worker died. One activity drives a run
 * until it is parked, under the same lease and fence as on the embedded engine, so that a run has one writer. The lease decides
 * who has a run: a worker that Temporal has given up but that still renews its lease finishes its work.
 *
 * Runs of a kind that is bound to its process begin in the process that accepts them; their workflow takes over when they are parked
 * or when that process dies. Runs that the embedded engine accepted stay with it.
 */
@Injectable()
export class TemporalEngine extends Engine implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(TemporalEngine.name);
  private readonly byName = new Map<string, WorkflowKind>();
  private readonly drives = new Map<string, Driven>();
  private readonly isOn: boolean;
  private readonly limit = pLimit(HANDED_AT_ONCE);
  private client: TemporalClient | undefined;
  private workers: TemporalWorkers | undefined;
  private timers: NodeJS.Timeout[] = [];
  private isChecking = false;
  private heartbeat: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private mustLookAgain = false;
  private fire: ((schedule_id: string) => Promise<void>) | undefined;
  private isStopping = false;
  /** Why the cluster cannot be reached; undefined when it can. */
  private away: string | undefined = 'Not connected yet';

  constructor(
    private readonly embedded: EmbeddedEngine,
    private readonly runs: DurableRunsRepository,
    private readonly unit: UnitOfWork,
    private readonly settings: Settings,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {
    super();
    this.isOn = settings.get('ENGINE') === 'temporal';
  }

  override register(kind: WorkflowKind): void {
    this.embedded.register(kind);
    this.byName.set(kind.name, kind);
  }

  override get outage(): string | undefined {
    return this.settings.get('ENGINE_FALLBACK') === 'embedded' ? undefined : this.away;
  }

  override kinds(): string[] {
    return this.embedded.kinds();
  }

  async onApplicationBootstrap(): Promise<void> {
    if (!this.isOn) return;
    const sdk = await loadTemporalSdk();
    this.client = sdk.openClient(this.target());
    const connected = this.check();
    if (this.settings.get('TEMPORAL_WORKER')) void this.work(sdk);
    this.timers = [
      every(CHECK_MS, () => void this.check()),
      every(LOOK_MS, () => {
        this.look();
      }),
      every(this.settings.get('ENGINE_REAPER_SECONDS') * 1000, () => void this.reap()),
    ];
    this.heartbeat = every(this.settings.get('ENGINE_HEARTBEAT_SECONDS') * 1000, () => {
      this.renew();
    });
    await connected;
  }

  /** Runs go on for the grace of their kind; then they are interrupted and given back, so that other workers go on with them. */
  async onModuleDestroy(): Promise<void> {
    this.isStopping = true;
    for (const timer of this.timers) clearInterval(timer);
    this.workers?.leave();
    for (const kind of this.byName.values()) kind.shutdown();
    await Promise.all([...this.byName.values()].map((kind) => this.stopKind(kind)));
    await this.looking;
    await this.workers?.over;
    clearInterval(this.heartbeat);
    await this.client?.close();
  }

  override plan(run: NewRun): RunPlan {
    if (!run.is_accepted && this.outage !== undefined) throw new EngineUnavailableError(this.outage);
    if (this.away !== undefined && this.outage === undefined) return this.embedded.plan(run);
    const kind = this.kind(run.kind);
    const { is_accepted: _, ...named } = run;
    const carrier: { traceparent?: string } = {};
    propagation.inject(context.active(), carrier);
    const created_at = this.clock.timestamp();
    const record: DurableRun = {
      ...{
        ...named,
        priority: run.priority ?? DEFAULT_PRIORITY,
        engine: 'temporal',
        created_at,
        wakes: 0,
        failures: 0,
      },
      ...(carrier.traceparent === undefined ? {} : { traceparent: carrier.traceparent }),
    };
    const isBound = kind.slots === Number.POSITIVE_INFINITY;
    const lease = isBound ? this.lease() : undefined;
    return {
      engine: 'temporal',
      starts_now: isBound,
      writes: [this.runs.handedCreation(record, this.after(HANDED_BY_OTHERS_MS), lease)],
      committed: () => {
        if (lease) void this.driveBound(kind, record, lease);
        this.handNow(record);
      },
      abandoned: () => undefined,
    };
  }

  override wake(run: Pick<NewRun, 'kind' | 'run_id'>): EngineChange {
    const change = this.embedded.wake(run);
    return {
      ...change,
      committed: () => {
        change.committed();
        const here = this.drives.get(run.run_id);
        if (here) here.drive.wake();
        else this.look();
      },
    };
  }

  override end(run_id: string): EngineChange {
    const end = this.embedded.end(run_id);
    return {
      ...end,
      writes: [...end.writes, this.runs.endNotice(run_id, this.clock.timestamp())],
      committed: () => {
        end.committed();
        this.drives.get(run_id)?.drive.stop(new RunLostError(run_id));
        this.look();
      },
    };
  }

  override has(run_id: string): Promise<boolean> {
    return this.embedded.has(run_id);
  }

  override running(kind: string): number {
    const here = [...this.drives.values()].filter((driven) => driven.kind === kind);
    return this.embedded.running(kind) + here.length;
  }

  /** Runs that wait for a worker, and those that one drives. Parked runs are neither. */
  override async queue(kind: string): Promise<RunQueue> {
    const [queue, handed] = await Promise.all([this.embedded.queue(kind), firstOf(this.runs.listOnTemporal(kind))]);
    const now = this.clock.timestamp();
    const running = handed.filter(({ lease_token }) => lease_token !== undefined);
    const sinces = handed.filter((run) => !running.includes(run)).map(({ queue_order = now }) => queue_order);
    const [oldest = now] = sinces.sort();
    const oldest_seconds = Math.max(0, (Date.parse(now) - Date.parse(oldest)) / 1000);
    return {
      waiting: queue.waiting + sinces.length,
      running: queue.running + running.length,
      stalled: queue.stalled + running.filter(({ lease_expires_at = now }) => lease_expires_at < now).length,
      oldest_seconds: Math.max(queue.oldest_seconds, oldest_seconds),
    };
  }

  override onSchedule(fire: (schedule_id: string) => Promise<void>): void {
    this.fire = fire;
  }

  override async schedule({ schedule_id, cron, every_seconds, first_at, timezone }: EngineSchedule): Promise<boolean> {
    if (!this.client || this.away !== undefined) return false;
    const name = this.workflowId(schedule_id);
    const queue = this.queueName();
    try {
      await this.client.schedule({
        ...{ schedule_id: name, workflow_id: name, queue, args: { schedule_id, schedule_queue: queue } },
        ...{ cron, every_ms: every_seconds === undefined ? undefined : every_seconds * 1000, first_at, timezone },
        within_ms: CALL_WITHIN_MS,
      });
      return true;
    } catch (error) {
      this.logger.debug({
        msg: 'a schedule could not be stored in Temporal; the platform polls it instead',
        err: error,
      });
      return false;
    }
  }

  override async unschedule(schedule_id: string): Promise<void> {
    try {
      await this.client?.unschedule({ schedule_id: this.workflowId(schedule_id), within_ms: CALL_WITHIN_MS });
    } catch (error) {
      this.logger.warn({
        msg: 'a schedule could not be removed from Temporal; it stays until it next fires',
        schedule_id,
        err: error,
      });
    }
  }

  /**
   * The activity: drives a run until it is parked or has ended. Runs that another process holds are looked at again when its lease
   * has expired.
   */
  async drive({ kind: name, run_id, trace, signal }: DriveCall): Promise<DriveResult> {
    if (this.isStopping) return { wait_ms: LEAVE_AFTER_MS };
    const lease = this.lease();
    let record = await this.runs.claimHanded({ run_id, kind: name }, lease);
    if (!record) {
      const seen = await this.runs.find(run_id);
      if (seen?.timer_of === undefined) return { over: true };
      const left_ms = Date.parse(seen.lease_expires_at ?? '') - this.clock.now().getTime();
      if (left_ms > 0) return { wait_ms: left_ms + LEASE_SLACK_MS };
      record = await this.runs.claimHanded(seen, lease);
      if (!record) return { again: true };
    }
    const traced = trace === undefined ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, { traceparent: trace });
    const end = await context.with(traced, () => this.driven(this.kind(name), record, lease, signal));
    if (end?.ending === 'done') return { over: true };
    if (end?.ending === 'lost') return { again: true };
    if (!end) return { wait_ms: LEAVE_AFTER_MS };
    return end.until === undefined ? {} : { wait_ms: Math.max(1, Date.parse(end.until) - this.clock.now().getTime()) };
  }

  /** @returns undefined when the drive was stopped and its steps do not end: its lease expires */
  private async driven(
    kind: WorkflowKind,
    record: DurableRun,
    lease: Lease,
    signal: AbortSignal,
  ): Promise<DriveEnd | undefined> {
    const { run_id } = record;
    const drive = new RunDrive(kind, record, lease, this.runs, this.clock);
    let end: DriveEnd | undefined;
    const over = kind
      .observe(run_id, async () => (end = await drive.drive()))
      .catch((error: unknown) => {
        this.logger.error({ msg: 'a run could not be observed', run_id, kind: kind.name, err: error });
      })
      .finally(() => {
        if (this.drives.get(run_id)?.drive === drive) this.drives.delete(run_id);
      });
    this.drives.set(run_id, { drive, kind: kind.name, over });
    if (this.isStopping) drive.stop(leaving());
    const stop = (): void => {
      drive.stop(signal.reason instanceof Error ? signal.reason : leaving());
    };
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    await Promise.race([over, afterAbort(signal)]);
    return end;
  }

  /** The first drive of a run that is bound to this process. Its workflow goes on with what is left of it. */
  private async driveBound(kind: WorkflowKind, record: DurableRun, lease: Lease): Promise<void> {
    const { run_id } = record;
    try {
      const end = await this.driven(kind, { ...record, timer_of: 'TEMPORAL' }, lease, new AbortController().signal);
      if (end?.ending === 'done')
        await this.client?.wake({ workflow_id: this.workflowId(run_id), within_ms: CALL_WITHIN_MS });
      else await this.unit.commit([this.runs.wake(run_id, this.clock.timestamp())]);
      this.look();
    } catch (error) {
      // It was ended meanwhile, or its workflow finds out when the lease has expired.
      this.logger.debug({ msg: 'the end of a run could not be reported to its workflow', run_id, err: error });
    }
  }

  private kind(name: string): WorkflowKind {
    const kind = this.byName.get(name);
    if (!kind) throw new Error(`The workflow kind ${name} is not registered`);
    return kind;
  }

  private lease(): Lease {
    return { token: this.ids.next('lease'), expires_at: this.after(this.settings.get('ENGINE_LEASE_SECONDS') * 1000) };
  }

  private after(ms: number): string {
    return new Date(this.clock.now().getTime() + ms).toISOString();
  }

  private renew(): void {
    const { expires_at } = this.lease();
    for (const { drive } of this.drives.values())
      drive.renew(expires_at).catch((error: unknown) => {
        this.logger.warn({ msg: 'a heartbeat failed', err: error });
      });
  }

  private async stopKind({ name, grace_ms }: WorkflowKind): Promise<void> {
    const own = (): Driven[] => [...this.drives.values()].filter(({ kind }) => kind === name);
    const allOver = (): Promise<unknown> => Promise.all(own().map(({ over }) => over));
    if (grace_ms > 0) await within(grace_ms, allOver());
    for (const { drive } of own()) drive.stop(leaving());
    await within(LEAVE_AFTER_MS, allOver());
  }

  private async check(): Promise<void> {
    if (this.isChecking) return;
    this.isChecking = true;
    try {
      await this.client?.check(CHECK_WITHIN_MS);
      this.away = undefined;
    } catch (error) {
      this.away = `Temporal does not respond at ${this.settings.get('TEMPORAL_ADDRESS')}`;
      this.logger.debug({ msg: this.away, err: error });
    } finally {
      this.isChecking = false;
    }
  }

  /** Hands over what is due; what fails is handed over by the next look. */
  private look(): void {
    if (!this.client || this.isStopping) return;
    this.mustLookAgain = this.looking !== undefined;
    if (this.looking) return;
    this.looking = this.handDue()
      .catch((error: unknown) => {
        this.logger.warn({ msg: 'due runs could not be listed; the next poll retries', err: error });
      })
      .finally(() => {
        this.looking = undefined;
        if (this.mustLookAgain) this.look();
      });
  }

  private async handDue(): Promise<void> {
    const work: Promise<void>[] = [];
    const now = this.clock.timestamp();
    for await (const run of this.runs.listHanded(now)) {
      const here = this.drives.get(run.run_id);
      if (here && here.drive.token === run.lease_token) here.drive.wake();
      // The process that holds it sees the same, or its lease expires.
      else if ((run.lease_expires_at ?? '') > now) continue;
      else if (work.push(this.limit(() => this.hand(run))) === HANDED_PER_LOOK) break;
    }
    await Promise.all(work);
  }

  private handNow(run: DurableRun): void {
    if (this.client && !this.isStopping) void this.limit(() => this.hand(run, false));
  }

  /** @param isDue the record says so: that is taken back when Temporal has the run. Else a claim takes it back. */
  private async hand(run: DurableRun, isDue = true): Promise<void> {
    const { run_id, ended_run_id, kind, org_id: organization, project_id, priority, traceparent } = run;
    try {
      if (ended_run_id !== undefined) {
        await this.client?.wake({ workflow_id: this.workflowId(ended_run_id), within_ms: CALL_WITHIN_MS });
        await this.runs.removeEndNotice(run);
        return;
      }
      await this.client?.ensure({
        workflow_id: this.workflowId(run_id),
        queue: this.queueName(),
        args: {
          ...{ kind, run_id, step_queue: this.queueName(kind), priority },
          lease_seconds: this.settings.get('ENGINE_LEASE_SECONDS'),
          ...(traceparent === undefined ? {} : { trace: traceparent }),
        },
        about: { organization, kind, ...(project_id === undefined ? {} : { project: project_id }) },
        within_ms: CALL_WITHIN_MS,
      });
      if (isDue) await this.runs.handed(run, this.clock.timestamp());
    } catch (error) {
      this.logger.debug({
        msg: 'a run could not be handed to Temporal; the next poll retries',
        run_id,
        err: error,
      });
    }
  }

  /** Runs whose process died before their workflow existed, or whose workflow was terminated while they ran. */
  private async reap(): Promise<void> {
    const before = this.after(-LEAVE_AFTER_MS);
    try {
      for (const kind of this.byName.keys())
        for (const run of await firstOf(this.runs.listOnTemporal(kind)))
          if ((run.lease_expires_at ?? before) < before) await this.limit(() => this.hand(run, false));
    } catch (error) {
      this.logger.warn({ msg: 'abandoned runs could not be listed; the next poll retries', err: error });
    }
  }

  /** Keeps workers running while the process lives. */
  private async work(sdk: TemporalSdk): Promise<void> {
    while (!this.isStopping) {
      try {
        const otlp = this.settings.get('OTEL_EXPORTER_OTLP_ENDPOINT');
        const workers = await sdk.startWorkers({
          ...this.target(),
          queue: this.queueName(),
          lanes: [...this.byName.values()]
            .filter(({ slots }) => slots > 0)
            .map(({ name, slots }) => ({ step_queue: this.queueName(name), slots: Math.min(slots, UNBOUNDED_SLOTS) })),
          bundle_file: BUNDLE_FILE,
          cached: this.settings.get('TEMPORAL_CACHED_WORKFLOWS'),
          lease_seconds: this.settings.get('ENGINE_LEASE_SECONDS'),
          log: (message, error) => {
            this.logger.warn({ msg: `Temporal: ${message}`, err: error });
          },
          metrics: {
            address: this.settings.get('TEMPORAL_METRICS_ADDRESS'),
            otlp_url: otlp === undefined ? undefined : `${otlp.replace(/\/$/, '')}/v1/metrics`,
          },
          drive: (call) => this.drive(call),
          fire: async ({ schedule_id }) => this.fire?.(schedule_id),
        });
        this.workers = workers;
        if (this.isStopping) workers.leave();
        await workers.failed;
      } catch (error) {
        if (this.isStopping) return;
        this.logger.warn({ msg: 'the Temporal workers stopped and are being restarted', err: error });
        this.workers?.leave();
        await delay(CHECK_MS, undefined, { ref: false });
      }
    }
  }

  /** The same for every process of an environment, whatever engine began. */
  private workflowId(id: string): string {
    return `${this.settings.get('NEXUS_TABLE_PREFIX')}${id}`;
  }

  private queueName(kind?: string): string {
    const prefix = `${this.settings.get('TEMPORAL_TASK_QUEUE')}`;
    return kind === undefined ? prefix : `${prefix}-${kind}`;
  }

  private target(): TemporalTarget {
    const { settings } = this;
    const crt = settings.get('TEMPORAL_TLS_CERT_FILE');
    const key = settings.get('TEMPORAL_TLS_KEY_FILE');
    const ca = settings.get('TEMPORAL_TLS_CA_FILE');
    const api_key = settings.get('TEMPORAL_API_KEY');
    const hasFiles = ca !== undefined || (crt !== undefined && key !== undefined);
    const tls = hasFiles
      ? {
          ...(ca === undefined ? {} : { serverRootCACertificate: readFileSync(ca) }),
          ...(crt === undefined || key === undefined
            ? {}
            : { clientCertPair: { crt: readFileSync(crt), key: readFileSync(key) } }),
        }
      : settings.get('TEMPORAL_TLS') || api_key !== undefined
        ? (true as const)
        : undefined;
    return {
      address: settings.get('TEMPORAL_ADDRESS'),
      namespace: settings.get('TEMPORAL_NAMESPACE'),
      ...(tls === undefined ? {} : { tls }),
      ...(api_key === undefined ? {} : { api_key }),
    };
  }
}

const leaving = (): Error => new Error('The process is shutting down');

function every(ms: number, act: () => void): NodeJS.Timeout {
  return setInterval(act, ms).unref();
}

async function firstOf(all: AsyncIterable<DurableRun>): Promise<DurableRun[]> {
  const first: DurableRun[] = [];
  for await (const one of all) if (first.push(one) === COUNTED) break;
  return first;
}

function within(ms: number, work: Promise<unknown>): Promise<unknown> {
  return Promise.race([work, delay(ms, undefined, { ref: false })]);
}

/** Resolves when the signal has been aborted and what runs has had a moment to end by itself. */
function afterAbort(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const leave = (): void => {
      setTimeout(resolve, LEAVE_AFTER_MS).unref();
    };
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  });
}
