import { Injectable } from '@nestjs/common';
import type { Page } from '../../shared/page.js';
import { type TrackRecord, trackRecord } from './calibration/track-record.js';
import type { DecisionSummary } from './decision.js';
import { DecisionCounters, type VerdictCounts } from './decision-counters.repository.js';
import { DecisionsRepository } from './decisions.repository.js';

export interface Calibration extends TrackRecord {
  /** How many decisions were made, with an outcome or without. */
  decisions: number;
  by_decision: VerdictCounts;
}

/** What was decided, and how it turned out. */
@Injectable()
export class DecisionHistory {
  constructor(
    private readonly repository: DecisionsRepository,
    private readonly counters: DecisionCounters,
  ) {}

  /** Newest first. @throws ValidationError for a cursor of another list */
  list(org_id: string, page: { limit: number; last_key?: string | undefined }): Promise<Page<DecisionSummary>> {
    return this.repository.list(org_id, page);
  }

  /** From counters: two reads, however many decisions there are. */
  async calibration(org_id: string): Promise<Calibration> {
    const [outcomes, by_decision] = await Promise.all([
      this.counters.ofOutcomes(org_id),
      this.counters.ofVerdicts(org_id),
    ]);
    return { decisions: sum(by_decision), by_decision, ...trackRecord(outcomes) };
  }

  /** How many decisions the organisation has made. */
  async total(org_id: string): Promise<number> {
    return sum(await this.counters.ofVerdicts(org_id));
  }
}

function sum(counts: VerdictCounts): number {
  return Object.values(counts).reduce((total, one) => total + one, 0);
}
