import { type Intent, withTool } from '../intent.js';
import { givenText, headOf } from './given-text.js';

const ASKED =
  /\b(?:how many|count|number of)\b.{0,30}\b(words?|characters?|letters?|sentences?|paragraphs?|lines?)\b|\b(word count|text statistics|reading time|readability)\b|\banaly[sz]e\b.{0,20}\btext\b/i;

/** Counts of a text, always through the tool: counting by eye is what models get wrong. */
export const textStatisticsIntent: Intent = (turn) => {
  const asked = ASKED.exec(headOf(turn.message));
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
