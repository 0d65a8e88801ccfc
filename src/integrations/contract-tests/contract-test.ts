import type { Risk } from '../catalogue/operation.js';
import type { SchemaFault } from '../catalogue/schema-faults.js';

export const CONTRACT_TARGETS = ['mock', 'live'] as const;
/** What is called: the mock, for every operation; or the API itself, for operations that only read. */
export type ContractTarget = (typeof CONTRACT_TARGETS)[number];

export const GOLDEN_STATES = ['same', 'changed', 'recorded', 'none'] as const;

/** One operation of a run. */
export interface ContractResult {
  operation_id: string;
  name: string;
  risk: Risk;
  passed: boolean;
  /** Null when there was no answer. */
  status: number | null;
  /** Whether the answer fits the document; null when the document says nothing. */
  valid: boolean | null;
  mismatches: SchemaFault[];
  /** Against the recorded answer: fields and their types. */
  golden: (typeof GOLDEN_STATES)[number];
  differences: string[];
  /** Whether three answers were equal. */
  deterministic: boolean;
  error: string | null;
}

/** One run of the contract tests of an integration. */
export interface ContractRun {
  run_id: string;
  integration_id: string;
  /** Of the document. */
  version: number;
  target: ContractTarget;
  /** Whether it replaced the recorded answers. */
  recorded: boolean;
  passed: number;
  failed: number;
  /** Operations beyond the bounds of a run. */
  skipped: number;
  /** Of the tested operations, 0 to 1; null when none was tested. */
  deterministic_share: number | null;
  started_by: string;
  started_at: string;
  duration_ms: number;
}
