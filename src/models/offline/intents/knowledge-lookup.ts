import type { Intent } from '../intent.js';
import { isQuestion } from '../sentences.js';

interface FoundPassage {
  document: string;
  text: string;
}

/** Questions that no other rule answers are looked up in the agent's documents and answered by quoting them. */
export const knowledgeLookupIntent: Intent = ({ sentence, tools }) => {
  const asked = isQuestion(sentence) || /\b(?:tell me|explain|describe|find|look up|search|show)\b/i.test(sentence);
  if (!asked || !tools.has('knowledge_lookup')) return undefined;
  return {
    tool: 'knowledge_lookup',
    input: { query: sentence, limit: 2 },
    phrase: ({ passages }) => quote(sentence, passagesOf(passages)),
  };
};

function quote(question: string, passages: FoundPassage[]): string {
  const [best] = passages;
  if (!best) return `I found nothing about "${question}" in the documents I was given.`;
  const others = [...new Set(passages.slice(1).map(({ document }) => document))].filter(
    (document) => document !== best.document,
  );
  return `From "${best.document}": ${best.text}${others.length === 0 ? '' : ` (See also: ${others.join(', ')}.)`}`;
}

function passagesOf(value: unknown): FoundPassage[] {
  return Array.isArray(value)
    ? value.filter(
        (one): one is FoundPassage => typeof one === 'object' && one !== null && 'document' in one && 'text' in one,
      )
    : [];
}
