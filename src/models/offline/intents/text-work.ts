import { terms } from '../../../platform/search/document-index.js';
import type { Intent } from '../intent.js';
import { replierOf } from '../phrases.js';
import { PHRASES } from '../vocabulary.js';

const ASKED = new RegExp(PHRASES.summarise, 'iu');
const SENTENCES_MAX = 400;
/** Of an earlier message to summarise. */
const TEXT_MIN_LENGTH = 80;

const textReply = replierOf(PHRASES.texts);

/** Counts of a text, always through the tool: counting by eye is what models get wrong. */
export const textStatisticsIntent: Intent = (turn) => textReply(turn.message, turn);

/** Extractive summaries: the sentences that share most words with the whole text, unchanged and in their order. */
export const summaryIntent: Intent = ({ message, memory }) => {
  if (!ASKED.test(message)) return undefined;
  const own = /^[^\n:]{0,200}[:\n]([\s\S]+)$/u.exec(message)?.[1]?.trim();
  const text = own || memory.messages.findLast((earlier) => earlier.length >= TEXT_MIN_LENGTH);
  const sentences = text?.split(/(?<=[.!?])\s+|\n+/u, SENTENCES_MAX);
  if (!sentences) return 'Please give me the text after a colon, for example "Summarise: ...".';
  const counts = new Map<string, number>();
  for (const term of sentences.flatMap(terms)) counts.set(term, (counts.get(term) ?? 0) + 1);
  const scored = sentences.map((sentence, index) => {
    const words = terms(sentence);
    const weight = words.reduce((sum, word) => sum + (counts.get(word) ?? 0), 0);
    return { index, text: sentence.trim(), score: weight / Math.sqrt(words.length + 1) };
  });
  const best = scored.sort((a, b) => b.score - a.score).slice(0, Math.min(3, Math.ceil(sentences.length / 3)));
  best.sort((a, b) => a.index - b.index);
  return best.map(({ text }) => text).join(' ');
};

const SORT = new RegExp(PHRASES.sort, 'iu');
const DESCENDING = new RegExp(PHRASES.descending, 'iu');

/** Sorts the list behind the colon: numbers by value, everything else by the alphabet. */
export const sortingIntent: Intent = ({ message }) => {
  const [, how = '', list] = SORT.exec(message) ?? [];
  if (list === undefined) return undefined;
  const separator = list.trim().includes('\n') ? '\n' : ',';
  const plain = list.split(separator).map((item) => item.replace(/^\s*(?:[-*•]\s|and\b)\s*/i, '').trim());
  const items = plain.map((item) => item.replace(/[.?!]$/, '')).filter((item) => item !== '');
  const areNumbers = items.every((item) => /^-?\d+(?:\.\d+)?$/.test(item));
  items.sort(areNumbers ? (a, b) => Number(a) - Number(b) : new Intl.Collator('en', { numeric: true }).compare);
  if (DESCENDING.test(how)) items.reverse();
  return separator === '\n' ? items.map((item) => `- ${item}`).join('\n') : `${items.join(', ')}.`;
};
