import { z } from 'zod';
import { defineTool } from '../../tool.js';

const TEXT_MAX_LENGTH = 100_000;
const FREQUENT_WORDS = 10;

/** Average silent reading speed of adults, words per minute (Brysbaert 2019). */
const READING_SPEED = 238;

export const textStatistics = defineTool({
  name: 'text_statistics',
  display_name: 'Text statistics',
  description:
    'Counts characters, words, unique words, sentences, paragraphs and lines of a text, names its most frequent words and estimates the reading time.',
  schema: z.object({ text: z.string().max(TEXT_MAX_LENGTH).describe('The text to measure') }),
  examples: [
    {
      input: { text: 'The quick brown fox. The end.' },
      expected: { words: 6, unique_words: 5, sentences: 2, characters: 29 },
    },
    { input: { text: 'One.\n\nTwo.' }, expected: { paragraphs: 2, lines: 3 } },
  ],
  keywords: [
    'word counts?',
    'count(?:s|ing)? (?:the )?(?:words|characters|letters|sentences)',
    'characters?',
    'reading time',
    'text statistics',
    'readability',
    'essays?',
    'articles?',
    'summar\\p{L}*',
    'proofread\\p{L}*',
    'writing',
    'drafts?',
    'text analy\\p{L}+',
    'blog posts?',
    'word frequenc(?:y|ies)',
    'how many words',
  ],
  run: ({ text }) => {
    const words = segments(text, 'word');
    return {
      characters: [...text].length,
      characters_without_spaces: [...text.replace(/\s/gu, '')].length,
      words: words.length,
      unique_words: new Set(words.map((word) => word.toLowerCase())).size,
      sentences: segments(text, 'sentence').length,
      paragraphs: text.split(/\n\s*\n/u).filter((part) => part.trim() !== '').length,
      lines: text === '' ? 0 : text.split('\n').length,
      average_word_length: words.length === 0 ? 0 : Math.round((words.join('').length / words.length) * 100) / 100,
      reading_time_seconds: Math.ceil((words.length / READING_SPEED) * 60),
      most_frequent_words: frequentWords(words),
    };
  },
});

/** Unicode segmentation, so that languages without spaces are counted too. */
function segments(text: string, granularity: 'word' | 'sentence'): string[] {
  const found = [...new Intl.Segmenter('en', { granularity }).segment(text)];
  const kept = found.filter(({ segment, isWordLike }) => (granularity === 'word' ? isWordLike : segment.trim() !== ''));
  return kept.map(({ segment }) => segment);
}

function frequentWords(words: string[]): { word: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word.toLowerCase(), (counts.get(word.toLowerCase()) ?? 0) + 1);
  const sorted = [...counts].sort(([a, countOfA], [b, countOfB]) => countOfB - countOfA || (a < b ? -1 : 1));
  return sorted.slice(0, FREQUENT_WORDS).map(([word, count]) => ({ word, count }));
}
