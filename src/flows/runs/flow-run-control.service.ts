import { Injectable } from '@nestjs/common';
import { Engine } from '../../engine/engine.js';
import { UnitOfWork, type Write } from '../../platform/database/unit-of-work.js';
import { Clock } from '../../shared/clock.js';
import { ConflictError, InvalidStateError, NotFoundError, ValidationError } from '../../shared/domain-error.js';
import { Ids } from '../../shared/ids.js';
import { deadLetterOf, DeadLettersRepository } from './dead-letters.repository.js';
import type { FlowGraph } from '../definition/flow-graph.js';
import { FlowRunNotFoundError, FlowRunStateError } from '../flows.errors.js';
import { FlowsService } from '../flows.service.js';
import {
  type Decision,
  FLOW_RUN_KIND,
  type FlowRun,
  isFinal,
  itemsOf,
  keyOf,
  type RunControl,
  runKeyOf,
  type RunState,
  stepIdOf,
  type StepRecord,
} from './flow-run.js';
import { FlowRunsRepository } from './flow-runs.repository.js';

const RETRYABLE = ['failed', 'compensated', 'cancelled', 'timed_out'];
const SIGNALS_MAX = 1_000;

export interface CancelWish {
  reason: string;
  compensate: boolean;
  by: string;
}

/** What people and programs say to a run that has begun. Each call is one transaction with the engine's wake-up. */
@Injectable()
export class FlowRunControl {
  constructor(
    private readonly repository: FlowRunsRepository,
    private readonly flows: FlowsService,
    private readonly deadLetters: DeadLettersRepository,
    private readonly engine: Engine,
    private readonly unit: UnitOfWork,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** Nothing new begins; attempts under way end. @throws FlowRunStateError when the run has ended or is paused */
  async pause(org_id: string, run_id: string): Promise<void> {
    await this.change(org_id, run_id, 'pause', (control) => ({ ...control, is_paused: true }));
  }

  /** @throws FlowRunStateError when the run is not paused */
  async resume(org_id: string, run_id: string): Promise<void> {
    await this.change(org_id, run_id, 'resume', (control) => ({ ...control, is_paused: false }));
  }

  /** Ends the run, and with it the runs that it waits for. Idempotent until the run has ended. */
  async cancel(org_id: string, run_id: string, { reason, compensate, by }: CancelWish): Promise<void> {
    const at = this.clock.timestamp();
    await this.change(org_id, run_id, 'cancel', (control) => ({
      ...control,
      cancel: { reason, compensate, by, at },
    }));
  }

  /** @throws FlowRunStateError when the run has ended; ValidationError when it has 1,000 signals */
  async signal(org_id: string, run_id: string, name: string, data: unknown, by: string): Promise<void> {
    const run = await this.get(org_id, run_id);
    if (isFinal(run.status)) throw stateError(run, 'The run has ended and accepts no signals');
    const run_key = runKeyOf(run);
    const state = await this.repository.load(run_key);
    if ((state?.signals.length ?? 0) >= SIGNALS_MAX)
      throw ValidationError.field('name', `cannot be sent: the run already has ${SIGNALS_MAX} signals`);
    const signal = { signal_id: this.ids.next('sig'), name, data: data ?? null, by, at: this.clock.timestamp() };
    await this.wake(run, [this.repository.signalWrite(run_key, signal)]);
  }

  /** The approval that a decision is about, for the check of the caller's roles. @throws NotFoundError, InvalidStateError */
  async approvalOf(
    org_id: string,
    run_id: string,
    key: string,
  ): Promise<{ run: FlowRun; record: StepRecord; roles: readonly string[] }> {
    const state = await this.load(org_id, run_id);
    const { graph } = await this.flows.runnable(org_id, state.run.flow_id, state.run.flow_version);
    const record = state.steps.get(key);
    const approval = graph.find(stepIdOf(key))?.step.approval;
    if (!approval) throw new NotFoundError('Approval', key, { details: { run_id } });
    if (record?.status !== 'waiting' || state.decisions.has(key))
      throw new InvalidStateError('The approval is not waiting for a decision', {
        details: { run_id, step_id: key, current_state: record?.status ?? 'pending' },
        suggestion: 'An approval is decided once, while its step waits. Read the run to see its steps.',
      });
    return { run: state.run, record, roles: approval.roles };
  }

  /** @param also stored in the same transaction: the entry of the audit log. @throws ConflictError for a second decision */
  async decide(run: FlowRun, decision: Omit<Decision, 'at'>, also: Write[]): Promise<void> {
    const refusal = (): Error =>
      new ConflictError('The step has been decided already', { details: { step_id: decision.key } });
    const made = { ...decision, at: this.clock.timestamp() };
    await this.wake(run, [this.repository.decisionWrite(runKeyOf(run), made, refusal), ...also]);
  }

  /**
   * Continues a run that has ended without success. Steps that failed, were cancelled or were undone run again, and so does
   * everything after `from_step`; other completed steps keep their results. The time limit begins again.
   * @throws FlowRunStateError, ValidationError for a step that the flow does not have
   */
  async retry(org_id: string, run_id: string, from_step: string | undefined): Promise<void> {
    const state = await this.load(org_id, run_id);
    const { run } = state;
    if (!RETRYABLE.includes(run.status))
      throw stateError(run, run.status === 'completed' ? 'The run has completed' : 'The run has not ended');
    if (run.lock || run.error?.code === 'SKIPPED')
      throw stateError(run, 'A run with a concurrency key cannot be continued; start another one');
    const { graph, version } = await this.flows.runnable(org_id, run.flow_id, run.flow_version);
    if (from_step !== undefined && !graph.idsOf(graph.root).has(from_step))
      throw ValidationError.field('from_step', `must be one of: ${[...graph.idsOf(graph.root)].join(', ')}`);
    const again = from_step === undefined ? new Set<string>() : new Set([from_step, ...graph.descendants(from_step)]);
    const forgotten = this.forgotten(graph, state, (id) => again.has(rootOf(graph, id)));
    const run_key = runKeyOf(run);
    const seconds = version.definition.timeout_seconds ?? 86_400;
    const continued: FlowRun = {
      ...run,
      ...{ status: 'queued', output: null, error: null, ended_at: null, ending: null, retries: run.retries + 1 },
      undone: [...state.steps.values()].flatMap(({ key, compensation }) => (compensation ? [key] : [])),
      deadline_at: new Date(this.clock.now().getTime() + seconds * 1000).toISOString(),
    };
    const before = await this.repository.findControl(run_key);
    const control = { is_paused: false, cancel: null, revision: (before?.revision ?? 0) + 1 };
    const changed = (): Error => new ConflictError('The run was changed by another request', { details: { run_id } });
    const plan = this.engine.plan({ kind: FLOW_RUN_KIND, run_id: run_key, org_id });
    try {
      const keys = [...forgotten];
      // A transaction takes 100 writes; the first ones are stored before it, which a repeat does again.
      while (keys.length > 20) await this.unit.commit(this.deletions(run_key, keys.splice(0, 20)));
      await this.unit.commit([
        this.repository.runWrite(continued),
        this.repository.controlWrite(run_key, before, control, changed),
        ...this.deletions(run_key, keys),
        ...this.deadLetters.removals(deadLetterOf(run)),
        ...plan.writes,
      ]);
    } catch (error) {
      plan.abandoned();
      throw error;
    }
    plan.committed();
  }

  private deletions(run_key: string, keys: readonly string[]): Write[] {
    return keys.flatMap((key) => [
      this.repository.stepDeletion(run_key, key),
      this.repository.decisionDeletion(run_key, key),
      this.repository.childDeletion(run_key, key),
    ]);
  }

  /** Steps that run again, with the steps that hold them: these begin again with the inner results that are kept. */
  private forgotten(graph: FlowGraph, { steps }: RunState, isAgain: (step_id: string) => boolean): Set<string> {
    const forgotten = new Set<string>();
    for (const record of steps.values()) {
      const { key, status, compensation, step_id } = record;
      const isKept = (status === 'completed' || status === 'skipped') && !compensation && !isAgain(step_id);
      if (isKept) continue;
      forgotten.add(key);
      const items = itemsOf(record);
      for (let { owner, loops, parent } = graph.get(step_id).scope; owner && parent; { owner, loops, parent } = parent)
        forgotten.add(keyOf(owner.id, items.slice(0, owner.for_each ? loops - 1 : loops)));
    }
    return forgotten;
  }

  private async change(
    org_id: string,
    run_id: string,
    action: 'pause' | 'resume' | 'cancel',
    changed: (control: RunControl) => RunControl,
  ): Promise<void> {
    const run = await this.get(org_id, run_id);
    if (!legalActions(run).includes(action)) throw stateError(run, `Cannot ${action} a run that is ${stateOf(run)}`);
    if (action === 'cancel' && run.cancel) return;
    const run_key = runKeyOf(run);
    const before = await this.repository.findControl(run_key);
    const control = { is_paused: false, cancel: null, ...before, revision: (before?.revision ?? 0) + 1 };
    const refusal = (): Error => new ConflictError('The run was changed by another request', { details: { run_id } });
    await this.wake(run, [
      this.repository.controlWrite(run_key, before, { ...changed(control), revision: control.revision }, refusal),
    ]);
  }

  private async wake(run: FlowRun, writes: Write[]): Promise<void> {
    const wake = this.engine.wake({ kind: FLOW_RUN_KIND, run_id: runKeyOf(run) });
    try {
      await this.unit.commitOr(() => stateError(run, 'The run has just ended'), [...writes, ...wake.writes]);
    } catch (error) {
      wake.abandoned();
      throw error;
    }
    wake.committed();
  }

  private async get(org_id: string, run_id: string): Promise<FlowRun> {
    const run = await this.repository.findRun(org_id, run_id);
    if (!run) throw new FlowRunNotFoundError(run_id);
    return run;
  }

  private async load(org_id: string, run_id: string): Promise<RunState> {
    const state = await this.repository.load(runKeyOf({ org_id, run_id }));
    if (!state) throw new FlowRunNotFoundError(run_id);
    return state;
  }
}

const stateOf = (run: FlowRun): string => (run.is_paused && !isFinal(run.status) ? 'paused' : run.status);

/** What the run takes in its present state. */
export function legalActions(run: FlowRun): string[] {
  if (isFinal(run.status)) return run.status === 'completed' || run.lock ? [] : ['retry'];
  if (run.cancel) return ['cancel'];
  return run.is_paused ? ['resume', 'cancel'] : ['pause', 'cancel'];
}

const stateError = (run: FlowRun, message: string): FlowRunStateError =>
  new FlowRunStateError(run.run_id, message, stateOf(run), legalActions(run));

/** The step of the flow's own list in which a step stands. */
function rootOf(graph: FlowGraph, id: string): string {
  const { step, scope } = graph.get(id);
  return scope.owner ? rootOf(graph, scope.owner.id) : step.id;
}
