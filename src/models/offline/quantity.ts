/** A number that was spoken of, with the word behind it, if any. */
export interface Quantity {
  /** Plain digits without thousands separators. */
  value: string;
  unit?: string;
}

const NUMBER = String.raw`-?(?<!\d)(?:\d{1,3}(?:,\d{3}){1,100}|\d{1,300})(?:\.\d{1,300})?(?:e[+-]?\d{1,9})?`;
const UNIT = String.raw`[\p{L}°$€£][\p{L}°²³/ ]{0,30}`;
const RESULT = new RegExp(
  String.raw`=\s{0,9}(?:about\s{1,9})?([$€£])?(${NUMBER})(?:\s{0,9}(%)|\s{1,9}(${UNIT}))?`,
  'gu',
);
const CONVERTED = new RegExp(String.raw`(${NUMBER})\s{1,9}(${UNIT}?)\s{1,9}=\s`, 'gu');
const AMOUNT = new RegExp(String.raw`^([$€£])?\s?(${NUMBER})\s*(${UNIT})?$`, 'u');

/** The last result that an answer states as "... = 69,104 unit". */
export function resultOf(answer: string): Quantity | undefined {
  const match = [...answer.matchAll(RESULT)].at(-1);
  return match ? quantity(match[2], match[3] ?? match[4] ?? match[1]) : undefined;
}

/** What the last conversion in an answer started from: 10 km of "10 km = 6.2 miles". */
export function conversionSourceOf(answer: string): Quantity | undefined {
  const match = [...answer.matchAll(CONVERTED)].at(-1);
  return match ? quantity(match[1], match[2]) : undefined;
}

/** A text that is nothing but an amount: "1200 euros", "$50", "12 km". */
export function amountOf(text: string): Quantity | undefined {
  const match = AMOUNT.exec(text.trim());
  return match ? quantity(match[2], match[3] ?? match[1]) : undefined;
}

function quantity(number: string | undefined, unit: string | undefined): Quantity {
  const named = unit?.trim().replace(/\s{1,9}(?:per|for|and|in|to)$/u, '');
  return { value: (number ?? '0').replaceAll(',', ''), ...(named ? { unit: named } : {}) };
}

/** Digits for people: thousands separated, at most 10 significant digits of a fraction. */
export function readable(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 10 });
}

/** Words for money. They may stand behind a number in a calculation; converting between them needs a rate of the day. */
export const CURRENCY_WORD =
  /\b(?:euros?|eur|dollars?|usd|pounds sterling|gbp|francs?|chf|yen|jpy|rupees?|inr|yuan|cny|pesos?|kronor|kroner|bucks|cents?)\b/iu;

const SMALL: readonly string[] = [
  'zero',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
  'thirteen',
  'fourteen',
  'fifteen',
  'sixteen',
  'seventeen',
  'eighteen',
  'nineteen',
];
const TENS: readonly string[] = ['twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];
const SCALES: Readonly<Record<string, number>> = {
  hundred: 100,
  thousand: 1000,
  million: 1_000_000,
  billion: 1_000_000_000,
};

const WORDS = new Map<string, number>([
  ...SMALL.map((word, index) => [word, index] as const),
  ...TENS.map((word, index) => [word, (index + 2) * 10] as const),
]);
const TENS_AND_ONES = new RegExp(`\\b(${TENS.join('|')})[- ](${SMALL.slice(1, 10).join('|')})\\b`, 'gi');
const SINGLE = new RegExp(`\\b(${[...WORDS.keys()].join('|')})\\b`, 'gi');
const SCALED = /(?<!\d)(\d{1,300}(?:\.\d{1,300})?)\s{1,9}(hundred|thousand|million|billion)\b/gi;

/** "twenty-five" becomes 25, "2 million" 2000000. */
export function digitsForWords(text: string): string {
  const value = (word: string) => WORDS.get(word.toLowerCase()) ?? 0;
  return text
    .replace(TENS_AND_ONES, (_, tens: string, ones: string) => String(value(tens) + value(ones)))
    .replace(SINGLE, (word) => String(value(word)))
    .replace(SCALED, (_, count: string, scale: string) => String(Number(count) * (SCALES[scale.toLowerCase()] ?? 1)));
}
