import { capabilitiesOf, capabilitiesOfRoles } from './capabilities.js';
import { categoryOf } from './category.js';
import { entitiesOf } from './entities.js';
import { factsOf } from './facts.js';
import { limitsOf } from './limits.js';
import type { Intent, RequirementProfile } from './requirement-profile.js';
import { rolesOf } from './roles.js';
import { rulesOf } from './rules.js';
import { sentencesOf } from './sentences.js';
import { slugOf } from './slug.js';
import { audienceOf, GENERAL_SUBJECT, subjectOf } from './subject.js';
import { TONES } from './word-lists.js';

const CHANGES_EXISTING =
  /\b(?:update|change|extend|improve|modify|fix|rename|add .{1,60} to)\b.{0,60}\b(?:existing|current|my|our|the) (?:[\w-]+ ){0,3}(?:agent|assistant|bot|project)\b/i;

/**
 * Reads a requirement by rules. It knows English; of other languages it still takes sentences, numbers, names and
 * the words themselves, so that every requirement leads to a usable agent.
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
    intent: intentOf(text, sentences),
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

function intentOf(text: string, sentences: readonly string[]): Intent {
  if (CHANGES_EXISTING.test(text)) return 'existing_project';
  const words = sentences.join(' ').match(/\p{L}{2,}/gu) ?? [];
  const saysSomething = words.length >= 3 || words.join('').length >= 10;
  return saysSomething ? 'new_project' : 'unclear';
}

function toneOf(text: string): string[] {
  const words = text.toLowerCase().match(/[a-z]+/g) ?? [];
  const tones = new Set(words.map((word) => TONES.get(word)).filter((tone) => tone !== undefined));
  return tones.size === 0 ? ['clear', 'polite'] : [...tones];
}
