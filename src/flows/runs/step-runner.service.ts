import { Injectable } from '@nestjs/common';
import pLimit from 'p-limit';
import { RunLostError, type StepRun } from '../../engine/workflow-kind.js';
import { Clock } from '../../shared/clock.js';
import { type FlowStep, kindOf, type Retry, STEP_KINDS } from '../definition/definition.js';
import { DefinitionWorkers } from '../definition/definition-workers.js';
import { analysisOf, bareExpression, ExpressionError, expressionsIn } from '../definition/expressions.js';
import { ControlSteps, type ControlOutcome } from './control-steps.service.js';
import {
  EXTERNAL_KINDS,
  ExternalSteps,
  type ExternalKind,
  type ExternalWork,
  StepFailure,
  type WorkResult,
} from './external-steps.service.js';
import { type Attempt, type CompensationRecord, type RunError, type StepRecord } from './flow-run.js';
import { mayWrite, type RunAction } from './interpreter.js';
import { type Change, type RunSession, ValueTooLargeError } from './run-session.js';

type Begin = RunAction & { do: 'begin' };
type Settle = RunAction & { do: 'settle' };
type Compensate = RunAction & { do: 'compensate' };

/** An attempt of each kind takes at most this long unless the step says otherwise, in seconds. */
const TIMEOUT_SECONDS: Record<ExternalKind, number> = {
  call: 30,
  tool: 30,
  agent: 600,
  http: 30,
  code: 10,
  webhook: 30,
};
const ONCE: Retry = { max_attempts: 1, initial_seconds: 1, factor: 1, max_seconds: 1, jitter: false };
/** What was done must be undone if at all possible. */
const COMPENSATION_RETRY: Retry = { max_attempts: 5, initial_seconds: 1, factor: 2, max_seconds: 60, jitter: true };
/** A step whose process died so often would take the next one down as well. */
const INTERRUPTIONS_MAX = 5;

/** Runs single steps of a run and stores what came of them. */
@Injectable()
export class StepRunner {
  /** In a run with a budget, agents run one at a time: each may use what those before it have left. */
  private readonly turns = new WeakMap<RunSession, ReturnType<typeof pLimit>>();

  constructor(
    private readonly control: ControlSteps,
    private readonly external: ExternalSteps,
    private readonly workers: DefinitionWorkers,
    private readonly clock: Clock,
  ) {}

  /** The first attempt of a step, or the next one. */
  async begin(session: RunSession, action: Begin, run: StepRun): Promise<void> {
    const { key, step, items } = action;
    const before = session.record(key);
    const record = recordOf(action, before);
    try {
      if (!before && !(await this.isWanted(session, step, items))) {
        await this.store(session, run, { ...record, status: 'skipped' }, 'step.skipped');
        return;
      }
      const kind = kindOf(step);
      if (isExternal(kind))
        await this.inTurn(session, kind, () => this.attempt(session, { ...action, kind }, record, run));
      else await this.settled(session, record, run, await this.control.begin(session, action, record));
    } catch (error) {
      // The process leaves or has lost the run. The step has not failed: another process repeats the attempt.
      if (run.signal.aborted) throw error;
      await this.fail(session, record, run, expectedFailure(error));
    }
  }

  /** A step whose wait is over. */
  async settle(session: RunSession, action: Settle, run: StepRun): Promise<void> {
    const record = session.record(action.key);
    if (!record) return;
    try {
      const outcome = await this.control.settle(session, action, record);
      if (outcome) await this.settled(session, record, run, outcome);
    } catch (error) {
      await this.fail(session, record, run, expectedFailure(error));
    }
  }

  /** One attempt to undo a completed step. */
  async compensate(session: RunSession, { key, step, items }: Compensate, run: StepRun): Promise<void> {
    const record = session.record(key);
    const undo = step.compensate;
    if (!record || !undo) return;
    const kind = EXTERNAL_KINDS.find((one) => undo[one] !== undefined) ?? 'call';
    const attempts = interrupted(record.compensation?.attempts ?? []);
    const begun: CompensationRecord = {
      ...{ status: 'running', attempts: [...attempts, this.attemptNow()] },
      idempotency_key: record.compensation?.idempotency_key ?? `${session.run.run_id}:${key}:compensate`,
    };
    try {
      if (undo.idempotency_key !== undefined && !record.compensation)
        begun.idempotency_key = await this.text(session, undo.idempotency_key, items, step);
      const config = await this.rendered(session, undo[kind], items, step);
      await this.storeCompensation(session, run, record, begun, 'compensation.started');
      const seconds = undo.timeout_seconds ?? TIMEOUT_SECONDS[kind];
      const result = await this.work(session, workOf(kind, config), run, {
        ...{ name: `${key}.compensate`, idempotency_key: begun.idempotency_key, timeout_ms: seconds * 1000 },
        canRepeat: true,
      });
      const done = { ...begun, status: 'completed' as const, attempts: ended(begun.attempts, result, this.now()) };
      await this.storeCompensation(session, run, record, done, 'compensation.completed', result);
    } catch (error) {
      if (run.signal.aborted) throw error;
      await this.failCompensation(session, run, record, begun, expectedFailure(error), undo.retry);
    }
  }

  private async attempt(
    session: RunSession,
    action: Begin & { kind: ExternalKind },
    record: StepRecord,
    run: StepRun,
  ): Promise<void> {
    const { key, step, items, kind } = action;
    const interruptions = record.attempts.filter(({ status }) => status === 'interrupted').length;
    if (interruptions >= INTERRUPTIONS_MAX)
      throw new StepFailure(
        { code: 'INTERRUPTED', message: `The platform stopped ${interruptions} times during the step` },
        false,
      );
    let config: unknown;
    const begun: StepRecord = { ...record, status: 'running', attempts: [...record.attempts, this.attemptNow()] };
    delete begun.next_attempt_at;
    const writes: Change['writes'] = [];
    if (record.input) config = await session.value(`${key}#input`, record.input);
    else {
      config = await this.rendered(session, step[kind], items, step);
      if (step.idempotency_key !== undefined) {
        const own = await this.text(session, step.idempotency_key, items, step);
        // What was undone is done again: the same key would only repeat the old answer.
        const { undone = [], retries } = session.run;
        begun.idempotency_key = undone.includes(key) ? `${own}:${retries}` : own;
      }
      const input = session.prepare(`${key}#input`, config);
      begun.input = input.stored;
      writes.push(...input.writes);
    }
    await this.store(session, run, begun, 'step.started', { writes, data: { attempt: begun.attempts.length } });
    const seconds = step.timeout_seconds ?? TIMEOUT_SECONDS[kind];
    try {
      const result = await this.work(session, workOf(kind, config), run, {
        ...{ name: key, idempotency_key: begun.idempotency_key, timeout_ms: seconds * 1000 },
        canRepeat: begun.idempotency_key !== undefined || !mayWrite(step),
      });
      await this.complete(session, begun, run, result);
    } catch (error) {
      if (run.signal.aborted) await this.giveUp(session, begun, run, error);
      else await this.fail(session, begun, run, expectedFailure(error), step.retry ?? ONCE);
    }
  }

  /** An attempt of an agent in a run with a budget, until its cost is stored. */
  private async inTurn(session: RunSession, kind: ExternalKind, attempt: () => Promise<void>): Promise<void> {
    if (kind !== 'agent' || session.run.max_cost_usd === null) return attempt();
    const turn = this.turns.get(session) ?? pLimit(1);
    this.turns.set(session, turn);
    return turn(attempt);
  }

  private async work(
    session: RunSession,
    work: ExternalWork,
    run: StepRun,
    limits: { name: string; idempotency_key: string | undefined; timeout_ms: number; canRepeat: boolean },
  ): Promise<WorkResult> {
    const { canRepeat, ...rest } = limits;
    const timeout = AbortSignal.timeout(limits.timeout_ms);
    const signal = AbortSignal.any([run.signal, timeout]);
    const { references } = session.flow.version;
    try {
      return await this.external.perform(work, {
        ...{ run: session.run, references, signal, ...rest, max_cost_usd: remainingOf(session) },
      });
    } catch (error) {
      if (!timeout.aborted || run.signal.aborted) throw error;
      const message = `The attempt took longer than ${limits.timeout_ms / 1000} seconds`;
      throw new StepFailure({ code: 'TIMEOUT', message }, canRepeat);
    }
  }

  /** An attempt that was stopped from outside. It counts as cancelled only when the run is about to end. */
  private async giveUp(session: RunSession, record: StepRecord, run: StepRun, error: unknown): Promise<void> {
    const { cancel, ending } = session.run;
    if (!cancel && !ending) throw error;
    const why: RunError = { code: 'CANCELLED', message: 'The run is ending' };
    const attempts = ended(record.attempts, { error: why }, this.now());
    await this.store(session, run, { ...record, status: 'cancelled', attempts, error: why }, 'step.cancelled');
  }

  private async settled(session: RunSession, record: StepRecord, run: StepRun, outcome: ControlOutcome): Promise<void> {
    if (outcome.do === 'complete') await this.complete(session, { ...record, ...outcome.fields }, run, outcome);
    else if (outcome.do === 'fail') await this.fail(session, record, run, outcome.failure);
    else {
      const { fields, writes = [], waits_for } = outcome;
      const waiting: StepRecord = { ...record, ...fields, status: 'waiting' };
      await this.store(session, run, waiting, 'step.waiting', {
        writes,
        data: { waits_for, ...(waiting.wake_at === undefined ? {} : { until: waiting.wake_at }) },
      });
    }
  }

  private async complete(session: RunSession, record: StepRecord, run: StepRun, result: WorkResult): Promise<void> {
    const { key } = record;
    let output;
    try {
      output = session.prepare(`${key}#output`, result.output);
    } catch (error) {
      await this.fail(session, record, run, expectedFailure(error));
      return;
    }
    const cost = result.cost_usd ?? 0;
    const completed: StepRecord = {
      ...record,
      ...{ status: 'completed', output: output.stored, completed_as: nextPlace(session) },
      attempts: ended(record.attempts, result, this.now()),
      ...(cost > 0 ? { cost_usd: (record.cost_usd ?? 0) + cost } : {}),
      ...(result.note === undefined ? {} : { note: result.note }),
    };
    delete completed.wake_at;
    await this.store(session, run, completed, 'step.completed', { writes: output.writes, cost });
  }

  private async fail(
    session: RunSession,
    record: StepRecord,
    run: StepRun,
    failure: StepFailure,
    retry: Retry = ONCE,
  ): Promise<void> {
    const { error, more, is_transient } = failure;
    const cost = more.cost_usd ?? 0;
    const attempts = ended(record.attempts, { error, ...more }, this.now());
    const failed: StepRecord = {
      ...{ ...record, attempts, error },
      ...(cost > 0 ? { cost_usd: (record.cost_usd ?? 0) + cost } : {}),
    };
    const tries = attempts.filter(({ status }) => status === 'failed').length;
    if (is_transient && tries < retry.max_attempts) {
      const next_attempt_at = this.later(pauseOf(retry, tries, more.retry_after_ms));
      const retrying: StepRecord = { ...failed, status: 'retrying', next_attempt_at };
      await this.store(session, run, retrying, 'step.retrying', { cost, data: { error, next_attempt_at } });
    } else await this.store(session, run, { ...failed, status: 'failed' }, 'step.failed', { cost, data: { error } });
  }

  private async failCompensation(
    session: RunSession,
    run: StepRun,
    record: StepRecord,
    begun: CompensationRecord,
    { error, more, is_transient }: StepFailure,
    retry: Retry = COMPENSATION_RETRY,
  ): Promise<void> {
    const attempts = ended(begun.attempts, { error, ...more }, this.now());
    const failed = { ...begun, attempts, error };
    const tries = attempts.filter(({ status }) => status === 'failed').length;
    if (is_transient && tries < retry.max_attempts) {
      const next_attempt_at = this.later(pauseOf(retry, tries, more.retry_after_ms));
      const retrying = { ...failed, status: 'retrying' as const, next_attempt_at };
      await this.storeCompensation(session, run, record, retrying, 'compensation.retrying', { error });
    } else
      await this.storeCompensation(session, run, record, { ...failed, status: 'failed' }, 'compensation.failed', {
        error,
      });
  }

  private async isWanted(session: RunSession, step: FlowStep, items: readonly number[]): Promise<boolean> {
    if (step.when === undefined) return true;
    const value = await this.expression(session, step.when, items, step);
    if (typeof value === 'boolean') return value;
    throw new ExpressionError(step.when, `must be true or false, not ${typeName(value)}`);
  }

  /** The value of a field that holds an expression. @throws ExpressionError */
  private expression(session: RunSession, text: string, items: readonly number[], step: FlowStep): Promise<unknown> {
    return this.rendered(session, `\${{ ${bareExpression(text)} }}`, items, step);
  }

  private async text(session: RunSession, template: string, items: readonly number[], step: FlowStep): Promise<string> {
    const value = await this.rendered(session, template, items, step);
    if (typeof value === 'string' && value !== '') return value.slice(0, 250);
    if (typeof value === 'number') return String(value);
    throw new ExpressionError(template, `must be a string, not ${typeName(value)}`);
  }

  private async rendered(
    session: RunSession,
    template: unknown,
    items: readonly number[],
    step: FlowStep,
  ): Promise<unknown> {
    return this.workers.render(session.run.org_id, template, await session.context(namesIn(template), items, step));
  }

  private async store(
    session: RunSession,
    run: StepRun,
    record: StepRecord,
    type: Change['events'][number]['type'],
    more: { writes?: Change['writes']; cost?: number; data?: Record<string, unknown> } = {},
  ): Promise<void> {
    const { writes = [], cost = 0, data = {} } = more;
    const { key, step_id, item } = record;
    const cost_usd = session.run.cost_usd + cost;
    const started_at = session.run.started_at ?? this.now();
    const isFirst = session.run.started_at === null;
    await session.commit(run.fence, {
      ...{ step: record, writes },
      ...(cost > 0 || isFirst ? { run: { cost_usd, started_at } } : {}),
      events: [{ type, data: { step_id, key, ...(item === null ? {} : { item }), ...data } }],
    });
  }

  private async storeCompensation(
    session: RunSession,
    run: StepRun,
    record: StepRecord,
    compensation: CompensationRecord,
    type: Change['events'][number]['type'],
    { error, cost_usd = 0 }: { error?: RunError; cost_usd?: number } = {},
  ): Promise<void> {
    const { key, step_id, item } = record;
    const data = { step_id, key, ...(item === null ? {} : { item }), ...(error ? { error } : {}) };
    await session.commit(run.fence, {
      step: { ...record, compensation },
      ...(cost_usd > 0 ? { run: { cost_usd: session.run.cost_usd + cost_usd } } : {}),
      events: [{ type, data }],
    });
  }

  private attemptNow(): Attempt {
    return { started_at: this.now(), ended_at: null, status: 'running', error: null };
  }

  private now(): string {
    return this.clock.timestamp();
  }

  private later(ms: number): string {
    return new Date(this.clock.now().getTime() + ms).toISOString();
  }
}

/** Ids of the steps that a template reads. @throws ExpressionError */
export function namesIn(template: unknown): Set<string> {
  return new Set([...expressionsIn(template)].flatMap((expression) => [...analysisOf(expression).steps]));
}

/** What a run may still cost; undefined without a budget. */
export function remainingOf({ run, state }: RunSession): number | undefined {
  if (run.max_cost_usd === null) return undefined;
  const promised = [...state.steps.values()].reduce(
    (sum, { status, allowance_usd = 0 }) => sum + (status === 'waiting' ? allowance_usd : 0),
    0,
  );
  return Math.max(0, run.max_cost_usd - run.cost_usd - promised);
}

/** The pause before the next attempt, in milliseconds: exponential with full jitter, and not shorter than the service asked for. */
export function pauseOf(retry: Retry, tries: number, retry_after_ms = 0): number {
  const { initial_seconds, factor, max_seconds, jitter } = retry;
  const longest = Math.min(max_seconds, initial_seconds * factor ** (tries - 1)) * 1000;
  return Math.round(Math.max(retry_after_ms, jitter ? Math.random() * longest : longest));
}

export function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

const isExternal = (kind: string): kind is ExternalKind => (EXTERNAL_KINDS as readonly string[]).includes(kind);

/** @throws StepFailure when the values that were filled in do not fit the kind */
function workOf(kind: ExternalKind, config: unknown): ExternalWork {
  const parsed = STEP_KINDS[kind].safeParse(config);
  if (parsed.success) return { kind, config: parsed.data } as ExternalWork;
  const reasons = parsed.error.issues.map(({ path, message }) => `${path.join('.') || kind}: ${message}`);
  throw new StepFailure({ code: 'INVALID_INPUT', message: `The ${kind} is not valid: ${reasons.join('; ')}` }, false);
}

function recordOf({ key, step, items }: Begin, before: StepRecord | undefined): StepRecord {
  if (before) return { ...before, attempts: interrupted(before.attempts) };
  const item = items.length === 0 ? null : items.join('.');
  return { key, step_id: step.id, item, status: 'running', attempts: [] };
}

/** An attempt that is still recorded as running was left by a process that died. */
function interrupted(attempts: readonly Attempt[]): Attempt[] {
  return attempts.map((attempt) => (attempt.status === 'running' ? { ...attempt, status: 'interrupted' } : attempt));
}

function ended(
  attempts: readonly Attempt[],
  { error = null, request_id }: { error?: RunError | null; request_id?: string },
  ended_at: string,
): Attempt[] {
  return attempts.map((attempt) =>
    attempt.status === 'running'
      ? {
          ...{ ...attempt, ended_at, error, status: error ? 'failed' : 'completed' },
          ...(request_id === undefined ? {} : { request_id }),
        }
      : attempt,
  );
}

/** Positions are given in memory: only this process completes steps of the run. */
const places = new WeakMap<RunSession, number>();

function nextPlace(session: RunSession): number {
  const known =
    places.get(session) ??
    [...session.state.steps.values()].reduce((most, { completed_as = 0 }) => Math.max(most, completed_as), 0);
  places.set(session, known + 1);
  return known + 1;
}

/** A failure that belongs to the step; anything else is thrown, and the engine tries again. */
function expectedFailure(error: unknown): StepFailure {
  if (error instanceof StepFailure) return error;
  if (error instanceof ExpressionError)
    return new StepFailure(
      { code: 'EXPRESSION_ERROR', message: error.message, details: { expression: error.expression } },
      false,
    );
  if (error instanceof ValueTooLargeError)
    return new StepFailure({ code: 'RESULT_TOO_LARGE', message: error.message }, false);
  if (error instanceof RunLostError) throw error;
  throw error;
}
