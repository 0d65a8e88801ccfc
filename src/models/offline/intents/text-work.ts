import { type Intent, withTool } from '../intent.js';
import type { ConversationMemory } from '../conversation-memory.js';

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

const LONG_ENOUGH = 80;

/** The text that a task is about: behind a colon or a line break, in quotes, else the last long message. */
export function givenText(message: string, memory: ConversationMemory): string | undefined {
  const quoted = /^[^"“\n:]{0,200}["“]([^"”]+)["”]/u.exec(message)?.[1];
  const following = /^[^\n:]{0,200}[:\n]([\s\S]+)$/u.exec(message)?.[1];
  const own = quoted ?? following;
  if (own !== undefined && own.trim() !== '') return own.trim();
  return memory.userMessages.findLast((earlier) => earlier.length >= LONG_ENOUGH);
}

/** The beginning of a message, where it says what to do with the rest. */
export function headOf(message: string): string {
  return message.slice(0, 200).split('\n')[0] ?? '';
}

const COUNT_ASKED =
  /\b(?:how many|count|number of)\b.{0,30}\b(words?|characters?|letters?|sentences?|paragraphs?|lines?)\b|\b(word count|text statistics|reading time|readability)\b|\banaly[sz]e\b.{0,20}\btext\b/i;

/** Counts of a text, always through the tool: counting by eye is what models get wrong. */
export const textStatisticsIntent: Intent = (turn) => {
  const asked = COUNT_ASKED.exec(headOf(turn.message));
  if (!asked) return undefined;
  const text = givenText(turn.message, turn.memory);
  if (text === undefined) return { text: 'Please give me the text after a colon, for example "Count the words: ...".' };
  return withTool(turn, {
    tool: 'text_statistics',
    input: { text: text.slice(0, 100_000) },
    phrase: (counts) => phrase(asked[1]?.toLowerCase(), counts),
  });
};

function phrase(what: string | undefined, counts: Record<string, unknown>): string {
  const count = (name: string) => String(counts[name]);
  if (what?.startsWith('letter'))
    return `The text has ${count('characters_without_spaces')} characters without spaces.`;
  if (what !== undefined) return `The text has ${plural(Number(counts[what.replace(/s?$/, 's')]), what)}.`;
  return `The text has ${count('words')} words (${count('unique_words')} different), ${count('sentences')} sentences, ${count('paragraphs')} paragraphs and ${count('characters')} characters; reading it takes about ${count('reading_time_seconds')} seconds.`;
}

function plural(count: number, word: string): string {
  const one = word.replace(/s$/, '');
  return `${count} ${count === 1 ? one : `${one}s`}`;
}

const SORT_ASKED =
  /^(?:please )?(?:can you )?(?:sort|order|alphabeti[sz]e|arrange|rank)\b([^:\n]{0,100})[:\n]([\s\S]+)$/i;
/** Of a list to sort. */
const LIST_MAX_CHARACTERS = 20_000;
const INLINE =
  /^(?:please )?(?:can you )?(?:sort|alphabeti[sz]e)\s{1,9}(?:these |the )?(?:numbers |words |items |names )?((?:[^,\n]{1,60},){1,200}[^,\n]{1,60})$/i;
const DESCENDING = /\b(?:descending|reverse|largest|biggest|highest|z ?(?:to|-) ?a|newest)\b/i;

/** Sorts the list behind the colon: numbers by value, everything else by the alphabet. */
export const sortingIntent: Intent = ({ message }) => {
  const asked = SORT_ASKED.exec(message);
  const list = asked?.[2]?.slice(0, LIST_MAX_CHARACTERS) ?? INLINE.exec(message)?.[1];
  if (list === undefined) return undefined;
  const separator = list.trim().includes('\n') ? '\n' : ',';
  const items = list
    .split(separator)
    .map((item) =>
      item
        .replace(/^\s*(?:[-*•]|and\b)\s*/i, '')
        .trim()
        .replace(/[.?!]$/, ''),
    )
    .filter((item) => item !== '');
  const sorted = sort(items);
  const ordered = DESCENDING.test(asked?.[1] ?? message) ? sorted.reverse() : sorted;
  return { text: separator === '\n' ? ordered.map((item) => `- ${item}`).join('\n') : `${ordered.join(', ')}.` };
};

function sort(items: string[]): string[] {
  const numeric = items.every((item) => /^-?\d+(?:\.\d+)?$/.test(item));
  return [...items].sort(
    numeric
      ? (a, b) => Number(a) - Number(b)
      : (a, b) => a.localeCompare(b, 'en', { sensitivity: 'base', numeric: true }),
  );
}
