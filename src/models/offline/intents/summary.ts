import type { Intent } from '../intent.js';
import { givenText, headOf } from './given-text.js';

const ASKED = /\b(?:summar(?:y|i[sz]e)|tl;?dr|shorten|in short)\b/i;
const POINTS = /\b(?:key|main|bullet|most important) (?:points?|takeaways?|facts?)\b|\btakeaways\b/i;
const SENTENCES_MAX = 400;
const MINIMUM_WORD_LENGTH = 4;

/** Extractive summaries: the sentences that share most words with the whole text, unchanged and in their order. */
export const summaryIntent: Intent = ({ message, memory }) => {
  const head = headOf(message);
  const wantsPoints = POINTS.test(head);
  if (!wantsPoints && !ASKED.test(head)) return undefined;
  const text = givenText(message, memory);
  if (text === undefined) return { text: 'Please give me the text after a colon, for example "Summarise: ...".' };
  const sentences = text
    .split(/(?<=[.!?])\s+|\n+/u)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== '')
    .slice(0, SENTENCES_MAX);
  const kept = strongest(sentences, wantsPoints ? 5 : Math.min(3, Math.ceil(sentences.length / 3)));
  return { text: wantsPoints ? kept.map((sentence) => `- ${sentence}`).join('\n') : kept.join(' ') };
};

function strongest(sentences: string[], count: number): string[] {
  const counts = new Map<string, number>();
  for (const word of sentences.flatMap(wordsOf)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const scored = sentences.map((sentence, index) => {
    const words = wordsOf(sentence);
    const weight = words.reduce((sum, word) => sum + (counts.get(word) ?? 0), 0);
    return { sentence, index, score: weight / Math.sqrt(words.length + 1) };
  });
  const best = scored.sort((a, b) => b.score - a.score || a.index - b.index).slice(0, count);
  return best.sort((a, b) => a.index - b.index).map(({ sentence }) => sentence);
}

function wordsOf(sentence: string): string[] {
  return (sentence.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).filter((word) => word.length >= MINIMUM_WORD_LENGTH);
}
