import { setImmediate as turn } from 'node:timers/promises';
import { z } from 'zod';
import { defineTool, type ToolDocument, ToolError } from '../tool.js';
import { type Passage, splitIntoPassages } from './knowledge/passages.js';
import { rankPassages } from './knowledge/ranking.js';

const RESULTS_MAX = 10;

/** A document of 10 MB takes a tenth of a second, so others get their turn between two. */
async function passagesOf(documents: readonly ToolDocument[]): Promise<Passage[]> {
  const passages: Passage[][] = [];
  for (const document of documents) {
    passages.push(splitIntoPassages(document));
    await turn();
  }
  return passages.flat();
}

export const knowledgeLookup = defineTool({
  name: 'knowledge_lookup',
  display_name: 'Knowledge lookup',
  description:
    'Finds the passages of the documents given to this agent (or uploaded to the session) that fit a question best, with the name of the document and a score.',
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
  run: async ({ query, limit }, { knowledge }) => {
    if (knowledge.length === 0)
      throw new ToolError('No documents were given to this agent or uploaded to this session.');
    const passages = await rankPassages(query, await passagesOf(knowledge));
    return { query, documents: knowledge.length, passages: passages.slice(0, limit) };
  },
});
