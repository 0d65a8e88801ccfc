import type { Limit } from './requirement-profile.js';

const UNITS =
  'percent|%|words?|characters?|sentences?|lines?|pages?|bullet points?|paragraphs?|items?|questions?|suggestions?|options?|examples?|seconds?|minutes?|hours?|days?|weeks?|months?|years?|requests?|users?|euros?|dollars?|eur|usd|€|\\$|kg|km|degrees?';
const AT_MOST =
  'at most|no more than|not more than|up to|maximum(?: of)?|max\\.?|within|under|less than|fewer than|below';
const AT_LEAST = 'at least|no less than|minimum(?: of)?|min\\.?|more than|over';
const LIMIT = new RegExp(
  `(?:\\b(${AT_MOST})\\s+|\\b(${AT_LEAST})\\s+|\\b(?:exactly\\s+)?)([€$]?)(\\d{1,9}(?:[.,]\\d{1,6})?)\\s*-?\\s*(${UNITS})?(?![\\p{L}\\d])`,
  'giu',
);

/** Numbers with a bound or a unit: "at most 100 words", "within 2 seconds", "3 suggestions". */
export function limitsOf(sentences: readonly string[]): Limit[] {
  const limits: Limit[] = [];
  for (const match of sentences.join('\n').matchAll(LIMIT)) {
    const [text, atMost, atLeast, currency, digits, unit] = match;
    if (atMost === undefined && atLeast === undefined && unit === undefined) continue;
    limits.push({
      text: text.trim(),
      bound: atMost !== undefined ? 'at_most' : atLeast !== undefined ? 'at_least' : 'exactly',
      value: Number(digits?.replace(',', '.')),
      unit: (unit ?? currency ?? '').toLowerCase(),
    });
  }
  return limits.slice(0, 10);
}
