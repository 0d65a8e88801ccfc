import { actionVerb } from './inflection.js';
import type { Role } from './requirement-profile.js';
import { clip, withoutEnd } from './sentences.js';

const SEVERAL =
  /\b(?:multi-?agent|multiple agents|several agents|(?:two|three|four|five|[2-9]) (?:\w+ )?agents|team of|agents? (?:that )?(?:cooperate|collaborate|work together)|hands? (?:it |them |over |off )|passes? (?:it|them|the)\b)/i;
/** "a researcher who finds sources", "one writer agent that drafts" */
const ROLE =
  /\b(?:an?|one|another|the|first|second|third)\s+((?:[a-z-]+\s){0,2}?[a-z-]{3,})\s*(?:agent|bot|assistant)?\s*(?:\(([^)]{5,120})\)|(?:that|who|which|to)\s+([a-z][^,;.]{4,120}?))(?=[,;.]|\s+and\s+(?:an?|one|another|the)\b|$)/gi;
const NOT_A_ROLE =
  /\b(?:team|system|multi|agents?|user|customer|person|one|way|tool|page|list|question|request|product)s?$/i;
const MAX_ROLES = 6;

/** Cooperating roles when the text clearly describes at least two of them; else none, and one agent does it all. */
export function rolesOf(sentences: readonly string[]): Role[] {
  const text = sentences.map(withoutEnd).join('. ');
  if (!SEVERAL.test(text)) return [];
  const roles = new Map<string, Role>();
  for (const [, name, inBrackets, clause] of text.matchAll(ROLE)) {
    const responsibility = (inBrackets ?? clause ?? '').trim();
    const role = (name ?? '').trim().toLowerCase();
    const startsWithAction = actionVerb(responsibility.split(/\s+/)[0] ?? '') !== undefined;
    if (role === '' || NOT_A_ROLE.test(role) || !startsWithAction || roles.has(role)) continue;
    roles.set(role, { name: role, responsibility: clip(responsibility, 120) });
  }
  return roles.size >= 2 ? [...roles.values()].slice(0, MAX_ROLES) : [];
}
