import { setImmediate as giveWay } from 'node:timers/promises';
import { canonicalJson } from '../context/canonical-json.js';
import type { DecisionContext } from '../context/decision-context.js';
import type { PartnerHealthView } from '../partner-health.port.js';
import type { Analysis } from './analysis.js';
import { assess } from './assess.js';
import { seedOf } from './random.js';
import { rank } from './ranking.js';

export interface EngineRequest {
  context: DecisionContext;
  /** The context as it came, unknown keys included: the draws come from all of it. */
  given: unknown;
  seed: number;
  partners: readonly PartnerHealthView[];
}

/**
 * Analyses a context and each of its alternatives. All use the same draws, so that they differ by what they are and not by
 * chance. Between two alternatives other requests get their turn.
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
