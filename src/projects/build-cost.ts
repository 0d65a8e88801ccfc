import { addCost } from '../shared/usage.js';
import type { Stage } from '../stages/stage.js';

/** What the stages' model calls cost in US dollars; null as soon as one of them has no known price. */
export function buildCost(stages: readonly Pick<Stage, 'cost_usd'>[]): number | null {
  return stages.map(({ cost_usd }) => cost_usd).reduce(addCost, 0);
}
