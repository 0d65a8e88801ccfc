import type { DecisionInputs } from '../context/decision-context.js';
import { exact } from './rounding.js';

/** All within 0..1. */
export interface Risk {
  technical: number;
  market: number;
  resource: number;
  timeline: number;
  /** Of the four. */
  mean: number;
  /** What the weakest needed partner adds, see {@link partnershipImpact}. */
  partnership: number;
  /** What the rule looks at: `1 − (1 − mean) × (1 − partnership)`. */
  overall: number;
}

type RiskInputs = Pick<
  DecisionInputs,
  'technical_complexity' | 'market_uncertainty' | 'resource_availability' | 'timeline_pressure'
>;

export function riskOf(inputs: RiskInputs, partnership: number): Risk {
  const technical = exact(inputs.technical_complexity / 10);
  const market = exact(inputs.market_uncertainty / 10);
  const resource = exact(1 - inputs.resource_availability / 10);
  const timeline = exact(inputs.timeline_pressure / 10);
  const mean = exact((technical + market + resource + timeline) / 4);
  return {
    technical,
    market,
    resource,
    timeline,
    mean,
    partnership,
    overall: exact(1 - (1 - mean) * (1 - partnership)),
  };
}
