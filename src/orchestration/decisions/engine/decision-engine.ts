import type { OptionDto } from '../decision.dto.js';
import { setImmediate as giveWay } from 'node:timers/promises';
import type { DecisionContext, DecisionInputs, InputName } from '../decision-context.js';
import type { PartnerHealthView } from '../../partnerships/partnerships.service.js';
import {
  type Estimates,
  type PartnerImpact,
  partnershipImpact,
  partnershipRisk,
  type Priority,
  priorityOf,
  type Returns,
  returnsOf,
  type Risk,
  riskOf,
  roiOf,
  unknownReturns,
  type Verdict,
  verdictOf,
  VERDICTS,
} from './rules.js';
import {
  type Seed,
  seedOf,
  type Sensitivity,
  sensitivityOf,
  simulate,
  type Simulation,
  spreadOf,
} from './simulation.js';

/** The computed figures and the verdict of one context. */
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

/** The context itself or one of its alternatives. */
export interface RankedOption {
  rank: number;
  /** Index in `alternatives`; null for the context itself. */
  alternative: number | null;
  name: string;
  assessment: Assessment;
}

/** A context with its alternatives. */
export interface Analysis {
  assessment: Assessment;
  /** Best first, including the context itself; empty without alternatives. */
  ranking: RankedOption[];
  /** The caller's seed; the draws derive from it and the context. */
  seed: number;
}

export type OptionFigures = OptionDto;

export function optionFigures({ rank, alternative, name, assessment }: RankedOption): OptionFigures {
  const { decision, priority, risk, returns, simulation, inputs, missing_inputs, assumed_inputs } = assessment;
  return {
    rank,
    alternative,
    name,
    decision,
    priority,
    risk: risk.overall,
    roi_percent: returns.roi_percent,
    payback_months: returns.payback_months,
    probability_roi_positive: simulation?.probability_roi_positive ?? null,
    roi_percentiles: simulation?.roi_percent ?? null,
    estimated_cost: inputs.estimated_cost,
    expected_revenue: inputs.expected_revenue,
    missing_inputs,
    assumed_inputs,
  };
}

export interface EngineRequest {
  context: DecisionContext;
  /** The raw context with its unknown keys: the draws derive from all of it. */
  given: unknown;
  seed: number;
  partners: readonly PartnerHealthView[];
}

/**
 * Analyses a context and each of its alternatives. All use the same draws, so that they differ by their inputs and not by
 * chance. Yields to other requests between two alternatives.
 */
export async function analyse({ context, given, seed, partners }: EngineRequest): Promise<Analysis> {
  const draws = seedOf(canonicalJson(given), seed);
  const known = new Map(partners.map((partner) => [partner.id, partner]));
  const assessment = assess(context, known, draws);
  if (context.alternatives.length === 0) return { assessment, ranking: [], seed };
  const options = [{ alternative: null as number | null, name: context.name ?? 'the proposal', assessment }];
  for (const [alternative, one] of context.alternatives.entries()) {
    await giveWay();
    const name = one.name ?? `alternative ${alternative + 1}`;
    options.push({ alternative, name, assessment: assess(one, known, draws) });
  }
  return { assessment, ranking: rank(options), seed };
}

/** Computes one context. Pure; takes about a millisecond. */
export function assess(
  context: DecisionContext,
  partners: ReadonlyMap<string, PartnerHealthView>,
  seed: Seed,
): Assessment {
  const { inputs, assumed, missing } = context;
  const partnerships = partnershipImpact(context.partners, partners);
  const risk = riskOf(inputs, partnershipRisk(partnerships));
  const priority = priorityOf(inputs);
  const known = { priority, inputs, assumed_inputs: assumed, missing_inputs: missing, risk, partnerships };
  const estimates = estimatesOf(context);
  if (!estimates) {
    const decision = verdictOf(priority, null, risk.overall);
    return { ...known, decision, returns: unknownReturns(missing), simulation: null, sensitivity: null };
  }
  const spread = spreadOf(risk);
  const verdict = (roi: number) => verdictOf(priority, roi, risk.overall);
  return {
    ...known,
    decision: verdict(roiOf(estimates)),
    returns: returnsOf(estimates),
    simulation: simulate(estimates, spread, inputs.budget, seed),
    sensitivity: sensitivityOf(estimates, spread, verdict),
  };
}

function estimatesOf({ inputs }: DecisionContext): Estimates | null {
  const { estimated_cost: cost, expected_revenue: revenue, estimated_days: days } = inputs;
  return cost === null || revenue === null ? null : { cost, revenue, days };
}

type Option = Omit<RankedOption, 'rank'>;

/**
 * Best first: the better verdict, then the better bad case (P10 of ROI; spending nothing beats any percentage), then the
 * lower risk, then the lower cost, then the given order.
 */
export function rank(options: readonly Option[]): RankedOption[] {
  return options
    .map((option, given) => ({ option, keys: [...keysOf(option.assessment), given] }))
    .sort((a, b) => compare(a.keys, b.keys))
    .map(({ option }, index) => ({ rank: index + 1, ...option }));
}

/** Smaller is better. */
function keysOf({ decision, simulation, risk, inputs }: Assessment): number[] {
  const badCase = simulation ? (simulation.roi_percent?.p10 ?? Infinity) : -Infinity;
  return [VERDICTS.indexOf(decision), -badCase, risk.overall, inputs.estimated_cost ?? Infinity];
}

function compare(a: readonly number[], b: readonly number[]): number {
  const index = a.findIndex((value, place) => value !== b[place]);
  return index === -1 ? 0 : (a[index] ?? 0) < (b[index] ?? 0) ? -1 : 1;
}

/** JSON with sorted keys, so that equal contexts produce the same text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
