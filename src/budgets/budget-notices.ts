import { Injectable } from '@nestjs/common';
import { Engine } from '../engine/engine.js';
import { type Decision, type StepRun, WorkflowKind, type WorkflowStep } from '../engine/workflow-kind.js';
import { UnitOfWork, type Write } from '../platform/database/unit-of-work.js';
import { OutgoingHttp } from '../platform/outgoing/outgoing-http.js';
import { OutgoingRefusedError } from '../platform/outgoing/outgoing.errors.js';
import { SignedWebhooks } from '../platform/webhooks/signed-webhooks.js';
import { Clock } from '../shared/clock.js';
import { ValidationError } from '../shared/domain-error.js';
import { Ids } from '../shared/ids.js';
import type { BudgetNotice, Ledger, Threshold } from './budget.js';
import { BudgetsRepository } from './budgets.repository.js';

const ATTEMPTS = 5;
/** Before the second attempt; each further pause is six times as long. */
const FIRST_PAUSE_MS = 1_000;
const GROWTH = 6;
const KEPT_SECONDS = 30 * 24 * 60 * 60;

type StoredNotice = BudgetNotice & { expires_at: number };

/**
 * Reports thresholds to the webhooks of budgets, at least once, as durable runs: any process delivers them, in at most five
 * attempts. The report is stored in the transaction that marks the threshold as reported, so that none is lost or started twice.
 */
@Injectable()
export class BudgetNotices extends WorkflowKind<StoredNotice> {
  override readonly name = 'budget_notice';
  override readonly slots = 4;

  constructor(
    private readonly repository: BudgetsRepository,
    private readonly engine: Engine,
    private readonly webhooks: SignedWebhooks,
    private readonly outgoing: OutgoingHttp,
    private readonly unit: UnitOfWork,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {
    super();
  }

  /** @throws ValidationError for an address that the platform does not call */
  assertCallable(url: string): void {
    try {
      this.outgoing.check(url);
    } catch (error) {
      if (!(error instanceof OutgoingRefusedError)) throw error;
      throw ValidationError.field('webhook_url', error.message.replace(/^url /, ''));
    }
  }

  /** The report of a threshold; undefined for a budget without a webhook. */
  of({ budget }: Ledger, threshold: Threshold, window: object): BudgetNotice | undefined {
    const { webhook_url, org_id, scope, scope_id, enforcement } = budget;
    if (webhook_url === null) return undefined;
    const timestamp = this.clock.timestamp();
    const data = { scope, scope_id, enforcement, threshold_percent: threshold, ...window };
    return {
      notice_id: this.ids.next('note'),
      org_id,
      url: webhook_url,
      payload: { type: 'budget.threshold_reached', timestamp, data },
      attempts: 0,
      next_at: timestamp,
      status: 'waiting',
      last_error: null,
    };
  }

  /** Stores the mark of a threshold, with its report. @returns what `store` returns: false when it was reported before */
  async start(notice: BudgetNotice | undefined, store: (writes: Write[]) => Promise<boolean>): Promise<boolean> {
    if (!notice) return store([]);
    const { notice_id: run_id, org_id } = notice;
    const plan = this.engine.plan({ kind: this.name, run_id, org_id, is_accepted: true });
    const expires_at = Math.floor(this.clock.now().getTime() / 1000) + KEPT_SECONDS;
    let isStored = false;
    try {
      isStored = await store([this.repository.notice(notice, expires_at), ...plan.writes]);
      return isStored;
    } finally {
      if (isStored) plan.committed();
      else plan.abandoned();
    }
  }

  override load(run_id: string): Promise<StoredNotice | undefined> {
    return this.repository.findNotice(run_id);
  }

  override next({ status, attempts, next_at }: StoredNotice, now: Date): Decision {
    if (status !== 'waiting') return { do: 'done' };
    if (next_at > now.toISOString()) return { do: 'sleep', until: next_at };
    return { do: 'run', steps: [{ id: `attempt_${attempts + 1}` }] };
  }

  override async runStep(notice: StoredNotice, _step: WorkflowStep, { signal, fence }: StepRun): Promise<StoredNotice> {
    const { notice_id: id, org_id, url, payload, expires_at } = notice;
    const attempt = await this.webhooks.send({ org_id, id, url, payload }, signal);
    signal.throwIfAborted();
    const attempts = notice.attempts + 1;
    const error = 'error' in attempt ? attempt.error : null;
    const isLast = attempt.kind === 'refused' || attempts >= ATTEMPTS;
    const pause = FIRST_PAUSE_MS * GROWTH ** (attempts - 1);
    const status = attempt.kind === 'delivered' ? 'delivered' : isLast ? 'failed' : 'waiting';
    const next_at = new Date(this.clock.now().getTime() + pause).toISOString();
    const after: StoredNotice = { ...notice, attempts, status, next_at, last_error: error };
    const writes = status === 'waiting' ? fence.holds() : fence.ends();
    await this.unit.commit([this.repository.notice(after, expires_at), ...writes]);
    return after;
  }
}
