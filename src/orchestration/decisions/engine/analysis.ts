import type { DecisionInputs, InputName } from '../context/decision-context.js';
import type { PartnerImpact } from './partnership-impact.js';
import type { Priority } from './priority.js';
import type { Returns } from './returns.js';
import type { Risk } from './risk.js';
import type { Sensitivity } from './sensitivity.js';
import type { Simulation } from './simulation.js';
import type { Verdict } from './verdict.js';

/** What the numbers of one context say. */
export interface Assessment {
  decision: Verdict;
  priority: Priority;
  inputs: DecisionInputs;
  assumed_inputs: Partial<Record<InputName, number>>;
  missing_inputs: InputName[];
  risk: Risk;
  returns: Returns;
  /** Null when inputs are missing. */
  simulation: Simulation | null;
  sensitivity: Sensitivity | null;
  partnerships: PartnerImpact[];
}

/** One of the ways that were compared. */
export interface RankedOption {
  rank: number;
  /** Its place in `alternatives`; null is the context itself. */
  alternative: number | null;
  name: string;
  assessment: Assessment;
}

/** A context with its alternatives. */
export interface Analysis {
  assessment: Assessment;
  /** Best first, the context itself among them; empty without alternatives. */
  ranking: RankedOption[];
  /** The caller's number; the draws come from it and the context. */
  seed: number;
}
