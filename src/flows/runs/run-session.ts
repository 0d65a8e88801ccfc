import { LRUCache } from 'lru-cache';
import { type Fence, RunLostError } from '../../engine/workflow-kind.js';
import { NotCommittedError, type UnitOfWork, type Write } from '../../platform/database/unit-of-work.js';
import type { Clock } from '../../shared/clock.js';
import { secretValues } from '../../shared/secret-values.js';
import type { FlowStep } from '../definition/definition.js';
import type { RunnableFlow } from '../flows.service.js';
import {
  type FlowRun,
  keyOf,
  type RunEvent,
  runKeyOf,
  type RunState,
  type StepRecord,
  type StoredValue,
} from './flow-run.js';
import type { FlowRunsRepository } from './flow-runs.repository.js';
import { nextOf, type RunDecision } from './interpreter.js';

/** Most changes that one transaction takes; each is a few writes, and a transaction holds 100. */
const CHANGES_PER_COMMIT = 20;
const WRITES_PER_COMMIT = 80;
/** Values of one run that are kept in memory while it is driven. */
const CACHED_CHARACTERS = 8_000_000;
export const VALUE_MAX_BYTES = 1_000_000;

/** A value that cannot be stored. */
export class ValueTooLargeError extends Error {
  constructor(bytes: number) {
    super(`The value has ${bytes} bytes; the limit is ${VALUE_MAX_BYTES}`);
    this.name = 'ValueTooLargeError';
  }
}

/** What one action has changed. Stored in one transaction, with the changes of others that end at the same time. */
export interface Change {
  step?: StepRecord;
  /** Stored apart from the record, before or with it. */
  writes?: Write[];
  run?: Partial<FlowRun>;
  events: Omit<RunEvent, 'id' | 'at'>[];
  /** Ends the run for the engine. */
  ends?: boolean;
}

interface WaitingChange {
  change: Change;
  fence: Fence;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * A run while this process drives it: its state in memory, and the only way to change it. Changes of steps that end at the same
 * time are stored in one transaction, under the engine's fence, in the order of their events.
 */
export class RunSession {
  readonly run_key: string;
  private readonly values = new LRUCache<string, { value: unknown }>({
    maxSize: CACHED_CHARACTERS,
    sizeCalculation: ({ value }) => Math.max(1, JSON.stringify(value)?.length ?? 1),
  });
  private readonly waiting: WaitingChange[] = [];
  private isStoring = false;
  private failure: Error | undefined;
  /** Undefined until it has been read. */
  private lastEvent: number | undefined;
  /** Signals that a step has taken whose change is not stored yet. */
  readonly takenSignals = new Set<string>();

  constructor(
    readonly state: RunState,
    readonly flow: RunnableFlow,
    private readonly repository: FlowRunsRepository,
    private readonly unit: UnitOfWork,
    private readonly clock: Clock,
  ) {
    this.run_key = runKeyOf(state.run);
  }

  /** A change could not be stored: what is in memory is ahead of the table, so the state has to be read again. */
  get isBroken(): boolean {
    return this.failure !== undefined;
  }

  get run(): FlowRun {
    return this.state.run;
  }

  next(now: Date): RunDecision {
    return nextOf(this.flow.graph, this.state, now);
  }

  /** Resolves when the change is stored. @throws RunLostError when another process has the run; DatabaseError */
  commit(fence: Fence, change: Change): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ change, fence, resolve, reject });
      if (!this.isStoring) void this.storeAll();
    });
  }

  /** Prepares a value for a record: secrets are masked, a large value is stored apart. @throws ValueTooLargeError */
  prepare(name: string, value: unknown): { stored: StoredValue; writes: Write[] } {
    const masked = secretValues.maskDeep(value ?? null);
    const bytes = Buffer.byteLength(JSON.stringify(masked) ?? '');
    if (bytes > VALUE_MAX_BYTES) throw new ValueTooLargeError(bytes);
    this.values.set(name, { value: masked });
    return this.repository.prepareValue(this.run_key, name, masked);
  }

  /** The value of a record, from memory where it is there. @param name as it was prepared */
  async value(name: string, stored: StoredValue | null | undefined): Promise<unknown> {
    if (!stored) return null;
    const known = this.values.get(name);
    if (known) return known.value;
    const value = await this.repository.readValue(this.run_key, name, stored);
    this.values.set(name, { value });
    return value;
  }

  record(key: string): StepRecord | undefined {
    return this.state.steps.get(key);
  }

  /**
   * What the expressions of a step see. Only the results that are named are read.
   * @param names ids of steps; each is looked up for the items around it
   */
  async context(
    names: Iterable<string>,
    items: readonly number[],
    step: FlowStep | null,
  ): Promise<Record<string, unknown>> {
    const { run } = this;
    const steps: Record<string, unknown> = {};
    for (const id of names) steps[id] = await this.result(id, items);
    return {
      input: await this.value('RUN#input', run.input),
      run: {
        ...{ id: run.run_id, flow_id: run.flow_id, version: run.flow_version, trigger: run.trigger.kind },
        ...{ started_at: run.started_at ?? run.created_at, dry_run: run.dry_run },
      },
      now: this.clock.timestamp(),
      steps,
      ...(step && items.length > 0 ? await this.item(step, items) : {}),
    };
  }

  private async result(id: string, items: readonly number[]): Promise<unknown> {
    const { loops } = this.flow.graph.get(id).scope;
    const key = keyOf(id, items.slice(0, loops));
    const record = this.state.steps.get(key);
    const output = record ? await this.value(`${key}#output`, record.output) : null;
    return { output, error: record?.error ?? null, status: record?.status ?? 'skipped' };
  }

  /** The item and its number in the innermost `for_each` around a step. */
  private async item(step: FlowStep, items: readonly number[]): Promise<Record<string, unknown>> {
    let { scope } = this.flow.graph.get(step.id);
    while (scope.owner && !scope.owner.for_each && scope.parent) scope = scope.parent;
    const index = items.at(-1) ?? 0;
    if (!scope.owner) return {};
    const key = keyOf(scope.owner.id, items.slice(0, scope.loops - 1));
    const list = await this.value(`${key}#input`, this.state.steps.get(key)?.input);
    return { item: Array.isArray(list) ? ((list as unknown[])[index] ?? null) : null, index };
  }

  private async storeAll(): Promise<void> {
    this.isStoring = true;
    // Steps that end in the same turn of the event loop are stored together.
    await Promise.resolve();
    while (this.waiting.length > 0) await this.storeSome();
    this.isStoring = false;
  }

  private async storeSome(): Promise<void> {
    const batch = this.takeBatch();
    try {
      if (this.failure) throw this.failure;
      await this.store(batch);
      for (const { resolve } of batch) resolve();
    } catch (error) {
      this.failure ??= error instanceof Error ? error : new Error(String(error));
      for (const { reject } of batch) reject(error);
    }
  }

  private takeBatch(): WaitingChange[] {
    let writes = 0;
    let count = 0;
    for (const { change } of this.waiting) {
      writes += 1 + (change.writes?.length ?? 0);
      // The end of a run stands alone: its fence is another one.
      if (count > 0 && (writes > WRITES_PER_COMMIT || count === CHANGES_PER_COMMIT || change.ends)) break;
      count += 1;
      if (change.ends) break;
    }
    return this.waiting.splice(0, count);
  }

  private async store(batch: WaitingChange[]): Promise<void> {
    const [first] = batch;
    if (!first) return;
    const now = this.clock.now();
    const before = JSON.stringify(this.state.run);
    for (const { change } of batch) this.apply(change);
    const events = await this.numbered(batch, now);
    const isChanged = this.followStatus(now, events) || JSON.stringify(this.state.run) !== before;
    const steps = new Map(batch.flatMap(({ change: { step } }) => (step ? [[step.key, step] as const] : [])));
    const writes = [
      ...(first.change.ends ? first.fence.ends() : first.fence.holds()),
      ...batch.flatMap(({ change }) => change.writes ?? []),
      ...[...steps.values()].map((step) => this.repository.stepWrite(this.run_key, step)),
      ...(isChanged ? [this.repository.runWrite(this.state.run)] : []),
      ...(events.length > 0 ? [this.repository.eventsWrite(this.run_key, events, now)] : []),
    ];
    await this.unit.commit(writes).catch((error: unknown) => {
      throw error instanceof NotCommittedError && error.refused.size > 0
        ? new RunLostError(this.run_key)
        : (error as Error);
    });
  }

  private apply({ step, run }: Change): void {
    if (step) this.state.steps.set(step.key, step);
    if (run) Object.assign(this.state.run, run);
  }

  /** The status that follows from the new state. @returns whether it has changed */
  private followStatus(now: Date, events: RunEvent[]): boolean {
    const { run } = this.state;
    const { status, ending, is_over } = this.next(now);
    if (is_over) return true;
    if (status === run.status && (ending === null || run.ending !== null)) return false;
    if (status !== run.status)
      events.push({
        ...{ id: this.eventId(), type: 'run.status', at: now.toISOString(), data: { status } },
      });
    Object.assign(run, { status, ending: run.ending ?? ending });
    return true;
  }

  private async numbered(batch: WaitingChange[], now: Date): Promise<RunEvent[]> {
    this.lastEvent ??= await this.repository.lastEvent(this.run_key);
    return batch.flatMap(({ change }) =>
      change.events.map((event) => ({ ...event, id: this.eventId(), at: now.toISOString() })),
    );
  }

  private eventId(): number {
    this.lastEvent = (this.lastEvent ?? 0) + 1;
    return this.lastEvent;
  }
}
