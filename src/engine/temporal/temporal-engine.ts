import { readFileSync } from 'node:fs';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Settings } from '../../platform/config/settings.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { Clock } from '../../shared/clock.js';
import { Ids } from '../../shared/ids.js';
import { type DurableRun, DurableRunsRepository } from '../durable-runs.repository.js';
import { EmbeddedEngine } from '../embedded/embedded-engine.js';
import {
  Engine,
  type EngineChange,
  EngineUnavailableError,
  type NewRun,
  type RunPlan,
  type RunQueue,
} from '../engine.js';
import { type Fence, RunLostError, type WorkflowKind } from '../workflow-kind.js';
import {
  loadTemporalSdk,
  type StepCall,
  type TemporalClient,
  type TemporalDecision,
  type TemporalSdk,
  type TemporalTarget,
  type TemporalWorkers,
} from './temporal-sdk.js';

const DEFAULT_PRIORITY = 5;
const LOOK_MS = 1_000;
const CHECK_MS = 2_000;
const CALL_WITHIN_MS = 5_000;
const HANDED_AT_ONCE = 100;
/** How long a step that is stopped may take to end. */
const LEAVE_AFTER_MS = 1_000;

/**
 * Runs durable runs on a Temporal cluster. The record in `DurableRuns` is the outbox: what is due in it is handed to Temporal,
 * which starts the generic workflow of the run or wakes it. Each step claims the run for itself, so a step that Temporal has
 * given up cannot store its result any more. Kinds that are bound to their process, and runs that were accepted by the
 * embedded engine, stay with that engine.
 */
@Injectable()
export class TemporalEngine extends Engine implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(TemporalEngine.name);
  private readonly byName = new Map<string, WorkflowKind>();
  private readonly steps = new Map<string, Set<AbortController>>();
  /** Steps of each kind that this process runs. */
  private readonly stepsHere = new Map<string, number>();
  private readonly isOn: boolean;
  private client: TemporalClient | undefined;
  private workers: TemporalWorkers | undefined;
  private looks: NodeJS.Timeout[] = [];
  private looking: Promise<void> | undefined;
  private isStopping = false;
  /** Why the cluster cannot be reached; undefined when it can. */
  private away: string | undefined = 'The connection has not been made yet';

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
    this.looks = [
      setInterval(() => void this.check(), CHECK_MS).unref(),
      setInterval(() => {
        this.handOver();
      }, LOOK_MS).unref(),
    ];
    await connected;
  }

  async onModuleDestroy(): Promise<void> {
    this.isStopping = true;
    for (const look of this.looks) clearInterval(look);
    for (const running of this.steps.values())
      for (const stopping of running) stopping.abort(new Error('The process is shutting down'));
    await this.looking;
    await this.workers?.stop();
    await this.client?.close();
  }

  override plan(run: NewRun): RunPlan {
    if (this.kind(run.kind).slots === Number.POSITIVE_INFINITY) return this.embedded.plan(run);
    if (this.outage !== undefined) throw new EngineUnavailableError(this.outage);
    if (this.away !== undefined) return this.embedded.plan(run);
    const { kind, run_id, org_id, priority = DEFAULT_PRIORITY } = run;
    const created_at = this.clock.timestamp();
    const record: DurableRun = {
      run_id,
      kind,
      org_id,
      engine: 'temporal',
      priority,
      created_at,
      wakes: 0,
      failures: 0,
    };
    return {
      engine: 'temporal',
      starts_now: false,
      writes: [this.runs.handedCreation(record)],
      committed: () => this.handOver(),
      abandoned: () => undefined,
    };
  }

  override wake(run: Pick<NewRun, 'kind' | 'run_id'>): EngineChange {
    const change = this.embedded.wake(run);
    return {
      ...change,
      committed: () => {
        change.committed();
        this.handOver();
      },
    };
  }

  override end(run_id: string): EngineChange {
    const end = this.embedded.end(run_id);
    return {
      ...end,
      committed: () => {
        end.committed();
        for (const stopping of this.steps.get(run_id) ?? []) stopping.abort(new RunLostError(run_id));
      },
    };
  }

  override has(run_id: string): Promise<boolean> {
    return this.embedded.has(run_id);
  }

  override running(kind: string): number {
    return this.embedded.running(kind) + (this.stepsHere.get(kind) ?? 0);
  }

  /** Runs on Temporal count as running: its server knows which of them wait for a worker. */
  override async queue(kind: string): Promise<RunQueue> {
    const [queue, handed] = await Promise.all([this.embedded.queue(kind), this.runs.countHanded(kind)]);
    return { ...queue, running: queue.running + handed };
  }

  /** The activity that asks a kind what is next. */
  async decide({ kind, run_id }: { kind: string; run_id: string }): Promise<TemporalDecision> {
    const record = await this.runs.find(run_id);
    if (record?.engine !== 'temporal') return { do: 'done' };
    const workflow = this.kind(kind);
    const run = await workflow.load(run_id);
    const decision = run === undefined ? ({ do: 'done' } as const) : workflow.next(run, this.clock.now());
    if (decision.do === 'done') {
      await this.unit.commit([this.runs.removal(run_id)]);
      await workflow.observe(run_id, async () => ({ ending: 'done', run }));
      return { do: 'done' };
    }
    return decision.do === 'run' ? { ...decision, steps: decision.steps.map(({ id }) => id) } : decision;
  }

  /** The activity that runs a step. */
  async runStep({ kind, run_id, step_id, signal, attempt, heartbeat }: StepCall): Promise<void> {
    const workflow = this.kind(kind);
    const token = this.ids.next('lease');
    if (!(await this.runs.claimStep(run_id, step_id, token))) return;
    const run = await workflow.load(run_id);
    const decision = run === undefined ? undefined : workflow.next(run, this.clock.now());
    const step = decision?.do === 'run' ? decision.steps.find(({ id }) => id === step_id) : undefined;
    // Its result was stored by an earlier try whose answer was lost.
    if (run === undefined || !step) return;
    const stopping = new AbortController();
    const running = this.steps.get(run_id) ?? new Set();
    this.steps.set(run_id, running.add(stopping));
    this.stepsHere.set(kind, (this.stepsHere.get(kind) ?? 0) + 1);
    let hasEnded = false;
    const fence: Fence = {
      holds: () => {
        hasEnded = false;
        return [this.runs.stepHolds(run_id, step_id, token)];
      },
      ends: () => {
        hasEnded = true;
        return [this.runs.stepEnds(run_id, step_id, token)];
      },
    };
    const any = AbortSignal.any([signal, stopping.signal]);
    try {
      const work = workflow.runStep(run, step, { signal: any, fence, attempt, heartbeat });
      // A step that ignores its signal is left behind: the fence refuses what it still stores.
      const after = await Promise.race([work, rejectedBy(any)]);
      if (hasEnded) await workflow.observe(run_id, async () => ({ ending: 'done', run: after ?? run }));
      else await this.runs.releaseStep(run_id, step_id, token);
    } catch (error) {
      const { reason } = stopping.signal as { reason: unknown };
      if (!(error instanceof RunLostError || reason instanceof RunLostError)) throw error;
      await workflow.observe(run_id, async () => ({ ending: 'lost', run }));
    } finally {
      running.delete(stopping);
      if (running.size === 0) this.steps.delete(run_id);
      this.stepsHere.set(kind, (this.stepsHere.get(kind) ?? 1) - 1);
    }
  }

  private kind(name: string): WorkflowKind {
    const kind = this.byName.get(name);
    if (!kind) throw new Error(`The workflow kind ${name} is not registered`);
    return kind;
  }

  private async check(): Promise<void> {
    try {
      await this.client?.check(CHECK_MS);
      this.away = undefined;
    } catch (error) {
      this.away = `Temporal does not answer at ${this.settings.get('TEMPORAL_ADDRESS')}`;
      this.logger.debug({ msg: this.away, err: error });
    }
  }

  /** Hands what is due to Temporal; what fails is handed over by the next look. */
  private handOver(): void {
    if (!this.client || this.isStopping || this.looking) return;
    this.looking = this.handDue(this.client)
      .catch((error: unknown) => {
        this.logger.warn({ msg: 'runs could not be handed to Temporal, the next look tries again', err: error });
      })
      .finally(() => {
        this.looking = undefined;
      });
  }

  private async handDue(client: TemporalClient): Promise<void> {
    const due: DurableRun[] = [];
    for await (const run of this.runs.listHanded(this.clock.timestamp())) if (due.push(run) === HANDED_AT_ONCE) break;
    await Promise.all(
      due.map(async (run) => {
        const { kind, run_id } = run;
        await client.ensure({
          workflow_id: `${this.settings.get('NEXUS_TABLE_PREFIX')}${kind}/${run_id}`,
          queue: this.queueName(),
          args: {
            kind,
            run_id,
            step_queue: this.queueName(kind),
            lease_seconds: this.settings.get('ENGINE_LEASE_SECONDS'),
          },
          within_ms: CALL_WITHIN_MS,
        });
        await this.runs.handed(run);
      }),
    );
  }

  /** Keeps workers running while the process lives. */
  private async work(sdk: TemporalSdk): Promise<void> {
    while (!this.isStopping) {
      try {
        this.workers = await sdk.startWorkers({
          ...this.target(),
          queue: this.queueName(),
          lanes: [...this.byName.values()]
            .filter(({ slots }) => slots > 0 && slots !== Number.POSITIVE_INFINITY)
            .map(({ name, slots }) => ({ step_queue: this.queueName(name), slots })),
          cached: this.settings.get('TEMPORAL_CACHED_WORKFLOWS'),
          lease_seconds: this.settings.get('ENGINE_LEASE_SECONDS'),
          log: (message, error) => {
            this.logger.warn({ msg: `Temporal: ${message}`, err: error });
          },
          decide: (run) => this.decide(run),
          runStep: (call) => this.runStep(call),
        });
        await this.workers.failed;
      } catch (error) {
        if (this.isStopping) return;
        this.logger.warn({ msg: 'the Temporal workers stopped and are started again', err: error });
        await new Promise((resolve) => setTimeout(resolve, CHECK_MS).unref());
      }
    }
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

/** Rejects when the signal is aborted, after what runs has had a moment to end by itself. */
function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const leave = (): void => {
      setTimeout(() => {
        reject(signal.reason instanceof Error ? signal.reason : new Error('The step was stopped'));
      }, LEAVE_AFTER_MS).unref();
    };
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  });
}
