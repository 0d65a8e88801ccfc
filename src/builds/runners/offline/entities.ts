import { actionVerb } from './inflection.js';
import { AGENT_NOUNS, LEAD_VERBS, STOP_WORDS, TONES } from './word-lists.js';

const MAX_ENTITIES = 12;

/** The things that the requirement speaks of, most frequent first, in order of appearance among equals. */
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
