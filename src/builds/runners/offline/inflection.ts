import { ACTION_VERBS } from './word-lists.js';

const ENDINGS: readonly [RegExp, string[]][] = [
  [/ies$/, ['y']],
  [/(?:es|ed)$/, ['', 'e']],
  [/s$/, ['']],
  [/ing$/, ['', 'e']],
];

/** The base form of an action verb, or undefined for any other word: "booking" → "book", "summarizes" → "summarize". */
export function actionVerb(word: string): string | undefined {
  const lower = word.toLowerCase();
  if (ACTION_VERBS.has(lower)) return lower;
  for (const [ending, replacements] of ENDINGS) {
    if (!ending.test(lower)) continue;
    const stem = lower.replace(ending, '');
    const undoubled = stem.replace(/([bdglmnprtz])\1$/, '$1');
    const found = [...replacements.map((end) => stem + end), undoubled].find((base) => ACTION_VERBS.has(base));
    if (found !== undefined) return found;
  }
  return undefined;
}
