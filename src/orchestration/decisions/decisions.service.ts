import { Injectable, Logger } from '@nestjs/common';
import { AuditLog } from '../../identity/audit/audit-log.js';
import { Clock } from '../../shared/clock.js';
import { Ids } from '../../shared/ids.js';
import { countersOf } from './calibration/counters.js';
import type { Outcome } from './calibration/outcome.js';
import type { Decision } from './decision.js';
import { DecisionAnalyst } from './decision-analyst.service.js';
import { decisionRecord, decisionSummary } from './decision-record.js';
import { DecisionNotFoundError, OutcomeRecordedError } from './decisions.errors.js';
import { DecisionsRepository } from './decisions.repository.js';

export interface DecisionRequest {
  org_id: string;
  user_id: string;
  context: unknown;
  seed: number;
}

export type OutcomeReport = Omit<Outcome, 'recorded_at' | 'recorded_by'>;

/** Makes decisions, keeps them with what they foretold, and hears what came of them. */
@Injectable()
export class DecisionsService {
  private readonly logger = new Logger(DecisionsService.name);

  constructor(
    private readonly analyst: DecisionAnalyst,
    private readonly repository: DecisionsRepository,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** @throws ValidationError naming each field of the context that is not valid */
  async decide(request: DecisionRequest): Promise<Decision> {
    const { org_id, user_id } = request;
    const now = this.clock.now();
    const { context, name, analysis, written, track_record } = await this.analyst.study(request, now);
    const origin = { decision_id: this.ids.next('dec'), org_id, created_by: user_id, created_at: now.toISOString() };
    const decision = decisionRecord({ ...origin, context }, analysis, written, track_record);
    await this.repository.create(decision, decisionSummary(decision, name));
    await this.note(decision, user_id, 'decision.created', { decision: decision.decision, model: decision.model });
    return decision;
  }

  /** @throws DecisionNotFoundError */
  async get(org_id: string, decision_id: string): Promise<Decision> {
    const decision = await this.repository.findById(org_id, decision_id);
    if (!decision) throw new DecisionNotFoundError(decision_id);
    return decision;
  }

  /**
   * Stores what came of a decision and counts it into the calibration.
   * @throws DecisionNotFoundError, OutcomeRecordedError
   */
  async recordOutcome(org_id: string, user_id: string, decision_id: string, report: OutcomeReport): Promise<Decision> {
    const decision = await this.get(org_id, decision_id);
    if (decision.outcome) throw new OutcomeRecordedError(decision_id);
    const outcome = { ...report, recorded_at: this.clock.timestamp(), recorded_by: user_id };
    await this.repository.recordOutcome(org_id, decision_id, outcome, countersOf(decision.predictions, outcome));
    await this.note(decision, user_id, 'decision.outcome', { success: outcome.success });
    return { ...decision, outcome };
  }

  /** The record itself says who and when, so a lost entry is told in the log and the caller still gets the decision. */
  private async note(
    { org_id, decision_id }: Decision,
    actor: string,
    action: string,
    details: Record<string, unknown>,
  ): Promise<void> {
    await this.audit
      .record({ org_id, actor, action, outcome: 'success', target: decision_id, details })
      .catch((error: unknown) => {
        this.logger.error({ msg: 'an audit entry of a decision could not be stored', decision_id, action, err: error });
      });
  }
}
