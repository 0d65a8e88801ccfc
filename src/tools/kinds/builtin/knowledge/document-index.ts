import { LRUCache } from 'lru-cache';
import { splitIntoPassages } from './passages.js';
import { termOf, wordsOf } from './terms.js';

/** Characters of documents whose indexes one process holds: five uploads of 10 MB. An index takes about as much again. */
const KEPT_CHARACTERS = 55_000_000;

/** What a lookup needs of one document. */
export interface DocumentIndex {
  passages: readonly string[];
  /** Words of each passage that carry meaning. */
  lengths: Uint32Array;
  /** For each term, the passages that hold it and how often: passage, count, passage, count... */
  postings: ReadonlyMap<string, Uint32Array>;
}

/** Indexes by the hash of the document; the longest unused goes first. */
export const documentIndexes = new LRUCache<string, DocumentIndex>({ maxSize: KEPT_CHARACTERS });

export function indexDocument(content: string): DocumentIndex {
  const passages = splitIntoPassages(content);
  const lengths = new Uint32Array(passages.length);
  const lists = new Map<string, number[]>();
  /** Words recur, so each is looked at once. */
  const known = new Map<string, number[] | null>();
  const listOf = (word: string): number[] | null => {
    const term = termOf(word);
    const list = term === undefined ? null : (lists.get(term) ?? []);
    if (term !== undefined && list) lists.set(term, list);
    known.set(word, list);
    return list;
  };
  for (const [passage, text] of passages.entries()) {
    for (const word of wordsOf(text)) {
      const seen = known.get(word);
      const list = seen === undefined ? listOf(word) : seen;
      if (!list) continue;
      lengths[passage] = (lengths[passage] ?? 0) + 1;
      if (list.at(-2) === passage) list[list.length - 1] = (list.at(-1) ?? 0) + 1;
      else list.push(passage, 1);
    }
  }
  const postings = new Map([...lists].map(([term, list]) => [term, Uint32Array.from(list)] as const));
  return { passages, lengths, postings };
}
