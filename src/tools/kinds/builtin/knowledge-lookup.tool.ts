import { z } from 'zod';
import { defineTool, ToolError } from '../../tool.js';
import { type DocumentIndex, terms } from './knowledge/document-index.js';

const RESULTS_MAX = 10;

/** The usual constants of Okapi BM25 (Robertson and Zaragoza 2009). */
const SATURATION = 1.2;
const LENGTH_WEIGHT = 0.75;

export const knowledgeLookup = defineTool({
  name: 'knowledge_lookup',
  display_name: 'Knowledge lookup',
  description:
    'Finds the passages of the documents given to this agent (or uploaded to the session) that fit a question best, with the name of the document, the number of the passage in it, its page and heading where it has them, and a score. Name the document and the page in the answer.',
  schema: z.object({
    query: z.string().min(1).max(1000).describe('What to look for, in plain words'),
    limit: z.int().min(1).max(RESULTS_MAX).default(3).describe('How many passages to return'),
  }),
  examples: [
    { input: { query: 'opening hours' }, expected: { query: 'opening hours' } },
    { input: { query: 'refund policy', limit: 1 }, expected: { query: 'refund policy' } },
  ],
  keywords: [
    'documents?',
    'documentation',
    'knowledge(?: base)?',
    'faqs?',
    'manuals?',
    'handbooks?',
    'polic(?:y|ies)',
    'look(?:s|ing)? ?up',
    'search(?:es|ing)?',
    'files?',
    'notes',
    'customer support',
    'support agent',
    'questions? about',
    'uploads?',
    'reference material',
    'research\\p{L}*',
    'wiki',
  ],
  searches_documents: true,
  run: ({ query, limit }, { knowledge }) => {
    if (knowledge.length === 0)
      throw new ToolError('No documents were given to this agent or uploaded to this session.');
    return { query, documents: knowledge.length, passages: rankPassages(query, knowledge, limit) };
  },
});

interface RankedPassage {
  document: string;
  /** Its number in the document, from 1. */
  passage: number;
  /** Of a document with pages, from 1. */
  page?: number;
  /** The heading above it. */
  heading?: string;
  text: string;
  /** BM25; comparable within one answer only. */
  score: number;
}

/** Passages that share a term with the query, best first; equal scores keep the order of the documents. */
function rankPassages(
  query: string,
  documents: readonly { name: string; index: DocumentIndex }[],
  limit: number,
): RankedPassage[] {
  const wanted = [...new Set(terms(query))];
  const total = documents.reduce((sum, { index }) => sum + index.passages.length, 0);
  const words = documents.reduce((sum, { index }) => sum + index.lengths.reduce((all, one) => all + one, 0), 0);
  const average = Math.max(1, words / Math.max(1, total));
  const scores = documents.map(({ index }) => new Float64Array(index.passages.length));
  for (const term of wanted) {
    const lists = documents.map(({ index }) => index.postings.get(term) ?? new Uint32Array());
    const rarity = inverseFrequency(
      lists.reduce((sum, list) => sum + list.length / 2, 0),
      total,
    );
    for (const [document, list] of lists.entries()) {
      const { lengths } = documents[document]?.index ?? { lengths: new Uint32Array() };
      const own = scores[document] ?? new Float64Array();
      for (let at = 0; at < list.length; at += 2) {
        const [passage = 0, count = 0] = [list[at], list[at + 1]];
        const norm = SATURATION * (1 - LENGTH_WEIGHT + LENGTH_WEIGHT * ((lengths[passage] ?? 0) / average));
        own[passage] = (own[passage] ?? 0) + (rarity * count * (SATURATION + 1)) / (count + norm);
      }
    }
  }
  const found: (RankedPassage & { order: number })[] = [];
  for (const [document, own] of scores.entries())
    for (const [passage, score] of own.entries()) {
      const { name = '', index } = documents[document] ?? {};
      const rounded = Math.round(score * 1000) / 1000;
      if (rounded > 0)
        found.push({
          document: name,
          passage: passage + 1,
          ...index?.places[passage],
          text: index?.passages[passage] ?? '',
          score: rounded,
          order: found.length,
        });
    }
  found.sort((a, b) => b.score - a.score || a.order - b.order);
  return found.slice(0, limit).map(({ order: _order, ...ranked }) => ranked);
}

function inverseFrequency(containing: number, total: number): number {
  return Math.log(1 + (total - containing + 0.5) / (containing + 0.5));
}
