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

/** Rules read single sentences; a longer one is not something a person asks in passing. */
const SENTENCE_MAX_LENGTH = 500;
const SENTENCES_MAX = 12;
const SENTENCE_END = new RegExp(PHRASES.sentence_end, 'u');
const CLAUSE_END = new RegExp(PHRASES.clause_end, 'iu');
const QUESTION = new RegExp(PHRASES.question, 'iu');
const ORDER = new RegExp(PHRASES.order, 'iu');
const FILLERS = new RegExp(PHRASES.fillers, 'iu');

/** The sentences of a message, bounded in number and length so that no message can make the rules slow. */
export function sentencesOf(message: string): string[] {
  const sentences = message.slice(0, SENTENCE_MAX_LENGTH * SENTENCES_MAX).split(SENTENCE_END);
  const parts = sentences.flatMap((sentence) => sentence.slice(0, SENTENCE_MAX_LENGTH).split(CLAUSE_END));
  return parts.flatMap((part) => part.trim().replace(/\s+/g, ' ') || []).slice(0, SENTENCES_MAX);
}

export const isQuestion = (sentence: string): boolean => QUESTION.test(sentence);

/** A question or an order: something that wants an answer. */
export const isRequest = (sentence: string): boolean => isQuestion(sentence) || ORDER.test(essence(sentence));

/** Without leading politeness and fillers, and without the mark at the end. */
export function essence(sentence: string): string {
  const told = sentence.trim().replace(FILLERS, '');
  return told.replace(/(?<![\s?!.,])[\s?!.,]+$/, '').replace(/,?\s{1,9}please$/i, '');
}

/** A number that was spoken of, with the word behind it, if any. */
export interface Quantity {
  /** Plain digits without thousands separators. */
  value: string;
  unit?: string;
}

const NUMBER = String.raw`-?(?<!\d)(?:\d{1,3}(?:,\d{3}){1,100}|\d{1,300})(?:\.\d{1,300})?(?:e[+-]?\d{1,9})?`;
const UNIT = String.raw`[\p{L}°$€£][\p{L}°²³/ ]{0,30}`;
const SOURCE = String.raw`(?:(?<given>${NUMBER})\s{1,9}(?<of>${UNIT}?)\s{1,9})?`;
const VALUE = String.raw`(?<sign>[$€£])?\s?(?<value>${NUMBER})(?:\s{0,9}(?<percent>%)|\s{0,9}(?<unit>${UNIT}))?`;
const RESULT = new RegExp(String.raw`${SOURCE}=\s{0,9}(?:about\s{1,9})?${VALUE}`, 'gu');
const AMOUNT = new RegExp(`^${VALUE}$`, 'u');

/** The last result that an answer states, and what it was converted from: 10 km of "10 km = 6.2 miles". */
export function resultOf(answer: string): { result?: Quantity | undefined; source?: Quantity | undefined } {
  const { value, sign, percent, unit, given, of } = [...answer.matchAll(RESULT)].at(-1)?.groups ?? {};
  return { result: quantity(value, unit ?? percent ?? sign), source: quantity(given, of) };
}

/** A text that is nothing but an amount: "1200 euros", "$50", "12 km". */
export function amountOf(text: string): Quantity | undefined {
  const { value, sign, percent, unit } = AMOUNT.exec(text.trim())?.groups ?? {};
  return quantity(value, unit ?? percent ?? sign);
}

function quantity(number: string | undefined, word = ''): Quantity | undefined {
  const unit = word.trim().replace(/\s{1,9}(?:per|for|and|in|to)$/u, '');
  return number === undefined ? undefined : { value: number.replaceAll(',', ''), ...(unit ? { unit } : {}) };
}

const { ones: ONES, tens: TENS, scales } = PHRASES.numbers;
const TENS_AND_ONES = new RegExp(`\\b(${TENS.join('|')})(?:[- ](${ONES.slice(1, 10).join('|')}))?\\b`, 'gi');
const SINGLE = new RegExp(`\\b(?:${ONES.join('|')})\\b`, 'gi');
const SCALED = new RegExp(`(?<!\\d)(\\d{1,300}(?:\\.\\d{1,300})?)\\s{1,9}(${Object.keys(scales).join('|')})\\b`, 'gi');

/** "twenty-five" becomes 25, "2 million" 2000000. */
export function digitsForWords(text: string): string {
  const ones = (word = 'zero') => ONES.indexOf(word.toLowerCase());
  const tens = (word: string) => TENS.indexOf(word.toLowerCase()) * 10 + 20;
  return text
    .replace(TENS_AND_ONES, (_, ten: string, one?: string) => `${tens(ten) + ones(one)}`)
    .replace(SINGLE, (word) => `${ones(word)}`)
    .replace(SCALED, (_, count: string, scale: string) => `${Number(count) * (scales[scale.toLowerCase()] ?? 1)}`);
}
