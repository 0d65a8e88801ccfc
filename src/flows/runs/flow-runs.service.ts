import { setTimeout as delay } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { AuditLog } from '../../identity/audit/audit-log.js';
import { actorOf, holds, type Principal, type Role } from '../../identity/principal.js';
import { PermissionDeniedError, NotFoundError } from '../../shared/domain-error.js';
import type { Page } from '../../shared/page.js';
import { FlowRunNotFoundError } from '../flows.errors.js';
import { FlowsService } from '../flows.service.js';
import type { PageWish } from '../flows.repository.js';
import {
  type FlowRun,
  isFinal,
  itemsOf,
  type ListedRun,
  type RunEvent,
  runKeyOf,
  type RunState,
  type StepRecord,
  type StepStatus,
  type StoredValue,
} from './flow-run.js';
import { FlowRunControl, legalActions } from './flow-run-control.service.js';
import { FlowRunsRepository, type RunFilter } from './flow-runs.repository.js';
import { FlowRunStarts } from './flow-run-starts.service.js';
import { type DeadLetter, DeadLettersRepository } from './dead-letters.repository.js';

const FIRST_POLL_MS = 20;
const LONGEST_POLL_MS = 400;
const EVENT_POLL_MS = 250;
/** Polls without an event after which the run itself is looked at. */
const POLLS_PER_LOOK = 8;
const STEPS_SHOWN = 2_000;
/** Values that are stored apart are read for a view until they reach this size together. */
const VIEW_BYTES = 2_000_000;

/** A step of a run as it is shown: also one that has not begun. */
export type StepView = Omit<StepRecord, 'status' | 'input' | 'output' | 'completed_as' | 'attempts'> & {
  status: StepStatus;
  attempts: StepRecord['attempts'];
  input: unknown;
  output: unknown;
};

export interface RunView {
  run: FlowRun;
  input: unknown;
  output: unknown;
  steps: StepView[];
  /** True when the run has more steps than are shown. */
  steps_truncated: boolean;
  legal_actions: string[];
}

/** Reading runs, following them, and deciding approvals. */
@Injectable()
export class FlowRunsService implements BeforeApplicationShutdown {
  private isClosing = false;

  constructor(
    private readonly repository: FlowRunsRepository,
    private readonly flows: FlowsService,
    private readonly control: FlowRunControl,
    private readonly audit: AuditLog,
  ) {}

  beforeApplicationShutdown(): void {
    this.isClosing = true;
  }

  list(org_id: string, filter: RunFilter, page: PageWish): Promise<Page<ListedRun>> {
    return this.repository.list(org_id, filter, page);
  }

  /** @throws FlowRunNotFoundError also for a run of another organization */
  async get(org_id: string, run_id: string): Promise<RunView> {
    const state = await this.repository.load(runKeyOf({ org_id, run_id }));
    if (!state) throw new FlowRunNotFoundError(run_id);
    return this.view(org_id, state);
  }

  /** A run that has just been started: nothing of it has to be read. */
  begun(run: FlowRun): Promise<RunView> {
    return this.view(run.org_id, stateOf(run));
  }

  private async view(org_id: string, state: RunState): Promise<RunView> {
    const { graph } = await this.flows.runnable(org_id, state.run.flow_id, state.run.flow_version);
    const order = new Map(graph.all.map(({ step }, index) => [step.id, index]));
    const records = [...state.steps.values()].sort(
      (a, b) => (order.get(a.step_id) ?? 0) - (order.get(b.step_id) ?? 0) || compareItems(itemsOf(a), itemsOf(b)),
    );
    const shown = records.slice(0, STEPS_SHOWN);
    const budget = { left: VIEW_BYTES };
    const { run } = state;
    const value = (name: string, stored: StoredValue | null | undefined) =>
      this.viewOf(runKeyOf(run), name, stored, budget);
    const [input, output] = [await value('RUN#input', run.input), await value('RUN#output', run.output)];
    const views = new Map<string, StepView[]>();
    for (const record of shown) {
      const { key, step_id } = record;
      const of = views.get(step_id) ?? [];
      const values = {
        input: await value(`${key}#input`, record.input),
        output: await value(`${key}#output`, record.output),
      };
      of.push(viewOfStep(record, values, run));
      views.set(step_id, of);
    }
    const steps = graph.all.flatMap(({ step, scope }) => {
      const begun = views.get(step.id) ?? [];
      return begun.length > 0 || scope.loops > 0 ? begun : [notBegun(step.id, state)];
    });
    const steps_truncated = records.length > shown.length;
    return { run: statusNow(run), input, output, steps, steps_truncated, legal_actions: legalActions(run) };
  }

  /** Waits until the run has ended, at most so long. @returns the run as it is then. @throws the signal's reason when it is aborted */
  async wait(run: FlowRun, wait_seconds: number, signal?: AbortSignal): Promise<FlowRun> {
    const deadline = performance.now() + wait_seconds * 1000;
    let current = run;
    for (let pause = FIRST_POLL_MS; !isFinal(current.status); pause = Math.min(pause * 1.5, LONGEST_POLL_MS)) {
      const left = deadline - performance.now();
      if (left <= 0 || this.isClosing) break;
      await delay(Math.min(pause, left), undefined, signal ? { signal } : {});
      current = (await this.repository.findRun(run.org_id, run.run_id)) ?? current;
    }
    return statusNow(current);
  }

  /**
   * Decides an approval, once. The decision is stored with its entry in the audit log.
   * @throws PermissionDeniedError for a caller without one of the roles; NotFoundError, InvalidStateError, ConflictError
   */
  async decide(
    principal: Principal,
    run_id: string,
    key: string,
    { approve, comment }: { approve: boolean; comment: string | null },
  ): Promise<void> {
    const { org_id } = principal;
    const { run, roles } = await this.control.approvalOf(org_id, run_id, key);
    if (!roles.some((role) => holds(principal, role as Role)))
      throw new PermissionDeniedError('You do not have a role that can decide this approval', {
        details: { required_roles: roles },
        suggestion: 'Ask a member with one of the required roles to decide.',
      });
    const by = actorOf(principal);
    const entry = this.audit.creationOf({
      ...{ org_id, actor: by, action: 'flow_run.decided', outcome: 'success', target: run_id },
      details: { step_id: key, approve, ...(comment === null ? {} : { comment }) },
    });
    await this.control.decide(run, { key, approve, comment, by }, [entry]);
  }

  /**
   * The events after a position, stored ones first, until the run has ended. They are kept for seven days.
   * @returns undefined when nothing follows the position. @throws FlowRunNotFoundError
   */
  async follow(org_id: string, run_id: string, position: number): Promise<AsyncGenerator<RunEvent> | undefined> {
    const run = await this.repository.findRun(org_id, run_id);
    if (!run) throw new FlowRunNotFoundError(run_id);
    const run_key = runKeyOf(run);
    if (isFinal(run.status) && (await this.repository.lastEvent(run_key)) <= position) return undefined;
    return this.events(run, position);
  }

  private async *events({ org_id, run_id }: FlowRun, after: number): AsyncGenerator<RunEvent> {
    const run_key = runKeyOf({ org_id, run_id });
    let position = after;
    for (let poll = 1; !this.isClosing; poll++) {
      const events = await this.repository.eventsAfter(run_key, position);
      for (const event of events) {
        yield event;
        position = event.id;
      }
      // A run that is continued after its end has further events.
      const hasEnded = events.at(-1)?.type === 'run.ended';
      if (hasEnded || (events.length === 0 && poll % POLLS_PER_LOOK === 0)) {
        const run = await this.repository.findRun(org_id, run_id);
        if (!run || isFinal(run.status)) {
          const rest = await this.repository.eventsAfter(run_key, position);
          yield* rest;
          return;
        }
      }
      if (events.length === 0) await delay(EVENT_POLL_MS);
    }
  }

  private async viewOf(
    run_key: string,
    name: string,
    stored: StoredValue | null | undefined,
    budget: { left: number },
  ): Promise<unknown> {
    if (!stored) return null;
    if ('value' in stored) return stored.value;
    budget.left -= stored.bytes;
    if (budget.left < 0) return { truncated: true, bytes: stored.bytes };
    return this.repository.readValue(run_key, name, stored);
  }
}

const stateOf = (run: FlowRun): RunState => ({
  ...{ run, steps: new Map(), signals: [], decisions: new Map(), children: new Map() },
  ...{ is_locked_out: false, completed_scopes: new Set() },
});

function viewOfStep(record: StepRecord, values: { input: unknown; output: unknown }, run: FlowRun): StepView {
  const { completed_as: _, ...shown } = record;
  const isOpen = record.status === 'running' || record.status === 'retrying' || record.status === 'waiting';
  // What the end of a run left unfinished is not written again for each step.
  return { ...shown, ...values, status: isOpen && isFinal(run.status) ? 'cancelled' : record.status };
}

function notBegun(step_id: string, { run }: RunState): StepView {
  return {
    ...{ key: step_id, step_id, item: null, attempts: [], input: null, output: null },
    status: isFinal(run.status) ? 'skipped' : 'pending',
  };
}

/** A request to pause shows at once, also while attempts are under way. */
export const statusNow = (run: FlowRun): FlowRun =>
  run.is_paused && !isFinal(run.status) && !run.cancel ? { ...run, status: 'paused' } : run;

function compareItems(a: number[], b: number[]): number {
  const index = a.findIndex((item, at) => item !== b[at]);
  return index === -1 ? a.length - b.length : (a[index] ?? 0) - (b[index] ?? 0);
}

/** Runs that failed for good: looked through, run again from their input, or given up. */
@Injectable()
export class DeadLettersService {
  constructor(
    private readonly repository: DeadLettersRepository,
    private readonly flows: FlowsService,
    private readonly runs: FlowRunsService,
    private readonly starts: FlowRunStarts,
  ) {}

  /** @throws FlowNotFoundError */
  async list(org_id: string, flow_id: string, page: PageWish): Promise<Page<DeadLetter>> {
    await this.flows.get(org_id, flow_id);
    return this.repository.list(org_id, flow_id, page);
  }

  /**
   * Starts a new run of the newest version with the same input. The dead letter goes in the same transaction, so it is
   * replayed once.
   * @throws NotFoundError, FlowNotPublishedError
   */
  async replay({ org_id, user_id }: { org_id: string; user_id: string }, dead_letter_id: string): Promise<FlowRun> {
    const letter = await this.get(org_id, dead_letter_id);
    const { input } = await this.runs.get(org_id, letter.run_id);
    const wish = {
      ...{ org_id, user_id, flow_id: letter.flow_id, input: input as Record<string, unknown> },
      trigger: { kind: 'replay' as const, id: dead_letter_id },
    };
    const { run } = await this.starts.start(
      wish,
      this.repository.deletions(letter, () => missing(dead_letter_id)),
    );
    return run;
  }

  /** @throws NotFoundError */
  async delete(org_id: string, dead_letter_id: string): Promise<void> {
    await this.repository.delete(await this.get(org_id, dead_letter_id), () => missing(dead_letter_id));
  }

  private async get(org_id: string, dead_letter_id: string): Promise<DeadLetter> {
    const letter = await this.repository.find(org_id, dead_letter_id);
    if (!letter) throw missing(dead_letter_id);
    return letter;
  }
}

const missing = (dead_letter_id: string): NotFoundError => new NotFoundError('Dead letter', dead_letter_id);
