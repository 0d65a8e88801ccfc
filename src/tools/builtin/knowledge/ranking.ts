import type { Passage } from './passages.js';
import { terms } from './terms.js';

/** The usual constants of Okapi BM25 (Robertson and Zaragoza 2009). */
const SATURATION = 1.2;
const LENGTH_WEIGHT = 0.75;

export interface RankedPassage extends Passage {
  /** BM25; comparable within one answer only. */
  score: number;
}

/** Passages that share a term with the query, best first; equal scores keep the order of the documents. */
export function rankPassages(query: string, passages: readonly Passage[]): RankedPassage[] {
  const wanted = [...new Set(terms(query))];
  const indexed = passages.map((passage) => ({ passage, counts: countTerms(terms(passage.text)) }));
  const averageLength = indexed.reduce((sum, { counts }) => sum + counts.length, 0) / Math.max(1, indexed.length);
  const rarity = new Map(
    wanted.map((term) => [
      term,
      inverseFrequency(indexed.filter(({ counts }) => counts.byTerm.has(term)).length, indexed.length),
    ]),
  );
  const ranked = indexed.map(({ passage, counts }) => {
    const norm = SATURATION * (1 - LENGTH_WEIGHT + LENGTH_WEIGHT * (counts.length / Math.max(1, averageLength)));
    const score = wanted.reduce((sum, term) => {
      const count = counts.byTerm.get(term) ?? 0;
      return sum + ((rarity.get(term) ?? 0) * count * (SATURATION + 1)) / (count + norm);
    }, 0);
    return { ...passage, score: Math.round(score * 1000) / 1000 };
  });
  return ranked.filter(({ score }) => score > 0).sort((a, b) => b.score - a.score);
}

function countTerms(all: string[]): { byTerm: Map<string, number>; length: number } {
  const byTerm = new Map<string, number>();
  for (const term of all) byTerm.set(term, (byTerm.get(term) ?? 0) + 1);
  return { byTerm, length: all.length };
}

function inverseFrequency(containing: number, total: number): number {
  return Math.log(1 + (total - containing + 0.5) / (containing + 0.5));
}
