import { PHRASES } from './vocabulary.js';

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
