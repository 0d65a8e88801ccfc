import { actionVerb } from './inflection.js';
import type { Capability, Role } from './requirement-profile.js';
import { capitalised, clip, withoutEnd } from './sentences.js';
import { AGENT_NOUNS, STOP_WORDS } from './word-lists.js';

const AGENT = AGENT_NOUNS.join('|');
/** The subject of a requirement that names none. */
export const GENERAL_SUBJECT = 'general assistant';

const NAMED = new RegExp(
  `\\b(?:an?|the|my|our|this|new)\\s+((?:[\\p{L}\\d'-]+\\s+){0,5}?(?:${AGENT})(?:\\s+(?:${AGENT}))*)\\b`,
  'iu',
);
const LEADING = new RegExp(`^((?:[\\p{L}\\d'-]+\\s+){1,4}?(?:${AGENT})(?:\\s+(?:${AGENT}))*)\\b`, 'iu');
const FILLER =
  /^(?:(?:new|simple|existing|current|small|good|great|smart|intelligent|helpful|nice|ai|friendly|polite|powerful|single|multi-agent)\s+)+/i;
const AUDIENCE =
  /\bfor\s+((?:an?|the|our|my|all|new|small|busy)?\s*[\p{L}\d' -]{3,50}?)(?=[.,;:!?]|\s+(?:that|which|who|to|and|with|in|on|at|by|so)\b|$)/iu;

/** What the agent is: "customer support assistant". */
export function subjectOf(
  sentences: readonly string[],
  capabilities: readonly Capability[],
  roles: readonly Role[],
): string {
  if (roles.length > 0) return teamOf(roles);
  const first = sentences.slice(0, 3).map(withoutEnd);
  for (const sentence of first) {
    const named = NAMED.exec(sentence)?.[1] ?? LEADING.exec(sentence)?.[1];
    const subject = lowerCase(named?.trim() ?? '').replace(FILLER, '');
    if (/\s/.test(subject)) return clip(subject, 60);
  }
  return fromCapability(capabilities[0]);
}

/** Acronyms keep their capitals. */
function lowerCase(words: string): string {
  return words
    .split(/\s+/)
    .map((word) => (/^[A-Z][A-Z0-9]{1,4}$/.test(word) ? word : word.toLowerCase()))
    .join(' ');
}

function teamOf(roles: readonly Role[]): string {
  const names = roles.slice(0, 3).map((role) => role.name);
  return clip(`${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''} team`, 80);
}

/** "calculate prices with tax" → "price calculation" is beyond rules; "calculate prices assistant" says enough. */
function fromCapability(capability: Capability | undefined): string {
  if (capability?.verb === 'handle') return GENERAL_SUBJECT;
  const words = (capability?.text ?? '').toLowerCase().split(/[^\p{L}\p{N}'-]+/u);
  const plain = words
    .filter((word) => word.length > 2 && !STOP_WORDS.has(word) && actionVerb(word) !== word)
    .slice(0, 2);
  return plain.length === 0 ? GENERAL_SUBJECT : clip(`${plain.join(' ')} assistant`, 60);
}

/** Who the agent works for, "its users" when the requirement does not say. */
export function audienceOf(sentences: readonly string[]): string {
  for (const sentence of sentences) {
    const audience = AUDIENCE.exec(withoutEnd(sentence))?.[1]?.trim();
    if (audience !== undefined && actionVerb(audience.split(/\s+/)[0] ?? '') === undefined) return audience;
  }
  return 'its users';
}

export function displayNameOf(subject: string): string {
  return clip(subject.split(/\s+/).map(capitalised).join(' '), 80);
}
