import type { Write } from '../platform/database/unit-of-work.js';
import type { GaugeName } from './counter-row.js';

/** One finished attempt to run an agent. */
export interface InvocationFact {
  kind: 'invocation';
  org_id: string;
  agent_id: string;
  /** When it began (`created_at`), UTC: decides the day it counts for. */
  occurred_at: string;
  success: boolean;
  /** It failed for the fault of who ran or answered it: not because it was cancelled, hit its own limits or was refused. */
  fault: boolean;
  duration_ms: number;
  input_tokens: number;
  output_tokens: number;
  /** Of a run that a rollout gave one of its two versions. */
  rollout?: RolloutPart;
}

/** What a rollout counts of a run. */
export interface RolloutPart {
  rollout_id: string;
  /** The version that it ran. */
  version: string;
  /** US dollars; absent when the price is not known. */
  cost_usd?: number;
}

/** One build attempt that has ended. */
export interface BuildFact {
  kind: 'build';
  org_id: string;
  /** When it ended (`ended_at`), UTC: decides the day it counts for. */
  occurred_at: string;
  outcome: 'successful' | 'failed';
  duration_seconds: number;
  /** The stage it ended in. */
  stage: string;
}

/** Something that happened once and is counted once. It is stored with its record; the statistics only ever add it up. */
export type Fact = InvocationFact | BuildFact;

/** A stored fact, and whether the counters contain it already. */
export type StoredFact = Fact & { counted: boolean };

/** A stored fact that the counters lack. */
export interface UncountedFact {
  fact: Fact;
  /** The id of its record, which names it in logs. */
  record: string;
  /**
   * A conditional update of the record that removes its `uncounted` attribute and fails when that is gone already (also when
   * the record is gone). It goes into the same transaction as the counters, which is what makes counting exact.
   */
  mark: Write;
}

/** Where facts are stored. Implemented by the features that own the records and registered with the aggregator. */
export abstract class FactSource {
  /** Names the source in logs. */
  abstract readonly name: string;

  /**
   * Facts that wait to be counted, oldest first where that is cheap, about `limit`. Fewer does not mean that there are no
   * more (a page of DynamoDB ends at 1 MB, shards fill unevenly), but none does. Reading a sparse index that lags behind is
   * fine: what it still shows although it is counted is refused by its mark.
   */
  abstract uncounted(limit: number): Promise<UncountedFact[]>;

  /** Every stored fact, read consistently; only for the recount. */
  abstract all(): AsyncIterable<StoredFact>;
}

/** Where the things that gauges count are stored. Registered with the recount (`StatisticsRecount`). */
export abstract class GaugeSource {
  /** One entry for each live thing, e.g. `agents_running` for each running agent, `builds_started` for each build kept. */
  abstract recount(): AsyncIterable<{ org_id: string; name: GaugeName }>;
}
