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
