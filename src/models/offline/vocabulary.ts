import { readFileSync } from 'node:fs';
import { CORE_SCHEMA, load } from 'js-yaml';

/** Ways of saying something, and the answer or the call of a tool that they lead to. */
export interface Phrase {
  say: string[];
  tool?: string;
  input?: Record<string, string | number>;
  answer: string;
}

/** Words and phrases by language, see `phrases.yaml`. */
export const PHRASES = load(readFileSync(new URL('phrases.yaml', import.meta.url), 'utf8'), {
  schema: CORE_SCHEMA,
}) as {
  numbers: { ones: string[]; tens: string[]; scales: Record<string, number> };
  emergencies: Record<string, { signs: string[]; advice: string }>;
} & Record<'tools' | 'texts' | 'talk' | 'history' | 'refusals', Phrase[]> &
  Record<'purchases' | 'arithmetic' | 'ellipses', [phrase: string, expression: string][]> &
  Record<'patterns' | 'abilities', Record<string, string>> &
  Record<'facts' | 'recalled' | 'json_paths', string[]> &
  Record<'sentence_end' | 'clause_end' | 'question' | 'order' | 'fillers' | 'named' | 'stated' | 'lead_in', string> &
  Record<'nothing_earlier' | 'asks_arithmetic' | 'pronoun' | 'compound' | 'summarise' | 'sort' | 'descending', string>;
