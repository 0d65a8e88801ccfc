import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Engine } from '../../engine/engine.js';
import { UnitOfWork, type Write } from '../../platform/database/unit-of-work.js';
import { RequestContext } from '../../platform/observability/request-context.js';
import { Clock } from '../../shared/clock.js';
import {
  DomainError,
  IdempotencyMismatchError,
  InvalidStateError,
  ValidationError,
} from '../../shared/domain-error.js';
import { Ids } from '../../shared/ids.js';
import { secretValues } from '../../shared/secret-values.js';
import { InputCheck } from '../../tools/tool-workers.js';
import { ToolError } from '../../tools/tool.js';
import type { FlowDefinition } from '../definition/definition.js';
import { DefinitionWorkers } from '../definition/definition-workers.js';
import { ExpressionError } from '../definition/expressions.js';
import { FlowsService } from '../flows.service.js';
import {
  FLOW_RUN_KIND,
  type FlowRun,
  runKeyOf,
  type StepRecord,
  type StoredValue,
  type TriggerKind,
} from './flow-run.js';
import { FlowRunControl } from './flow-run-control.service.js';
import { FlowRunsRepository, hashOf as keyHashOf, lockKeyOf } from './flow-runs.repository.js';
import type { RunSession } from './run-session.js';

const DEPTH_MAX = 5;

export interface StartWish {
  org_id: string;
  user_id: string;
  /** The API key whose budget the run's agents count on; absent: that of the request that is being served. */
  key_id?: string | undefined;
  flow_id: string;
  version?: number | undefined;
  input?: Record<string, unknown> | undefined;
  /** Requests with the same key return the same run for 30 days. */
  idempotency_key?: string | undefined;
  trigger: { kind: TriggerKind; id: string | null };
  dry_run?: boolean | undefined;
  max_cost_usd?: number | undefined;
  parent?: FlowRun['parent'];
  depth?: number;
  /** Runs with the same key wait for each other, if the flow has no concurrency key of its own. */
  queue_key?: string;
}

export interface StartedRun {
  run: FlowRun;
  /** False when the idempotency key named a run that exists. */
  is_new: boolean;
}

/** A key that a run has already, or a lock that another run holds. */
class TakenError extends Error {
  constructor(readonly what: 'key' | 'lock') {
    super(`The ${what} is taken`);
  }
}

/** Starts runs. A run is accepted when it is stored together with the engine's own record of it. */
@Injectable()
export class FlowRunStarts {
  constructor(
    private readonly flows: FlowsService,
    private readonly repository: FlowRunsRepository,
    private readonly control: FlowRunControl,
    private readonly engine: Engine,
    private readonly unit: UnitOfWork,
    private readonly inputs: InputCheck,
    private readonly workers: DefinitionWorkers,
    private readonly context: RequestContext,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /**
   * @param also stored in the same transaction
   * @throws FlowNotFoundError, FlowNotPublishedError, ValidationError for an input that does not fit, IdempotencyMismatchError,
   * InvalidStateError for a sixth flow above and below each other
   */
  async start(wish: StartWish, also: Write[] = []): Promise<StartedRun> {
    const { org_id, flow_id, version, idempotency_key, depth = 0, trigger } = wish;
    if (depth >= DEPTH_MAX && trigger.kind !== 'event')
      throw new InvalidStateError(`Flows and agents call each other more than ${DEPTH_MAX} levels deep`, {
        details: { flow_id, depth },
        suggestion: 'Remove the step or the tool that calls the flow again.',
      });
    const { version: published } = await this.flows.newestRunnable(org_id, flow_id, version);
    const { definition } = published;
    const input = secretValues.maskDeep(wish.input ?? {});
    await this.requireInput(org_id, definition, input);
    const run = this.newRun(wish, published.version, definition);
    const lock = await this.lockOf(run, definition, input, wish.queue_key);
    const stored = this.repository.prepareValue(runKeyOf(run), 'RUN#input', input);
    const keyHash = idempotency_key === undefined ? {} : { idempotency_hash: keyHashOf(idempotency_key) };
    const whole: FlowRun = { ...run, input: stored.stored, lock, ...keyHash };
    const hash = hashOf(input);
    const keyed =
      idempotency_key === undefined
        ? []
        : [this.repository.keyWrite(whole, idempotency_key, hash, this.clock.now(), () => new TakenError('key'))];
    try {
      const writes = [...stored.writes, ...keyed, ...also];
      if (definition.concurrency?.policy === 'cancel_running' && lock) await this.cancelOthers(org_id, lock.key);
      return { run: await this.store(whole, writes, definition), is_new: true };
    } catch (error) {
      if (!(error instanceof TakenError) || idempotency_key === undefined) throw error;
      return { run: await this.remembered(wish, idempotency_key, hash), is_new: false };
    }
  }

  /** The run of a `flow` step. Starting it again, after a crash, gives the same run. */
  async startChild(
    { run, state }: RunSession,
    key: string,
    wish: Pick<StartWish, 'flow_id' | 'version' | 'input'>,
  ): Promise<Partial<StepRecord>> {
    const { org_id, user_id, key_id, run_id, dry_run, depth, retries, max_cost_usd, cost_usd } = run;
    const promised = [...state.steps.values()].reduce(
      (sum, { status, allowance_usd = 0 }) => sum + (status === 'waiting' ? allowance_usd : 0),
      0,
    );
    const allowance_usd = max_cost_usd === null ? undefined : Math.max(0, max_cost_usd - cost_usd - promised);
    const { run: child } = await this.start({
      ...{ ...wish, org_id, user_id, key_id, dry_run, parent: { run_id, key }, depth: depth + 1 },
      idempotency_key: `flow-step ${run_id} ${key} ${retries}`,
      trigger: { kind: 'flow', id: run_id },
      ...(allowance_usd === undefined ? {} : { max_cost_usd: allowance_usd }),
    });
    return { child_run_id: child.run_id, ...(allowance_usd === undefined ? {} : { allowance_usd }) };
  }

  outputOf(org_id: string, run_id: string, stored: StoredValue): Promise<unknown> {
    return this.repository.readValue(runKeyOf({ org_id, run_id }), 'RUN#output', stored);
  }

  private newRun(wish: StartWish, flow_version: number, { timeout_seconds, max_cost_usd }: FlowDefinition): FlowRun {
    const { org_id, user_id, flow_id, trigger, dry_run = false, parent = null, depth = 0 } = wish;
    const key_id = wish.key_id ?? this.context.current()?.key_id;
    const now = this.clock.now();
    const limits = [wish.max_cost_usd, max_cost_usd].filter((limit) => limit !== undefined);
    return {
      ...{ run_id: this.ids.next('frun'), org_id, user_id, flow_id, flow_version, status: 'queued', trigger },
      ...(key_id === undefined ? {} : { key_id }),
      ...{ input: { value: {} }, output: null, error: null, cost_usd: 0, dry_run, parent, depth, retries: 0 },
      ...{ max_cost_usd: limits.length === 0 ? null : Math.min(...limits), is_paused: false, cancel: null, lock: null },
      ...{ created_at: now.toISOString(), started_at: null, ended_at: null, ending: null },
      deadline_at: new Date(now.getTime() + (timeout_seconds ?? 86_400) * 1000).toISOString(),
    };
  }

  private async requireInput(org_id: string, { input_schema }: FlowDefinition, input: object): Promise<void> {
    if (!input_schema) return;
    try {
      await this.inputs.require('the flow', input_schema, input, org_id);
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      throw ValidationError.field('input', `does not fit the input schema of the flow: ${error.message}`);
    }
  }

  private async lockOf(
    run: FlowRun,
    { concurrency }: FlowDefinition,
    input: unknown,
    queue_key: string | undefined,
  ): Promise<FlowRun['lock']> {
    if (run.dry_run) return null;
    if (!concurrency)
      return queue_key === undefined ? null : { key: lockKeyOf(run.org_id, run.flow_id, queue_key), held: false };
    try {
      const context = { input, now: run.created_at, run: { id: run.run_id, trigger: run.trigger.kind } };
      const key = await this.workers.render(run.org_id, concurrency.key, context);
      return { key: lockKeyOf(run.org_id, run.flow_id, JSON.stringify(key)), held: false };
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      throw ValidationError.field('input', `does not yield a concurrency key: ${error.message}`);
    }
  }

  private async store(run: FlowRun, writes: Write[], { concurrency }: FlowDefinition): Promise<FlowRun> {
    const { lock } = run;
    if (!lock) return this.commit(run, writes);
    if (concurrency?.policy !== 'skip') return this.commit(run, [...writes, this.repository.queueWrite(lock.key, run)]);
    try {
      const holder = this.repository.holderWrite(lock.key, run, () => new TakenError('lock'));
      return await this.commit({ ...run, lock: { ...lock, held: true } }, [...writes, holder]);
    } catch (error) {
      if (!(error instanceof TakenError) || error.what !== 'lock') throw error;
      const skipped: FlowRun = {
        ...{ ...run, lock: null, status: 'cancelled', ended_at: run.created_at },
        error: { code: 'SKIPPED', message: 'Another run with the same concurrency key is in progress' },
      };
      await this.unit.commit([this.repository.runWrite(skipped, true), ...writes, this.createdEvent(skipped)]);
      return skipped;
    }
  }

  private async commit(run: FlowRun, writes: Write[]): Promise<FlowRun> {
    const plan = this.engine.plan({
      ...{ kind: FLOW_RUN_KIND, run_id: runKeyOf(run), org_id: run.org_id },
      is_accepted: run.parent !== null,
    });
    try {
      const own = [this.repository.runWrite(run, true), this.createdEvent(run)];
      await this.unit.commit([...own, ...writes, ...plan.writes]);
    } catch (error) {
      plan.abandoned();
      throw error;
    }
    plan.committed();
    return run;
  }

  private createdEvent(run: FlowRun): Write {
    const { flow_id, flow_version, trigger, created_at, run_id, status } = run;
    const data = { run_id, flow_id, flow_version, trigger };
    const created = { id: 1, type: 'run.created' as const, at: created_at, data };
    const skipped = { id: 2, type: 'run.ended' as const, at: created_at, data: { status, error: run.error } };
    const events = status === 'cancelled' ? [created, skipped] : [created];
    return this.repository.eventsWrite(runKeyOf(run), events, this.clock.now());
  }

  private async remembered({ org_id, flow_id }: StartWish, key: string, hash: string): Promise<FlowRun> {
    const known = await this.repository.findByKey(org_id, flow_id, key);
    const run = known && (await this.repository.findRun(org_id, known.run_id));
    if (!known || !run)
      throw new InvalidStateError('The run with this idempotency key was deleted', {
        details: { key },
        suggestion: 'Use a new idempotency key to start another run.',
      });
    if (known.input_hash === hash) return run;
    throw new IdempotencyMismatchError('The idempotency key was already used with a different input', {
      details: { idempotency_key: key, run_id: known.run_id },
    });
  }

  private async cancelOthers(org_id: string, lock: string): Promise<void> {
    const { holder, waiting } = await this.repository.lockState(lock);
    const others = new Set([...(holder === undefined ? [] : [holder]), ...waiting]);
    for (const run_id of others) {
      const wish = { reason: 'A newer run with the same concurrency key started', compensate: true, by: 'concurrency' };
      await this.control.cancel(org_id, run_id, wish).catch((error: unknown) => {
        // It has ended meanwhile.
        if (!(error instanceof DomainError) || error.code === 'DATABASE_ERROR') throw error;
      });
    }
  }
}

/** Of the same data with its fields in another order, the same. */
function hashOf(input: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(input)))
    .digest('hex');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, inner]) => [name, sorted(inner)]));
}
