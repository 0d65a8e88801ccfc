import type { NeededPartner } from '../context/decision-context.js';
import type { PartnerHealthView } from '../partner-health.port.js';
import { exact } from './rounding.js';

/** From this score on a partner is good, and leaning on it adds no risk. */
const GOOD_SCORE = 75;
/** What a partner with a score of 0 adds: a quarter of what the other risks leave. A choice, see docs/decisions.md. */
const HEAVIEST = 0.25;

export interface PartnerImpact {
  id: string;
  name: string | null;
  /** The key of the context that names or implies it. */
  because: string;
  health: PartnerHealthView['health'];
  score: number | null;
  risk_added: number;
  note: string;
}

/** What each needed partner adds to the risk. @param known partners by id; one that is not there is not known. */
export function partnershipImpact(
  needed: readonly NeededPartner[],
  known: ReadonlyMap<string, PartnerHealthView>,
): PartnerImpact[] {
  return needed.map(({ id, because }) => {
    const partner = known.get(id);
    const { name = null, health = 'unknown', score = null } = partner ?? {};
    return { id, name, because, health, score, ...effectOf(partner) };
  });
}

/** A chain is as weak as its weakest link: the heaviest addition counts, so one more partner never lowers the risk. */
export function partnershipRisk(impacts: readonly PartnerImpact[]): number {
  return Math.max(0, ...impacts.map(({ risk_added }) => risk_added));
}

function effectOf(partner: PartnerHealthView | undefined): Pick<PartnerImpact, 'risk_added' | 'note'> {
  if (!partner) return { risk_added: 0, note: 'no partnership with this id: nothing is known of it' };
  if (!partner.enabled) return { risk_added: HEAVIEST, note: 'switched off: counts as a partner with a score of 0' };
  if (partner.score === null) return { risk_added: 0, note: 'not measured yet: enters no figure' };
  const lack = Math.max(0, GOOD_SCORE - partner.score) / GOOD_SCORE;
  const risk_added = Math.min(HEAVIEST, exact(HEAVIEST * lack));
  const note = risk_added === 0 ? 'good enough to add no risk' : `${partner.health}: adds risk`;
  return { risk_added, note };
}
