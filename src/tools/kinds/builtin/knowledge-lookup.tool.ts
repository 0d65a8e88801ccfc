import { z } from 'zod';
import { defineTool, ToolError } from '../../tool.js';
import { rankPassages } from '../../../platform/search/document-index.js';

const RESULTS_MAX = 10;

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
