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
