import { Injectable, Logger } from '@nestjs/common';
import { Engine } from '../../engine/engine.js';
import {
  type Decision,
  type DriveEnding,
  type StepRun,
  WorkflowKind,
  type WorkflowStep,
} from '../../engine/workflow-kind.js';
import { Settings } from '../../platform/config/settings.js';
import { UnitOfWork, type Write } from '../../platform/database/unit-of-work.js';
import { Clock } from '../../shared/clock.js';
import { DomainError } from '../../shared/domain-error.js';
import { deadLetterOf, DeadLettersRepository } from './dead-letters.repository.js';
import { DefinitionWorkers } from '../definition/definition-workers.js';
import { ExpressionError } from '../definition/expressions.js';
import { FlowsService } from '../flows.service.js';
import { FLOW_RUN_KIND, type FlowRun, type RunError, runKeyOf } from './flow-run.js';
import { FlowRunControl } from './flow-run-control.service.js';
import { FlowRunsRepository } from './flow-runs.repository.js';
import type { RunAction } from './interpreter.js';
import { RunSession, ValueTooLargeError } from './run-session.js';
import { namesIn, StepRunner } from './step-runner.service.js';

/** A status that no action stores by itself, e.g. after the run was paused. */
type FlowStepToRun = WorkflowStep & (RunAction | { id: string; do: 'note' });

/** Called when a run has ended, before the end is stored: at least once for each run. */
export type RunEndListener = (run: FlowRun) => Promise<void>;

/** Runs of flows as the engine drives them: what is next is decided by the interpreter, what is done by the step runner. */
@Injectable()
export class FlowRunWorkflow extends WorkflowKind<RunSession, FlowStepToRun> {
  override readonly name = FLOW_RUN_KIND;
  override readonly slots: number;
  private readonly logger = new Logger(FlowRunWorkflow.name);
  /** Runs that this process drives, with their state in memory. */
  private readonly sessions = new Map<string, RunSession | undefined>();
  private readonly listeners: RunEndListener[] = [];

  constructor(
    private readonly repository: FlowRunsRepository,
    private readonly flows: FlowsService,
    private readonly steps: StepRunner,
    private readonly control: FlowRunControl,
    private readonly deadLetters: DeadLettersRepository,
    private readonly workers: DefinitionWorkers,
    private readonly engine: Engine,
    private readonly unit: UnitOfWork,
    private readonly clock: Clock,
    settings: Settings,
  ) {
    super();
    this.slots = settings.get('FLOW_RUN_SLOTS');
  }

  /** Called by modules while they start. */
  onEnd(listener: RunEndListener): void {
    this.listeners.push(listener);
  }

  override async load(run_key: string): Promise<RunSession | undefined> {
    const known = this.sessions.get(run_key);
    if (known && !known.isBroken) {
      await this.repository.refresh(run_key, known.state);
      return known;
    }
    const state = await this.repository.load(run_key);
    if (!state) return undefined;
    const { org_id, flow_id, flow_version } = state.run;
    const flow = await this.flows.runnable(org_id, flow_id, flow_version);
    const session = new RunSession(state, flow, this.repository, this.unit, this.clock);
    if (this.sessions.has(run_key)) this.sessions.set(run_key, session);
    return session;
  }

  override next(session: RunSession, now: Date): Decision<FlowStepToRun> {
    const { actions, until, is_over, status, stops_others } = session.next(now);
    if (is_over) return { do: 'done' };
    const steps: FlowStepToRun[] = [...actions];
    if (steps.length === 0 && status !== session.run.status) steps.push({ id: 'note', do: 'note' });
    const wake = until === undefined ? {} : { until };
    if (steps.length > 0) return { do: 'run', steps, ...wake, ...(stops_others ? { stop_others: true } : {}) };
    return { do: 'wait', ...wake };
  }

  override async runStep(session: RunSession, step: FlowStepToRun, run: StepRun): Promise<RunSession> {
    switch (step.do) {
      case 'note':
        await session.commit(run.fence, { events: [] });
        break;
      case 'enter':
        await this.enter(session, run);
        break;
      case 'begin':
        await this.steps.begin(session, step, run);
        break;
      case 'settle':
        await this.steps.settle(session, step, run);
        break;
      case 'compensate':
        await this.steps.compensate(session, step, run);
        break;
      case 'finish':
        await this.finish(session, step, run);
    }
    return session;
  }

  override async observe(
    run_key: string,
    drive: () => Promise<{ ending: DriveEnding; run: RunSession | undefined }>,
  ): Promise<void> {
    this.sessions.set(run_key, undefined);
    try {
      await drive();
    } finally {
      this.sessions.delete(run_key);
    }
  }

  private async enter(session: RunSession, { fence }: StepRun): Promise<void> {
    const { lock } = session.run;
    if (!lock) return;
    const taken = (): Error => new LockTakenError();
    try {
      await this.unit.commit([...fence.holds(), this.repository.holderWrite(lock.key, session.run, taken)]);
    } catch (error) {
      if (!(error instanceof LockTakenError)) throw error;
      session.state.is_locked_out = true;
      return;
    }
    await session.commit(fence, { run: { lock: { ...lock, held: true } }, events: [] });
  }

  private async finish(
    session: RunSession,
    { status, failed_key }: FlowStepToRun & { do: 'finish' },
    { fence }: StepRun,
  ): Promise<void> {
    const { run, run_key } = session;
    const writes: Write[] = [];
    let output: FlowRun['output'] = null;
    if (status === 'completed')
      try {
        const prepared = session.prepare('RUN#output', await this.outputOf(session));
        output = prepared.stored;
        writes.push(...prepared.writes);
      } catch (error) {
        // The output is part of the run: what was done is undone.
        await session.commit(fence, { run: { ending: { status: 'failed' }, error: outputError(error) }, events: [] });
        return;
      }
    const error = status === 'completed' ? null : errorOf(session, failed_key);
    const ended: FlowRun = { ...run, status, output, error, ended_at: this.clock.timestamp() };
    if (status !== 'completed') await this.cancelChildren(session);
    for (const listener of this.listeners) await listener(ended);
    if (run.lock) writes.push(...this.repository.lockDeletions(run.lock.key, run, run.lock.held));
    const isDead = status === 'failed' || status === 'compensated' || status === 'timed_out';
    if (isDead && !run.dry_run && !run.parent) writes.push(...this.deadLetters.creations(deadLetterOf(ended)));
    const wake = await this.parentWake(ended);
    if (wake) writes.push(...wake.writes);
    const { ended_at } = ended;
    await session.commit(fence, {
      ...{ writes, run: { status, output, error, ended_at }, ends: true },
      events: [{ type: 'run.ended', data: { status, error } }],
    });
    wake?.committed();
    if (run.lock) await this.wakeNext(run.lock.key, run_key);
  }

  private async outputOf(session: RunSession): Promise<unknown> {
    const { output } = session.flow.version.definition;
    if (output === undefined) return null;
    return this.workers.render(session.run.org_id, output, await session.context(namesIn(output), [], null));
  }

  /** The end of a run that a step of another run waits for, and the wake-up of that run if it has not ended. */
  private async parentWake({ org_id, parent, run_id, status, output, error, cost_usd }: FlowRun) {
    if (!parent) return undefined;
    const parent_key = runKeyOf({ org_id, run_id: parent.run_id });
    if (!(await this.engine.has(parent_key))) return undefined;
    const wake = this.engine.wake({ kind: FLOW_RUN_KIND, run_id: parent_key });
    const end = {
      ...{ key: parent.key, run_id, status: status as 'completed', error, cost_usd },
      output: output ?? { value: null },
    };
    return { ...wake, writes: [this.repository.childWrite(parent_key, end), ...wake.writes] };
  }

  private async cancelChildren({ run, state }: RunSession): Promise<void> {
    for (const { status, child_run_id } of state.steps.values()) {
      if (status !== 'waiting' || child_run_id === undefined) continue;
      const wish = {
        reason: `The run ${run.run_id} ended`,
        compensate: run.cancel?.compensate ?? true,
        by: run.user_id,
      };
      await this.control.cancel(run.org_id, child_run_id, wish).catch((error: unknown) => {
        // It has ended by itself.
        if (!(error instanceof DomainError) || error.code === 'DATABASE_ERROR') throw error;
      });
    }
  }

  /** The next run of a concurrency key; it would look by itself after 30 seconds. */
  private async wakeNext(lock: string, run_key: string): Promise<void> {
    try {
      const { waiting } = await this.repository.lockState(lock);
      const [run_id] = waiting;
      if (run_id === undefined) return;
      const org_id = run_key.slice(0, run_key.lastIndexOf('#'));
      const wake = this.engine.wake({ kind: FLOW_RUN_KIND, run_id: runKeyOf({ org_id, run_id }) });
      await this.unit.commit(wake.writes);
      wake.committed();
    } catch (error) {
      this.logger.warn({ msg: 'the next run of a concurrency key could not be woken', run_key, err: error });
    }
  }
}

class LockTakenError extends Error {}

function outputError(error: unknown): RunError {
  if (error instanceof ExpressionError)
    return { code: 'EXPRESSION_ERROR', message: `The output of the flow: ${error.message}` };
  if (error instanceof ValueTooLargeError) return { code: 'RESULT_TOO_LARGE', message: error.message };
  throw error;
}

function errorOf({ run, state }: RunSession, failed_key: string | undefined): RunError {
  const ending = run.ending?.status;
  if (run.cancel && ending === 'cancelled') return { code: 'CANCELLED', message: run.cancel.reason };
  if (ending === 'timed_out') return { code: 'TIMED_OUT', message: 'The run took longer than its time limit' };
  const record = failed_key === undefined ? undefined : state.steps.get(failed_key);
  if (record?.error) return { ...record.error, step_id: record.key };
  return run.error ?? { code: 'FAILED', message: 'The run failed' };
}
