import { digitsForWords } from './numbers.js';

const N = String.raw`(\(?-?(?<!\d)\d[\d.,]{0,300}\)?)`;
const P = String.raw`((?<!\d)\d[\d.,]{0,300})\s?%`;

/** Ways of asking for arithmetic, written as expressions. Order matters: phrases before the single words in them. */
const PHRASES: readonly (readonly [RegExp, string])[] = [
  [/\bpercent(?:age)?\b(?! is| of \d+ is)/gi, '%'],
  [new RegExp(`^(?:what (?:%|percentage) (?:is|of) )${N} (?:of|is) ${N}$`, 'i'), '$1 / $2 * 100'],
  [new RegExp(`^${N} is what (?:%|percentage) of ${N}$`, 'i'), '$1 / $2 * 100'],
  [new RegExp(`${P} (?:off|discount (?:on|of)) (?:of )?${N}`, 'i'), '$2 - $1%'],
  [new RegExp(`${N} (?:with|minus|less) (?:a )?${P} (?:off|discount)`, 'i'), '$1 - $2%'],
  [new RegExp(`add ${P} (?:vat|tax|tip|interest)? ?(?:to|on) ${N}`, 'i'), '$2 + $1%'],
  [new RegExp(`${N} (?:plus|with|including) (?:a )?${P} (?:vat|tax|tip|interest)`, 'i'), '$1 + $2%'],
  [new RegExp(`${P} (?:tip|tax|vat|interest|commission) (?:on|of|for) ${N}`, 'i'), '$1% of $2'],
  [new RegExp(`(?:increase|raise) ${N} by ${P}`, 'i'), '$1 + $2%'],
  [new RegExp(`(?:decrease|reduce|lower) ${N} by ${P}`, 'i'), '$1 - $2%'],
  [new RegExp(`add ${N} (?:to|and) ${N}`, 'i'), '$2 + $1'],
  [new RegExp(`subtract ${N} from ${N}`, 'i'), '$2 - $1'],
  [new RegExp(`(?:multiply|multiplying) ${N} (?:by|and|with) ${N}`, 'i'), '$1 * $2'],
  [
    new RegExp(
      `(?:divide|split|share) ${N} (?:by|between|among|across|into) ${N}(?: (?:people|persons|friends|ways|parts|of us|guests|days|weeks|months))?`,
      'i',
    ),
    '$1 / $2',
  ],
  [new RegExp(`(?:the )?remainder of ${N} (?:divided by|/) ${N}`, 'i'), '$1 mod $2'],
  [new RegExp(`(?:the )?square root of ${N}`, 'gi'), 'sqrt($1)'],
  [new RegExp(`(?:the )?cube root of ${N}`, 'gi'), 'cbrt($1)'],
  [new RegExp(`(?:the )?factorial of ${N}`, 'gi'), 'factorial($1)'],
  [new RegExp(`${N} factorial`, 'gi'), 'factorial($1)'],
  [new RegExp(`(?:double|twice) ${N}`, 'gi'), '$1 * 2'],
  [new RegExp(`triple ${N}`, 'gi'), '$1 * 3'],
  [new RegExp(`(?:halve|half(?: of)?|(?:a|one|1) half of) ${N}`, 'gi'), '$1 / 2'],
  [new RegExp(`(?:a|one|1) third of ${N}`, 'gi'), '$1 / 3'],
  [new RegExp(`(?:a|one|1) quarter of ${N}`, 'gi'), '$1 / 4'],
  [new RegExp(`square ${N}$`, 'i'), '$1 ^ 2'],
  [/\bsquared\b/gi, '^ 2'],
  [/\bcubed\b/gi, '^ 3'],
  [/\b(?:to|raised to) the power (?:of )?/gi, '^ '],
  [/\b(?:multiplied by|times)\b/gi, '*'],
  [/\b(?:divided by|over)\b/gi, '/'],
  [/\bplus\b/gi, '+'],
  [/\bminus\b/gi, '-'],
  [/\bmodulo\b/gi, 'mod'],
  [/(?<=[\d)])\s*x\s*(?=[\d(])/gi, ' * '],
];

const AGGREGATE =
  /^(?:the )?(sum|total|average|mean|median|maximum|minimum|largest|smallest|product)(?: of| among)? (?:these numbers:? ?)?(.+)$/i;
const AGGREGATES: Readonly<Record<string, string>> = {
  sum: 'sum',
  total: 'sum',
  average: 'mean',
  mean: 'mean',
  median: 'median',
  maximum: 'max',
  largest: 'max',
  minimum: 'min',
  smallest: 'min',
};

/** Rewrites words as an expression; text that is no arithmetic comes out changed but still no expression. */
export function arithmeticOf(text: string): string {
  const digits = digitsForWords(text)
    .replace(/[$€£]\s?(?=\d)/g, '')
    .replace(/^(?:an?|the) (?=\d)/i, '');
  return (
    aggregate(digits) ??
    PHRASES.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), digits)
      .replace(/\s+/g, ' ')
      .trim()
  );
}

/** "the average of 3, 4 and 5" becomes mean(3, 4, 5). */
function aggregate(text: string): string | undefined {
  const [, name = '', list = ''] = AGGREGATE.exec(text) ?? [];
  const numbers = list.replace(/(?<=\d),(?=\d{3}\b)/g, '').match(/-?\d+(?:\.\d+)?/g) ?? [];
  if (numbers.length < 2 || !/^[\d\s.,;+-]*(?:and[\d\s.,]*)?$/i.test(list)) return undefined;
  const known = AGGREGATES[name.toLowerCase()];
  return known ? `${known}(${numbers.join(', ')})` : numbers.join(' * ');
}
