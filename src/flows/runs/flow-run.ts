export const RUN_STATUSES = [
  ...['queued', 'running', 'waiting', 'paused', 'compensating'],
  ...['completed', 'failed', 'compensated', 'cancelled', 'timed_out'],
] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];
export type FinalStatus = 'completed' | 'failed' | 'compensated' | 'cancelled' | 'timed_out';
export const FINAL_STATUSES: readonly RunStatus[] = ['completed', 'failed', 'compensated', 'cancelled', 'timed_out'];

export const STEP_STATUSES = [
  ...['pending', 'running', 'retrying', 'waiting'],
  ...['completed', 'failed', 'skipped', 'cancelled'],
] as const;
export type StepStatus = (typeof STEP_STATUSES)[number];

export const TRIGGER_KINDS = ['api', 'schedule', 'webhook', 'event', 'flow', 'agent', 'replay'] as const;
export type TriggerKind = (typeof TRIGGER_KINDS)[number];

/** Why a step or a run failed. */
export interface RunError {
  code: string;
  message: string;
  /** The step that failed; absent in the error of a step itself. */
  step_id?: string;
  details?: Record<string, unknown>;
}

export interface Attempt {
  started_at: string;
  ended_at: string | null;
  /** `interrupted`: its process died, and what it did is not known. */
  status: 'running' | 'completed' | 'failed' | 'interrupted';
  error: RunError | null;
  /** The id by which the called service or the agent's run can be found. */
  request_id?: string;
}

/** A value of a step: in the record itself, or apart when it is larger than {@link INLINE_MAX_BYTES}. */
export type StoredValue = { value: unknown } | { parts: number; bytes: number };

/** Larger values are stored apart, so that the records of a run stay quick to read. */
export const INLINE_MAX_BYTES = 4_000;

/** One run of a step; of an inner step of a `for_each`, one for each item. Written only by the process that drives the run. */
export interface StepRecord {
  /** `<step_id>`, with the numbers of its items in brackets inside a `for_each`: `charge[3]`, `charge[3.0]`. */
  key: string;
  step_id: string;
  item: string | null;
  status: Exclude<StepStatus, 'pending'>;
  attempts: Attempt[];
  input?: StoredValue;
  output?: StoredValue;
  error?: RunError;
  /** Evaluated once, so that every attempt sends the same. */
  idempotency_key?: string;
  /** While it retries. */
  next_attempt_at?: string;
  /** While it waits: when the wait is over or expires. */
  wake_at?: string;
  /** The number of items of an open `for_each`; the case of an open `switch`, null for no case. */
  items?: number;
  case_name?: string | null;
  /** The signal that a `wait_for` step took. */
  signal_id?: string;
  /** The run that a `flow` step started. */
  child_run_id?: string;
  /** What that run may cost at most, while it runs. */
  allowance_usd?: number;
  /** Position in the order in which the steps of the run were completed. */
  completed_as?: number;
  cost_usd?: number;
  /** What a dry run did instead. */
  note?: string;
  compensation?: CompensationRecord;
}

export interface CompensationRecord {
  status: 'running' | 'retrying' | 'completed' | 'failed';
  attempts: Attempt[];
  error?: RunError;
  idempotency_key?: string;
  next_attempt_at?: string;
}

/** What somebody outside of the run has said to it. Written by any process, never changed. */
export interface Signal {
  signal_id: string;
  name: string;
  data: unknown;
  at: string;
  by: string;
}

export interface Decision {
  key: string;
  approve: boolean;
  comment: string | null;
  by: string;
  at: string;
}

export interface ChildEnd {
  key: string;
  run_id: string;
  status: FinalStatus;
  output: StoredValue;
  error: RunError | null;
  cost_usd: number;
}

export interface CancelRequest {
  reason: string;
  compensate: boolean;
  by: string;
  at: string;
}

/** What people ask of a run. A record of its own, so that they and the process that drives the run never write the same one. */
export interface RunControl {
  is_paused: boolean;
  cancel: CancelRequest | null;
  revision: number;
}

/** The record of a run, written by the process that drives it. `is_paused` and `cancel` come from {@link RunControl}. */
export interface FlowRun {
  run_id: string;
  org_id: string;
  user_id: string;
  /** The API key that started the run, or the run above it; absent when it was no key. */
  key_id?: string;
  flow_id: string;
  flow_version: number;
  status: RunStatus;
  trigger: { kind: TriggerKind; id: string | null };
  input: StoredValue;
  output: StoredValue | null;
  error: RunError | null;
  cost_usd: number;
  max_cost_usd: number | null;
  dry_run: boolean;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
  deadline_at: string;
  is_paused: boolean;
  /** A request to end the run; it stays until the run has ended. */
  cancel: CancelRequest | null;
  /** With a concurrency key: the lock, and whether the run holds it. */
  lock: { key: string; held: boolean } | null;
  parent: { run_id: string; key: string } | null;
  /** Once nothing new begins any more: how the run will end, and the step whose failure ended it. */
  ending: { status: FinalStatus; failed_key?: string } | null;
  /** How many flows stand above this run. */
  depth: number;
  /** How often it was continued after it had ended. */
  retries: number;
  /** Steps that were undone before the run was continued: they run again, with keys of their own. */
  undone?: string[];
  /** The record of its idempotency key, by which it is deleted with the run. */
  idempotency_hash?: string;
}

/** The fields of a run that lists hold. */
export type ListedRun = Pick<
  FlowRun,
  | 'run_id'
  | 'org_id'
  | 'flow_id'
  | 'flow_version'
  | 'status'
  | 'trigger'
  | 'error'
  | 'cost_usd'
  | 'dry_run'
  | 'created_at'
  | 'started_at'
  | 'ended_at'
>;

/** All that is stored of a run. */
export interface RunState {
  run: FlowRun;
  steps: Map<string, StepRecord>;
  signals: Signal[];
  decisions: Map<string, Decision>;
  children: Map<string, ChildEnd>;
  /** Another run holds the lock of this one. */
  is_locked_out: boolean;
  /** Not stored: scopes in which nothing is left to do, so that long lists are not walked again. */
  completed_scopes: Set<string>;
}

export const isFinal = (status: RunStatus): status is FinalStatus => FINAL_STATUSES.includes(status);

/** The id of the step that a key names. */
export const stepIdOf = (key: string): string => key.split('[', 1)[0] ?? key;

/** The key of a step for the items around it. */
export const keyOf = (step_id: string, items: readonly number[]): string =>
  items.length === 0 ? step_id : `${step_id}[${items.join('.')}]`;

/** The numbers of the items in a key. */
export function itemsOf({ item }: Pick<StepRecord, 'item'>): number[] {
  return item === null ? [] : item.split('.').map(Number);
}

/** The engine's name for runs of flows. */
export const FLOW_RUN_KIND = 'flow_run';

/** The name of a run for the engine and the partition of its records: ids of runs are looked up within one organization. */
export const runKeyOf = ({ org_id, run_id }: { org_id: string; run_id: string }): string => `${org_id}#${run_id}`;

export type RunEventType =
  | 'run.created'
  | 'run.status'
  | 'run.ended'
  | 'step.started'
  | 'step.retrying'
  | 'step.waiting'
  | 'step.completed'
  | 'step.failed'
  | 'step.skipped'
  | 'step.cancelled'
  | 'compensation.started'
  | 'compensation.retrying'
  | 'compensation.completed'
  | 'compensation.failed';

export interface RunEvent {
  id: number;
  type: RunEventType;
  at: string;
  data: Record<string, unknown>;
}
