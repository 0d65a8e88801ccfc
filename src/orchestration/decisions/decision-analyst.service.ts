import { Injectable } from '@nestjs/common';
import { type TrackRecord, trackRecord } from './calibration/track-record.js';
import type { DecisionContext } from './context/decision-context.js';
import { parseContext } from './context/parse-context.js';
import { DecisionWriter, type WrittenDecision } from './decision-writer.service.js';
import { DecisionCounters } from './decision-counters.repository.js';
import type { Analysis } from './engine/analysis.js';
import { analyse } from './engine/decision-engine.js';
import { PartnerHealth, type PartnerHealthView } from './partner-health.port.js';

export interface Study {
  context: Record<string, unknown>;
  name: string | null;
  analysis: Analysis;
  written: WrittenDecision;
  track_record: TrackRecord;
}

/** Brings together what a decision rests on: the context, how partners do, how earlier decisions did. Stores nothing. */
@Injectable()
export class DecisionAnalyst {
  constructor(
    private readonly partners: PartnerHealth,
    private readonly counters: DecisionCounters,
    private readonly writer: DecisionWriter,
  ) {}

  /** @throws ValidationError */
  async study(
    { org_id, context: given, seed }: { org_id: string; context: unknown; seed: number },
    now: Date,
  ): Promise<Study> {
    const context = parseContext(given);
    const [partners, outcomes] = await Promise.all([this.healthOf(org_id, context), this.counters.ofOutcomes(org_id)]);
    const track_record = trackRecord(outcomes);
    const analysis = await analyse({ context, given, seed, partners });
    const written = await this.writer.write(analysis, given, track_record, now);
    return { context: given as Record<string, unknown>, name: context.name, analysis, written, track_record };
  }

  private async healthOf(org_id: string, context: DecisionContext): Promise<PartnerHealthView[]> {
    const all = [context, ...context.alternatives].flatMap(({ partners }) => partners.map(({ id }) => id));
    const ids = [...new Set(all)];
    return ids.length === 0 ? [] : this.partners.of(org_id, ids);
  }
}
