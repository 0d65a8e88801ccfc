import { setImmediate as turn } from 'node:timers/promises';
import type { Passage } from './passages.js';
import { termOf, terms, wordsOf } from './terms.js';

/** The usual constants of Okapi BM25 (Robertson and Zaragoza 2009). */
const SATURATION = 1.2;
const LENGTH_WEIGHT = 0.75;
/** Passages that are read before others get their turn: a few milliseconds of work. */
const AT_ONCE = 500;
/** In place of the index of a wanted term: a word that counts for the length only, or not even for that. */
const OTHER = -1;
const EMPTY = -2;

export interface RankedPassage extends Passage {
  /** BM25; comparable within one answer only. */
  score: number;
}

interface Counted {
  passage: Passage;
  /** How often each wanted term occurs. */
  counts: number[];
  /** Words that carry meaning. */
  length: number;
}

/**
 * Passages that share a term with the query, best first; equal scores keep the order of the documents. Long documents are read
 * in parts, so that other requests are answered meanwhile.
 */
export async function rankPassages(query: string, passages: readonly Passage[]): Promise<RankedPassage[]> {
  const wanted = [...new Set(terms(query))];
  const counted = await countWanted(wanted, passages);
  const averageLength = counted.reduce((sum, { length }) => sum + length, 0) / Math.max(1, counted.length);
  const rarity = wanted.map((_, index) =>
    inverseFrequency(counted.filter(({ counts }) => counts[index] !== 0).length, counted.length),
  );
  const ranked = counted.map(({ passage, counts, length }) => {
    const norm = SATURATION * (1 - LENGTH_WEIGHT + LENGTH_WEIGHT * (length / Math.max(1, averageLength)));
    const score = counts.reduce(
      (sum, count, index) => sum + ((rarity[index] ?? 0) * count * (SATURATION + 1)) / (count + norm),
      0,
    );
    return { ...passage, score: Math.round(score * 1000) / 1000 };
  });
  return ranked.filter(({ score }) => score > 0).sort((a, b) => b.score - a.score);
}

/** Words recur, so each is looked at once: the rest is a look into a map. */
async function countWanted(wanted: readonly string[], passages: readonly Passage[]): Promise<Counted[]> {
  const known = new Map<string, number>();
  const meaning = (word: string): number => {
    const term = termOf(word);
    const found = term === undefined ? EMPTY : wanted.indexOf(term);
    known.set(word, found);
    return found;
  };
  const counted: Counted[] = [];
  for (const passage of passages) {
    const counts = wanted.map(() => 0);
    let length = 0;
    for (const word of wordsOf(passage.text)) {
      const index = known.get(word) ?? meaning(word);
      if (index !== EMPTY) length++;
      if (index > OTHER) counts[index] = (counts[index] ?? 0) + 1;
    }
    if (counted.push({ passage, counts, length }) % AT_ONCE === 0) await turn();
  }
  return counted;
}

function inverseFrequency(containing: number, total: number): number {
  return Math.log(1 + (total - containing + 0.5) / (containing + 0.5));
}
