import type { CalibrationDto } from './figures.dto.js';
import { Injectable } from '@nestjs/common';
import { AuditLog } from '../../identity/audit/audit-log.js';
import { Clock } from '../../shared/clock.js';
import { Ids } from '../../shared/ids.js';
import type { Page } from '../../shared/page.js';
import { PartnershipsService } from '../partnerships/partnerships.service.js';
import {
  countersOf,
  type Outcome,
  trackRecord,
  type Decision,
  decisionRecord,
  type DecisionSummary,
  decisionSummary,
} from './decision.js';
import { type DecisionContext, parseContext } from './decision-context.js';
import { DecisionWriter } from './decision-writer.service.js';
import { DecisionNotFoundError, OutcomeRecordedError } from '../orchestration.errors.js';
import { DecisionsRepository, type VerdictCounts } from './decisions.repository.js';
import { analyse } from './engine/decision-engine.js';

export interface DecisionRequest {
  org_id: string;
  user_id: string;
  context: unknown;
  seed: number;
}

export type OutcomeReport = Omit<Outcome, 'recorded_at' | 'recorded_by'>;

export type Calibration = CalibrationDto;

/** Makes decisions, stores them with their predictions, records outcomes and reports the calibration. */
@Injectable()
export class DecisionsService {
  constructor(
    private readonly partnerships: PartnershipsService,
    private readonly writer: DecisionWriter,
    private readonly repository: DecisionsRepository,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /**
   * Analyses a context, puts the analysis into words and stores both.
   * @throws ValidationError naming each invalid field of the context
   */
  async decide({ org_id, user_id, context: given, seed }: DecisionRequest): Promise<Decision> {
    const now = this.clock.now();
    const context = parseContext(given);
    const [partners, counters] = await Promise.all([
      this.partnersOf(org_id, context),
      this.repository.outcomeCounters(org_id),
    ]);
    const track_record = trackRecord(counters);
    const analysis = await analyse({ context, given, seed, partners });
    const written = await this.writer.write(org_id, analysis, given, track_record, now);
    const decision = decisionRecord(
      {
        decision_id: this.ids.next('dec'),
        org_id,
        created_by: user_id,
        created_at: now.toISOString(),
        context: given as Record<string, unknown>,
      },
      analysis,
      written,
      track_record,
    );
    await this.repository.create(decision, decisionSummary(decision, context.name));
    await this.record(decision, user_id, 'decision.created', { decision: decision.decision, model: decision.model });
    return decision;
  }

  /** @throws DecisionNotFoundError */
  async get(org_id: string, decision_id: string): Promise<Decision> {
    const decision = await this.repository.findById(org_id, decision_id);
    if (!decision) throw new DecisionNotFoundError(decision_id);
    return decision;
  }

  /** Newest first. @throws ValidationError for a cursor of another list */
  list(org_id: string, page: { limit: number; last_key?: string | undefined }): Promise<Page<DecisionSummary>> {
    return this.repository.list(org_id, page);
  }

  /** Computed from counters: two reads, regardless of the number of decisions. */
  async calibration(org_id: string): Promise<Calibration> {
    const [outcomes, by_decision] = await Promise.all([
      this.repository.outcomeCounters(org_id),
      this.repository.verdictCounts(org_id),
    ]);
    return { decisions: sum(by_decision), by_decision, ...trackRecord(outcomes) };
  }

  /** The number of decisions of an organization. */
  async total(org_id: string): Promise<number> {
    return sum(await this.repository.verdictCounts(org_id));
  }

  /**
   * Stores the outcome of a decision and counts it into the calibration.
   * @throws DecisionNotFoundError, OutcomeRecordedError
   */
  async recordOutcome(org_id: string, user_id: string, decision_id: string, report: OutcomeReport): Promise<Decision> {
    const decision = await this.get(org_id, decision_id);
    if (decision.outcome) throw new OutcomeRecordedError(decision_id);
    const outcome = { ...report, recorded_at: this.clock.timestamp(), recorded_by: user_id };
    await this.repository.recordOutcome(org_id, decision_id, outcome, countersOf(decision.predictions, outcome));
    await this.record(decision, user_id, 'decision.outcome', { success: outcome.success });
    return { ...decision, outcome };
  }

  private async partnersOf(org_id: string, context: DecisionContext) {
    const all = [context, ...context.alternatives].flatMap(({ partners }) => partners.map(({ id }) => id));
    return all.length === 0 ? [] : this.partnerships.healthOf(org_id, [...new Set(all)]);
  }

  /** The decision itself holds who and when: an entry that cannot be stored now is stored later. */
  private async record(
    { org_id, decision_id }: Decision,
    actor: string,
    action: string,
    details: Record<string, unknown>,
  ): Promise<void> {
    const fact = { org_id, actor, action, outcome: 'success', target: decision_id, details } as const;
    await this.audit.record(fact).catch(() => this.audit.note(fact));
  }
}

function sum(counts: VerdictCounts): number {
  return Object.values(counts).reduce((total, one) => total + one, 0);
}
