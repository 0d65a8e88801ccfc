import {
  capabilitiesOf,
  capabilitiesOfRoles,
  type Capability,
  factsOf,
  FROM_FACTS,
  type Intent,
  limitsOf,
  type RequirementProfile,
  type Role,
  rolesOf,
  rulesOf,
} from './statements.js';
import {
  actionVerb,
  AGENT_NOUNS,
  capitalised,
  clip,
  isEnglish,
  LEAD_VERBS,
  sentencesOf,
  slugOf,
  statesTask,
  STOP_WORDS,
  subjectWords,
  toAscii,
  TONES,
  withoutEnd,
} from './words.js';

const CHANGES_EXISTING =
  /\b(?:update|change|extend|improve|modify|fix|rename|add .{1,60} to)\b.{0,60}\b(?:existing|current|my|our|the) (?:[\w-]+ ){0,3}(?:agent|assistant|bot|project)\b/i;

/**
 * Reads a requirement by rules for English. For other languages it still reads sentences, numbers, names and words, so
 * that every requirement gives a usable agent.
 */
export function readRequirement(text: string): RequirementProfile {
  const sentences = sentencesOf(text);
  const facts = factsOf(sentences);
  const rules = rulesOf(sentences);
  const asked = sentences.filter((sentence) => !facts.some((fact) => sentence.endsWith(fact.statement)));
  const roles = rolesOf(sentences);
  const capabilities = roles.length > 0 ? capabilitiesOfRoles(roles) : capabilitiesOf(asked, facts.length > 0);
  const subject = subjectOf(sentences, capabilities, roles);
  return {
    text,
    sentences,
    intent: intentOf(text, facts.length > 0),
    subject,
    audience: audienceOf(asked),
    capabilities,
    entities: entitiesOf(text),
    limits: limitsOf(asked),
    tone: toneOf(text),
    rules,
    facts,
    roles,
    category: categoryOf(text),
    slug: slugOf(subject === GENERAL_SUBJECT ? text : subject, '_'),
  };
}

function intentOf(text: string, hasFacts: boolean): Intent {
  if (CHANGES_EXISTING.test(text)) return 'existing_project';
  return hasFacts || statesTask(text) ? 'new_project' : 'unclear';
}

function toneOf(text: string): string[] {
  const words = text.toLowerCase().match(/[a-z]+/g) ?? [];
  const tones = new Set(words.map((word) => TONES.get(word)).filter((tone) => tone !== undefined));
  return tones.size === 0 ? ['clear', 'polite'] : [...tones];
}

const AGENT = AGENT_NOUNS.join('|');
/** The default subject. */
export const GENERAL_SUBJECT = 'general assistant';

const NAMED = new RegExp(
  `\\b(?:an?|the|my|our|this|new)\\s+((?:[\\p{L}\\d'-]+\\s+){0,5}?(?:${AGENT})(?:\\s+(?:${AGENT}))*)\\b`,
  'iu',
);
const LEADING = new RegExp(`^((?:[\\p{L}\\d'-]+\\s+){1,4}?(?:${AGENT})(?:\\s+(?:${AGENT}))*)\\b`, 'iu');
const FILLER =
  /^(?:(?:new|simple|existing|current|small|good|great|smart|intelligent|helpful|nice|ai|friendly|polite|powerful|single|multi-agent)\s+)+/i;
const AUDIENCE =
  /\bfor ((?:(?:an?|the|our|my|all|new|small|busy) )?[\p{L}\d'][\p{L}\d' -]{2,49}?)(?=[.,;:!?]| (?:that|which|who|to|and|with|in|on|at|by|so)\b|$)/iu;

/** What the agent is: "customer support assistant". */
export function subjectOf(
  sentences: readonly string[],
  capabilities: readonly Capability[],
  roles: readonly Role[],
): string {
  if (roles.length > 0) return teamOf(roles);
  const opening = sentences.slice(0, 2).join(' ');
  if (!isEnglish(opening)) return fromAbroad(sentences[0] ?? '');
  const first = sentences.slice(0, 3).map(withoutEnd);
  for (const sentence of first) {
    const named = NAMED.exec(sentence)?.[1] ?? LEADING.exec(sentence)?.[1];
    const subject = lowerCase(named?.trim() ?? '').replace(FILLER, '');
    if (/\s/.test(subject)) return clip(subject, 60);
  }
  const [capability] = capabilities;
  return capability?.text === FROM_FACTS ? fromNouns(sentences[0] ?? '') : fromCapability(capability);
}

function fromNouns(sentence: string): string {
  const nouns = entitiesOf(sentence).slice(0, 2);
  return nouns.length === 0 ? GENERAL_SUBJECT : clip(`${nouns.join(' ')} assistant`, 60);
}

/** Named by its own nouns, where they have an ASCII form; Chinese has none. */
function fromAbroad(sentence: string): string {
  const words = subjectWords(sentence).filter((word) => toAscii(word).length > 2);
  return words.length === 0 ? GENERAL_SUBJECT : clip(`${words.join(' ').toLowerCase()} assistant`, 60);
}

/** Acronyms keep their capitals. */
function lowerCase(words: string): string {
  return words
    .split(/\s+/)
    .map((word) => (/^[A-Z][A-Z0-9]{1,4}$/.test(word) ? word : word.toLowerCase()))
    .join(' ');
}

function teamOf(roles: readonly Role[]): string {
  const names = roles.slice(0, 3).map((role) => role.name.replace(/ (?:specialist|expert)$/, ''));
  return clip(`${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''} team`, 80);
}

/** "calculate prices with tax" → "price calculation" is beyond rules; "calculate prices assistant" will do. */
function fromCapability(capability: Capability | undefined): string {
  if (capability?.verb === 'handle') return GENERAL_SUBJECT;
  const words = (capability?.text ?? '').toLowerCase().split(/[^\p{L}\p{N}'-]+/u);
  const plain = words
    .filter((word) => /^\p{L}{3}/u.test(word) && !STOP_WORDS.has(word) && actionVerb(word) !== word)
    .slice(0, 2);
  return plain.length === 0 ? GENERAL_SUBJECT : clip(`${plain.join(' ')} assistant`, 60);
}

/** Who the agent works for, "its users" when the requirement does not say. */
export function audienceOf(sentences: readonly string[]): string {
  for (const sentence of sentences) {
    const audience = AUDIENCE.exec(withoutEnd(sentence))?.[1]?.trim();
    if (audience !== undefined && !/^\d/.test(audience) && actionVerb(audience.split(/\s+/)[0] ?? '') === undefined)
      return audience;
  }
  return 'its users';
}

export function displayNameOf(subject: string): string {
  return clip(subject.split(/\s+/).map(capitalised).join(' '), 80);
}

const MAX_ENTITIES = 12;

/** The nouns of the requirement, most frequent first, in order of appearance among equals. */
export function entitiesOf(text: string): string[] {
  const counts = new Map<string, number>();
  for (const word of text.toLowerCase().match(/\p{L}[\p{L}'-]{3,29}/gu) ?? []) {
    const isThing =
      !STOP_WORDS.has(word) &&
      !LEAD_VERBS.has(word) &&
      !TONES.has(word) &&
      !AGENT_NOUNS.includes(word) &&
      actionVerb(word) === undefined;
    if (isThing) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([word]) => word)
    .slice(0, MAX_ENTITIES);
}

const CATEGORIES: readonly [string, RegExp][] = [
  [
    'customer_service',
    /\b(?:customers?|support|complaints?|returns|refunds?|help ?desk|opening hours|faq|tickets?)\b/gi,
  ],
  [
    'finance',
    /\b(?:invoices?|budgets?|tax(?:es)?|prices?|expenses?|bank|loans?|interest|currency|currencies|accounting|salary|investments?)\b/gi,
  ],
  [
    'education',
    /\b(?:students?|teach(?:er|ing)?|tutor|learn(?:ing)?|lessons?|quiz|exams?|homework|school|course|vocabulary)\b/gi,
  ],
  [
    'content',
    /\b(?:write|writing|blog|articles?|posts?|newsletter|summari[sz]e|copy|editor|translate|translation|marketing)\b/gi,
  ],
  ['data_analysis', /\b(?:data|analy[sz]e|analysis|csv|json|statistics|reports?|charts?|metrics|query)\b/gi],
  ['software', /\b(?:code|coding|software|bugs?|api|deploy|developers?|pull requests?|tests?|log files?)\b/gi],
  [
    'planning',
    /\b(?:schedul\w+|calendar|meetings?|appointments?|plan(?:s|ning)?|travel|trips?|itinerary|deadlines?|dates?|time zones?)\b/gi,
  ],
  ['health', /\b(?:health|patients?|fitness|workouts?|nutrition|recipes?|diet|medical|sleep)\b/gi],
];

/** The category with the most words in the requirement; `general` by default. */
export function categoryOf(text: string): string {
  let best = 'general';
  let most = 0;
  for (const [category, words] of CATEGORIES) {
    const count = text.match(words)?.length ?? 0;
    if (count > most) [best, most] = [category, count];
  }
  return best;
}
