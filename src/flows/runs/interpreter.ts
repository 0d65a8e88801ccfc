import type { FlowStep } from '../definition/definition.js';
import type { FlowGraph, Scope } from '../definition/flow-graph.js';
import {
  type FinalStatus,
  type FlowRun,
  isFinal,
  itemsOf,
  keyOf,
  type RunState,
  type Signal,
  type StepRecord,
} from './flow-run.js';

/**
 * One thing to do for a run.
 *
 * - `enter`: takes the lock of the run's concurrency key.
 * - `begin`: the first attempt of a step, a retry, or the repeat of one whose process died.
 * - `settle`: a waiting step whose wait is over: its time has come, its signal, decision or flow has arrived, or its inner
 *   steps have ended.
 * - `compensate`: undoes a completed step.
 * - `finish`: stores the end of the run.
 */
export type RunAction =
  | { id: string; do: 'enter' }
  | { id: string; do: 'begin'; key: string; step: FlowStep; items: number[] }
  | { id: string; do: 'settle'; key: string; step: FlowStep; items: number[]; failed_key?: string }
  | { id: string; do: 'compensate'; key: string; step: FlowStep; items: number[] }
  | { id: string; do: 'finish'; status: FinalStatus; failed_key?: string };

export interface RunDecision {
  /** What should be under way now, including what is already. */
  actions: RunAction[];
  /** Attempts that are not named are given up. */
  stops_others: boolean;
  /** When to look again if nothing happens before. */
  until: string | undefined;
  /** The run has ended and is stored as ended. */
  is_over: boolean;
  status: RunState['run']['status'];
  /** Once nothing new begins any more: how the run will end, unless a compensation fails. */
  ending: FlowRun['ending'];
}

/** Another run may give a lock back without waking the next one when its process dies in between. */
const LOCK_POLL_MS = 30_000;

/** A step whose needs see it as over. */
type Standing = 'pending' | 'active' | 'completed' | 'failed' | 'passed';

interface ScopeView {
  standing: 'active' | 'completed' | 'failed';
  failed_key: string | undefined;
}

/**
 * Decides what a run does next by its definition, its stored state and the time. It evaluates no expressions and changes nothing:
 * what a condition, a list of items or a case came to is part of the state.
 */
export function nextOf(graph: FlowGraph, state: RunState, now: Date): RunDecision {
  return new Interpretation(graph, state, now).decide();
}

class Interpretation {
  private readonly actions: RunAction[] = [];
  private readonly at: string;
  private readonly taken: ReadonlySet<string>;
  private until: string | undefined;

  constructor(
    private readonly graph: FlowGraph,
    private readonly state: RunState,
    now: Date,
  ) {
    this.at = now.toISOString();
    this.taken = takenSignals(state);
  }

  decide(): RunDecision {
    const { run, is_locked_out } = this.state;
    if (isFinal(run.status)) return { ...this.answer(run.status), is_over: true };
    const ending = run.ending ?? this.endingFromOutside();
    if (ending) return this.end(ending);
    if (run.lock && !run.lock.held) return this.waitForLock(is_locked_out);
    if (run.is_paused) return this.pause();
    this.wakeAt(run.deadline_at);
    const { standing, failed_key } = this.walk(this.graph.root, [], false);
    if (standing === 'completed') return this.finish({ status: 'completed' });
    if (standing === 'failed')
      return this.end({ status: 'failed', ...(failed_key === undefined ? {} : { failed_key }) });
    return this.answer(this.actions.length > 0 ? 'running' : 'waiting');
  }

  private endingFromOutside(): FlowRun['ending'] {
    const { cancel, deadline_at } = this.state.run;
    if (cancel) return { status: 'cancelled' };
    return deadline_at <= this.at ? { status: 'timed_out' } : null;
  }

  private waitForLock(isLockedOut: boolean): RunDecision {
    const { is_paused, deadline_at } = this.state.run;
    this.wakeAt(deadline_at);
    if (!isLockedOut && !is_paused) this.actions.push({ id: 'enter', do: 'enter' });
    else this.wakeAt(new Date(Date.parse(this.at) + LOCK_POLL_MS).toISOString());
    return this.answer(is_paused ? 'paused' : 'queued');
  }

  /** Attempts under way go on; nothing else begins, and no timer fires. The time limit of the run still counts. */
  private pause(): RunDecision {
    this.wakeAt(this.state.run.deadline_at);
    this.keepRunning(() => true);
    return this.answer('paused');
  }

  /**
   * Waits for attempts under way, compensates, and ends the run. An ending from outside gives up attempts that write nothing; one
   * that writes is waited for, because what it did must be known before it is undone.
   */
  private end(ending: NonNullable<FlowRun['ending']>): RunDecision {
    const { run } = this.state;
    this.until = undefined;
    this.actions.length = 0;
    if (this.keepRunning(mayWrite)) return { ...this.answer(run.status), ending, stops_others: true };
    const isUndone = (run.cancel !== null && !run.cancel.compensate) || this.compensations() === 'over';
    if (isUndone) return { ...this.finish({ ...ending, status: this.endOf(ending.status) }), ending };
    return { ...this.answer('compensating'), ending, stops_others: true };
  }

  /** A failed run whose effects were all undone is compensated. */
  private endOf(status: FinalStatus): FinalStatus {
    if (status !== 'failed') return status;
    const all = [...this.state.steps.values()].flatMap(({ compensation }) => (compensation ? [compensation] : []));
    return all.length > 0 && all.every((one) => one.status === 'completed') ? 'compensated' : 'failed';
  }

  /** One at a time, in the reverse order of completion. A compensation that failed for good does not stop those after it. */
  private compensations(): 'under way' | 'over' {
    const completed = [...this.state.steps.values()]
      .filter(({ status, completed_as }) => status === 'completed' && completed_as !== undefined)
      .sort((a, b) => (b.completed_as ?? 0) - (a.completed_as ?? 0));
    for (const record of completed) {
      const step = this.graph.find(record.step_id)?.step;
      const status = record.compensation?.status;
      if (!step?.compensate || status === 'completed' || status === 'failed') continue;
      const { key, compensation } = record;
      const next = compensation?.next_attempt_at ?? '';
      if (status === 'retrying' && next > this.at) this.wakeAt(next);
      else this.actions.push({ id: `compensate:${key}`, do: 'compensate', key, step, items: itemsOf(record) });
      return 'under way';
    }
    return 'over';
  }

  /** Names the attempts under way that are kept. @returns whether there are any */
  private keepRunning(isKept: (step: FlowStep) => boolean): boolean {
    for (const record of this.state.steps.values()) {
      if (record.status !== 'running') continue;
      const { step } = this.graph.get(record.step_id);
      if (isKept(step)) this.begin(record.key, step, itemsOf(record));
    }
    return this.actions.length > 0;
  }

  private finish(ending: NonNullable<FlowRun['ending']>): RunDecision {
    this.until = undefined;
    this.actions.length = 0;
    this.actions.push({ id: 'finish', do: 'finish', ...ending });
    return { ...this.answer(this.state.run.status), stops_others: true };
  }

  private answer(status: RunDecision['status']): RunDecision {
    return { actions: this.actions, until: this.until, is_over: false, status, ending: null, stops_others: false };
  }

  /**
   * Looks at every step of a scope, in the order of the definition.
   * @param isGivenUp something around the scope has failed: nothing begins, only attempts under way are waited for.
   */
  private walk(scope: Scope, items: readonly number[], isGivenUp: boolean): ScopeView {
    const name = `${scope.path}[${items.join('.')}]`;
    if (this.state.completed_scopes.has(name)) return COMPLETED;
    const standings = new Map<string, Standing>();
    const standingOf = (id: string): Standing => {
      const known = standings.get(id);
      if (known) return known;
      const standing = this.standing(id, items, standingOf);
      standings.set(id, standing);
      return standing;
    };
    const failed = scope.steps.find(({ id }) => this.hasFailed(id, items));
    const begins = !failed && !isGivenUp;
    let isActive = false;
    for (const step of scope.steps) {
      const standing = standingOf(step.id);
      if (standing === 'active') isActive = this.attend(step, items, begins) || isActive;
      if (standing !== 'pending' || !begins) continue;
      isActive = true;
      if (this.graph.needs(step.id).every((need) => isOver(standingOf(need))))
        this.begin(keyOf(step.id, items), step, [...items]);
    }
    if (isActive) return { standing: 'active', failed_key: undefined };
    if (failed) return { standing: 'failed', failed_key: keyOf(failed.id, items) };
    if (!isGivenUp) this.state.completed_scopes.add(name);
    return COMPLETED;
  }

  /** Whether a step failed in such a way that its scope fails. */
  private hasFailed(id: string, items: readonly number[]): boolean {
    const record = this.state.steps.get(keyOf(id, items));
    return record?.status === 'failed' && this.graph.get(id).step.on_error === 'fail';
  }

  private standing(id: string, items: readonly number[], standingOf: (id: string) => Standing): Standing {
    const record = this.state.steps.get(keyOf(id, items));
    if (record) return standingOfRecord(record, this.graph.get(id).step);
    return this.isPassed(id, standingOf) ? 'passed' : 'pending';
  }

  /** A step before this one failed and went on at another step: what depends on the failure alone does not run. */
  private isPassed(id: string, standingOf: (id: string) => Standing): boolean {
    for (const before of this.graph.ancestors(id)) {
      const { on_error } = this.graph.get(before).step;
      if (typeof on_error !== 'object' || standingOf(before) !== 'failed') continue;
      if (id !== on_error.goto && !this.graph.descendants(on_error.goto).has(id)) return true;
    }
    return false;
  }

  /**
   * Goes on with a step that has begun and has not ended.
   * @param begins false when the scope has failed: what only waits is given up.
   * @returns whether the scope has to wait for it
   */
  private attend(step: FlowStep, items: readonly number[], begins: boolean): boolean {
    const key = keyOf(step.id, items);
    const record = this.state.steps.get(key);
    if (!record) return false;
    if (record.status === 'running') {
      this.begin(key, step, [...items]);
      return true;
    }
    if (step.for_each || step.switch) return this.attendInner(step, record, items, begins);
    if (!begins) return false;
    if (record.status === 'retrying') {
      if ((record.next_attempt_at ?? '') <= this.at) this.begin(key, step, [...items]);
      else this.wakeAt(record.next_attempt_at);
      return true;
    }
    const isDue = record.wake_at !== undefined && record.wake_at <= this.at;
    if (isDue || this.hasArrived(step, record)) this.settle(key, step, items, undefined);
    else this.wakeAt(record.wake_at);
    return true;
  }

  private hasArrived(step: FlowStep, { key }: StepRecord): boolean {
    if (step.approval) return this.state.decisions.has(key);
    if (step.flow) return this.state.children.has(key);
    return step.wait_for !== undefined && nextSignal(this.state, step.wait_for.signal, this.taken) !== undefined;
  }

  /** After a failure inside, no further item and no further step begins; attempts under way are waited for. */
  private attendInner(step: FlowStep, record: StepRecord, items: readonly number[], begins: boolean): boolean {
    const views = step.for_each
      ? this.walkItems(step, record, items, begins)
      : this.walkCase(step, record, items, begins);
    const failed = views.find(({ standing }) => standing === 'failed');
    const isActive = views.some(({ standing }) => standing === 'active');
    if (isActive || !begins) return isActive;
    this.settle(record.key, step, items, failed?.failed_key);
    return true;
  }

  private walkItems(step: FlowStep, record: StepRecord, items: readonly number[], begins: boolean): ScopeView[] {
    const [scope] = this.graph.scopesOf(step.id);
    if (!scope || !step.for_each) return [];
    const inside = Array.from({ length: record.items ?? 0 }, (_, index) => [...items, index]);
    const hasFailed = inside.some((item) => scope.steps.some(({ id }) => this.hasFailed(id, item)));
    const views: ScopeView[] = [];
    let active = 0;
    for (const item of inside) {
      const mayBegin = begins && !hasFailed;
      const hasBegun = scope.steps.some(({ id }) => this.state.steps.has(keyOf(id, item)));
      if (!hasBegun && !mayBegin) continue;
      if (!hasBegun && active >= step.for_each.max_parallel) return views;
      const view = this.walk(scope, item, !mayBegin);
      if (view.standing === 'active') active += 1;
      views.push(view);
    }
    return views;
  }

  private walkCase(step: FlowStep, record: StepRecord, items: readonly number[], begins: boolean): ScopeView[] {
    const scope = this.graph.scopesOf(step.id).find(({ case_name }) => case_name === record.case_name);
    return scope ? [this.walk(scope, items, !begins)] : [];
  }

  private begin(key: string, step: FlowStep, items: number[]): void {
    this.actions.push({ id: `step:${key}`, do: 'begin', key, step, items });
  }

  private settle(key: string, step: FlowStep, items: readonly number[], failed_key: string | undefined): void {
    this.actions.push({
      ...{ id: `step:${key}`, do: 'settle', key, step, items: [...items] },
      ...(failed_key === undefined ? {} : { failed_key }),
    });
  }

  private wakeAt(at: string | undefined): void {
    if (at !== undefined && (this.until === undefined || at < this.until)) this.until = at;
  }
}

const COMPLETED: ScopeView = { standing: 'completed', failed_key: undefined };

/** Ids of the signals that steps have taken. */
export function takenSignals({ steps, signals }: RunState): ReadonlySet<string> {
  if (signals.length === 0) return new Set();
  return new Set([...steps.values()].flatMap(({ signal_id }) => (signal_id === undefined ? [] : [signal_id])));
}

/** The oldest signal of this name that no step has taken. */
export function nextSignal({ signals }: RunState, name: string, taken: ReadonlySet<string>): Signal | undefined {
  return signals.find((signal) => signal.name === name && !taken.has(signal.signal_id));
}

/** Whether an attempt may change something outside of the platform. */
export function mayWrite({ call, tool, http, webhook }: FlowStep): boolean {
  return Boolean(call ?? tool ?? webhook) || (http !== undefined && http.method !== 'GET' && http.method !== 'HEAD');
}

function standingOfRecord({ status }: StepRecord, { on_error }: FlowStep): Standing {
  if (status === 'completed') return 'completed';
  if (status === 'skipped' || status === 'cancelled') return 'passed';
  if (status === 'failed') return on_error === 'continue' ? 'completed' : 'failed';
  return 'active';
}

/** A failure that goes on at another step lets that step begin; the others after it are passed over. */
const isOver = (standing: Standing): boolean => standing !== 'pending' && standing !== 'active';
