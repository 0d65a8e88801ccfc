import { Injectable } from '@nestjs/common';
import type { Write } from '../../platform/database/unit-of-work.js';
import { Clock } from '../../shared/clock.js';
import { DomainError } from '../../shared/domain-error.js';
import { caseName, FLOW_LIMITS, type FlowStep } from '../definition/definition.js';
import { DefinitionWorkers } from '../definition/definition-workers.js';
import { analysisOf, bareExpression, ExpressionError, expressionsIn } from '../definition/expressions.js';
import { StepFailure, type WorkResult } from './external-steps.service.js';
import { keyOf, type RunError, type StepRecord } from './flow-run.js';
import { FlowRunStarts } from './flow-run-starts.service.js';
import { nextSignal, type RunAction, takenSignals } from './interpreter.js';
import type { RunSession } from './run-session.js';

/** What became of a step that reaches nothing outside of the flow. */
export type ControlOutcome =
  | ({ do: 'complete'; fields?: Partial<StepRecord> } & WorkResult)
  | { do: 'wait'; waits_for: string; fields: Partial<StepRecord>; writes?: Write[] }
  | { do: 'fail'; failure: StepFailure };

type Begin = RunAction & { do: 'begin' };
type Settle = RunAction & { do: 'settle' };

/** Steps that compute, wait, ask, or hold other steps. A waiting step holds no memory: what it waits for is in its record. */
@Injectable()
export class ControlSteps {
  constructor(
    private readonly workers: DefinitionWorkers,
    private readonly starts: FlowRunStarts,
    private readonly clock: Clock,
  ) {}

  /** @throws ExpressionError, StepFailure */
  async begin(session: RunSession, action: Begin, record: StepRecord): Promise<ControlOutcome> {
    const { step, items } = action;
    const { transform, wait, wait_for, approval, flow, for_each, switch: choice } = step;
    if (wait) return this.beginWait(session, wait, items, step);
    if (wait_for || approval) return this.beginAsking(session, action);
    if (flow) return this.beginFlow(session, flow, action, record);
    if (for_each) return this.beginItems(session, for_each, action);
    if (choice) return this.beginCase(session, choice, items, step);
    const isExpression = typeof transform === 'string' && !transform.includes('${{');
    const template = isExpression ? `\${{ ${transform} }}` : transform;
    return { do: 'complete', output: await this.rendered(session, template, items, step) };
  }

  /** @returns undefined when the wait is not over after all */
  async settle(session: RunSession, action: Settle, record: StepRecord): Promise<ControlOutcome | undefined> {
    const { step, key } = action;
    if (step.for_each) return this.settleItems(session, step.for_each, action, record);
    if (step.switch) return this.settleCase(session, action, record);
    if (step.approval) return settleApproval(session, step.approval, key);
    if (step.wait_for) return settleSignal(session, step.wait_for, record, this.clock.timestamp());
    if (step.flow) return this.settleFlow(session, key);
    return { do: 'complete', output: null };
  }

  private async beginWait(
    session: RunSession,
    { seconds, until }: NonNullable<FlowStep['wait']>,
    items: readonly number[],
    step: FlowStep,
  ): Promise<ControlOutcome> {
    const now = this.clock.now().getTime();
    const at =
      until === undefined
        ? now + 1000 * secondsOf(await this.field(session, seconds ?? 0, items, step))
        : timeOf(until, await this.field(session, until, items, step));
    if (session.run.dry_run) return { do: 'complete', output: null, note: 'A dry run does not wait.' };
    if (at <= now) return { do: 'complete', output: null };
    if (at - now > FLOW_LIMITS.run_seconds * 1000)
      throw new StepFailure({ code: 'WAIT_TOO_LONG', message: 'A step waits at most 30 days' }, false);
    return { do: 'wait', waits_for: 'time', fields: { wake_at: new Date(at).toISOString() } };
  }

  /** The text that an approver reads is kept with the step: its expressions are evaluated once. */
  private async beginAsking(session: RunSession, { key, items, step }: Begin): Promise<ControlOutcome> {
    const { wait_for, approval } = step;
    if (session.run.dry_run)
      return approval
        ? { do: 'complete', output: APPROVED_BY_DRY_RUN, note: 'A dry run asks no one: the step counts as approved.' }
        : { do: 'complete', output: null, note: 'A dry run does not wait for signals.' };
    const expires_seconds = (wait_for ?? approval)?.expires_seconds ?? 0;
    const wake_at = new Date(this.clock.now().getTime() + expires_seconds * 1000).toISOString();
    if (!approval) return { do: 'wait', waits_for: 'signal', fields: { wake_at } };
    const { roles, message } = approval;
    if (message === undefined) return { do: 'wait', waits_for: 'approval', fields: { wake_at } };
    const asked = { roles, message: await this.rendered(session, message, items, step) };
    const { stored, writes } = session.prepare(`${key}#input`, asked);
    return { do: 'wait', waits_for: 'approval', fields: { wake_at, input: stored }, writes };
  }

  private async beginFlow(
    session: RunSession,
    { flow_id, version, input }: NonNullable<FlowStep['flow']>,
    { key, items, step }: Begin,
    record: StepRecord,
  ): Promise<ControlOutcome> {
    if (record.child_run_id !== undefined) return { do: 'wait', waits_for: 'flow', fields: {} };
    const given = (await this.rendered(session, input ?? {}, items, step)) as Record<string, unknown>;
    try {
      const started = await this.starts.startChild(session, key, { flow_id, version, input: given });
      return { do: 'wait', waits_for: 'flow', fields: started };
    } catch (error) {
      if (!(error instanceof DomainError) || error.code === 'DATABASE_ERROR') throw error;
      const { code, message, details } = error;
      throw new StepFailure({ code, message, details }, false);
    }
  }

  private async beginItems(
    session: RunSession,
    { items: list, steps }: NonNullable<FlowStep['for_each']>,
    { key, items, step }: Begin,
  ): Promise<ControlOutcome> {
    const value =
      typeof list === 'string'
        ? await this.expression(session, list, items, step)
        : await this.rendered(session, list, items, step);
    if (!Array.isArray(value)) throw new ExpressionError(typeof list === 'string' ? list : 'items', 'must be a list');
    if (value.length > FLOW_LIMITS.items)
      throw new StepFailure(
        { code: 'TOO_MANY_ITEMS', message: `The list has ${value.length} items; the limit is ${FLOW_LIMITS.items}` },
        false,
      );
    const runs = session.state.steps.size + value.length * steps.length;
    if (runs > FLOW_LIMITS.step_runs)
      throw new StepFailure(
        { code: 'TOO_MANY_STEPS', message: `The run would have ${runs} steps; the limit is ${FLOW_LIMITS.step_runs}` },
        false,
      );
    const { stored, writes } = session.prepare(`${key}#input`, value);
    return { do: 'wait', waits_for: 'items', fields: { items: value.length, input: stored }, writes };
  }

  private async beginCase(
    session: RunSession,
    { cases, default: otherwise }: NonNullable<FlowStep['switch']>,
    items: readonly number[],
    step: FlowStep,
  ): Promise<ControlOutcome> {
    for (const [index, one] of cases.entries()) {
      const value = await this.expression(session, one.when, items, step);
      if (typeof value !== 'boolean') throw new ExpressionError(one.when, 'must be true or false');
      if (value) return { do: 'wait', waits_for: 'case', fields: { case_name: caseName(one, index) } };
    }
    return { do: 'wait', waits_for: 'case', fields: { case_name: otherwise ? 'default' : null } };
  }

  /** The output of each item: what `output` says, or the output of its only step, or those of its steps by their ids. */
  private async settleItems(
    session: RunSession,
    { steps, output }: NonNullable<FlowStep['for_each']>,
    { key, items, failed_key }: Settle,
    record: StepRecord,
  ): Promise<ControlOutcome> {
    if (failed_key !== undefined) return innerFailure(session, failed_key);
    const outputs: unknown[] = [];
    for (let index = 0; index < (record.items ?? 0); index++) {
      const inside = [...items, index];
      const [first] = steps;
      if (output !== undefined && first) outputs.push(await this.rendered(session, output, inside, first));
      else outputs.push(await outputOfSteps(session, steps, inside));
    }
    return { do: 'complete', output: outputs, fields: { key } };
  }

  private async settleCase(
    session: RunSession,
    { step, items, failed_key }: Settle,
    record: StepRecord,
  ): Promise<ControlOutcome> {
    if (failed_key !== undefined) return innerFailure(session, failed_key);
    const { case_name = null } = record;
    const scope = session.flow.graph.scopesOf(step.id).find((one) => one.case_name === case_name);
    const output = scope ? await outputOfSteps(session, scope.steps, items) : null;
    return { do: 'complete', output: { case: case_name, output } };
  }

  private async settleFlow(session: RunSession, key: string): Promise<ControlOutcome | undefined> {
    const end = session.state.children.get(key);
    if (!end) return undefined;
    const { status, run_id, error, cost_usd } = end;
    if (status === 'completed') {
      const output = await this.starts.outputOf(session.run.org_id, run_id, end.output);
      return { do: 'complete', output, request_id: run_id, cost_usd };
    }
    const failed: RunError = {
      code: `FLOW_${status.toUpperCase()}`,
      message: `The flow ended as ${status}: ${error?.message ?? 'no reason was given'}`,
      details: { run_id },
    };
    return { do: 'fail', failure: new StepFailure(failed, false, { request_id: run_id, cost_usd }) };
  }

  private expression(session: RunSession, text: string, items: readonly number[], step: FlowStep): Promise<unknown> {
    return this.rendered(session, `\${{ ${bareExpression(text)} }}`, items, step);
  }

  /** A number as it is; a text with expressions or one that is an expression. */
  private field(session: RunSession, value: unknown, items: readonly number[], step: FlowStep): Promise<unknown> {
    if (typeof value !== 'string') return Promise.resolve(value);
    const isPlainTime = /^\d{4}-\d\d-\d\dT/.test(value) || value.includes('${{');
    return isPlainTime ? this.rendered(session, value, items, step) : this.expression(session, value, items, step);
  }

  private async rendered(
    session: RunSession,
    template: unknown,
    items: readonly number[],
    step: FlowStep,
  ): Promise<unknown> {
    const names = new Set([...expressionsIn(template)].flatMap((expression) => [...analysisOf(expression).steps]));
    return this.workers.render(session.run.org_id, template, await session.context(names, items, step));
  }
}

const APPROVED_BY_DRY_RUN = { approved: true, by: null, comment: null, at: null };

function settleApproval(
  { state }: RunSession,
  { on_expiry }: NonNullable<FlowStep['approval']>,
  key: string,
): ControlOutcome {
  const decision = state.decisions.get(key);
  if (decision) {
    const { approve, by, comment, at } = decision;
    if (approve) return { do: 'complete', output: { approved: true, by, comment, at } };
    const because = comment === null ? '' : `: ${comment}`;
    return failed('REJECTED', `The approval was refused${because}`, { by });
  }
  if (on_expiry === 'approve')
    return { do: 'complete', output: { approved: true, by: null, comment: 'expired', at: null } };
  if (on_expiry === 'reject') return failed('REJECTED', 'The approval expired and counts as refused', { by: null });
  return failed('EXPIRED', 'No one decided in time');
}

function settleSignal(
  session: RunSession,
  { signal, on_expiry }: NonNullable<FlowStep['wait_for']>,
  { wake_at = '' }: StepRecord,
  now: string,
): ControlOutcome | undefined {
  const { state, takenSignals: taking } = session;
  const found = nextSignal(state, signal, new Set([...takenSignals(state), ...taking]));
  if (found) {
    taking.add(found.signal_id);
    return { do: 'complete', output: found.data, fields: { signal_id: found.signal_id } };
  }
  // Another step has taken the signal at the same moment.
  if (wake_at > now) return undefined;
  if (on_expiry === 'continue') return { do: 'complete', output: null };
  return failed('EXPIRED', `The signal "${signal}" did not arrive in time`);
}

function innerFailure({ state }: RunSession, failed_key: string): ControlOutcome {
  const record = state.steps.get(failed_key);
  const { code, message } = record?.error ?? { code: 'STEP_FAILED', message: 'failed' };
  return failed('INNER_STEP_FAILED', `${failed_key}: ${message}`, { key: failed_key, code });
}

function failed(code: string, message: string, details?: Record<string, unknown>): ControlOutcome {
  return { do: 'fail', failure: new StepFailure({ code, message, ...(details ? { details } : {}) }, false) };
}

async function outputOfSteps(session: RunSession, steps: FlowStep[], items: readonly number[]): Promise<unknown> {
  const outputs = await Promise.all(
    steps.map(async ({ id }) => {
      const key = keyOf(id, items);
      return [id, await session.value(`${key}#output`, session.record(key)?.output)] as const;
    }),
  );
  const [only] = outputs;
  return outputs.length === 1 && only ? only[1] : Object.fromEntries(outputs);
}

function secondsOf(value: unknown): number {
  if (typeof value === 'number' && value >= 0) return value;
  throw new StepFailure({ code: 'INVALID_INPUT', message: 'wait.seconds must be a number of at least 0' }, false);
}

function timeOf(text: string, value: unknown): number {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(at)) throw new ExpressionError(text, 'must be a time, such as 2026-01-01T09:00:00Z');
  return at;
}
