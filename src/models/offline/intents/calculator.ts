import { type Intent, type Turn, withTool } from '../intent.js';
import { essence } from '../sentences.js';
import { CURRENCY_WORD, digitsForWords, amountOf, type Quantity } from '../quantity.js';
import type { ConversationMemory } from '../conversation-memory.js';
import { factKey } from '../facts.js';

const LEAD_IN =
  /^(?:(?:and )?(?:what(?:['’]s|s| is| are| does| would)|how much (?:is|are|would be)|calculate|compute|work out|evaluate|solve|find|figure out|give me|tell me|show me|do you know|i (?:need|want)(?: to know)?)\s+)+(?:the (?:result|value|answer) of\s+)?/i;

/** An expression made of nothing but numbers, signs, brackets and functions, with something to do in it. */
const EXPRESSION =
  /^(?=.*\d)(?=.*(?:[-+*/^%!×÷²³]|\bmod\b|[a-z]\())(?:[\d.,]|(?<=\d)e(?=[+-]?\d)|[-+*/^%!()×÷²³√\s]|\bmod\b|\bof\b|\bpi\b|\b(?:sqrt|cbrt|abs|exp|ln|log|log10|log2|floor|ceil|round|factorial|sin|cos|tan|asin|acos|atan|pow|gcd|lcm|min|max|sum|mean|median|std)(?=\())+$/i;
const ASKS_SHARE = /\bwhat (?:%|percent(?:age)?)/i;
const DATE = /\b\d{4}-\d{2}-\d{2}\b/;
const EMBEDDED =
  /(?<![\w.-])-?\({0,9}\d[\d.,]{0,300}%?\){0,9}(?:\s{1,9}[-+*/^×÷]\s{1,9}\({0,9}-?\d[\d.,]{0,300}%?\){0,9}|\s?[*^×÷]\s?\({0,9}-?\d[\d.,]{0,300}%?\){0,9}|%\sof\s\d[\d.,]{0,300}){1,100}(?![\w-])/;

/** Continues the last result: "plus 10", "times 3", "double", "divide by 4". */
const ELLIPSIS: readonly (readonly [RegExp, string])[] = [
  [/^(?:add|plus|\+)\s*(-?[\d.,]+%?)(?: more)?$/i, '+ $1'],
  [/^(?:subtract|minus|take away|less|-)\s*(-?[\d.,]+%?)$/i, '- $1'],
  [/^(?:multiply|multiplied|times|\*)(?: by)?\s*(-?[\d.,]+)$/i, '* $1'],
  [/^(?:divide|divided|split|\/)(?: by| between| among)?\s*(-?[\d.,]+)$/i, '/ $1'],
  [/^(?:double)$/i, '* 2'],
  [/^(?:triple)$/i, '* 3'],
  [/^(?:halve|half)$/i, '/ 2'],
  [/^(?:square|squared)$/i, '^ 2'],
];

/** Arithmetic in figures or words, also on what was said before. */
export const calculatorIntent: Intent = (turn) => {
  const question = essence(turn.sentence).replace(LEAD_IN, '');
  const resolved = resolveReferences(question, turn.memory);
  const currency = CURRENCY_WORD.exec(resolved.text)?.[0] ?? /[$€£](?=\s?\d)/.exec(resolved.text)?.[0];
  const words = resolved.text
    .replace(/(?<=\d)\s+(?=\p{L})/gu, ' ')
    .replace(new RegExp(`(?<=\\d)\\s*(?:${CURRENCY_WORD.source})`, 'giu'), '');
  const asked = wholeExpression(arithmeticOf(words)) ?? ellipsis(words, turn);
  const expression = asked ?? embedded(turn.sentence);
  if (expression === undefined && /^(?:the|my) total$/i.test(question) && turn.memory.lastResult)
    return { text: `The total is ${measured(turn.memory.lastResult.value, turn.memory.lastResult.unit)}.` };
  if (expression === undefined)
    return resolved.dangling && asksArithmetic(question) ? { text: nothingBefore() } : undefined;
  const unit = ASKS_SHARE.test(question)
    ? '%'
    : asked === undefined
      ? currency
      : (resolved.unit ?? currency ?? previousUnit(words, turn));
  return withTool(turn, {
    tool: 'calculator',
    input: { expression },
    phrase: ({ formatted, approximate }) =>
      `${expression} = ${approximate === true ? 'about ' : ''}${measured(String(formatted), unit)}.`,
  });
};

function measured(number: string, unit: string | undefined): string {
  if (unit === undefined) return number;
  if (/^[$€£]$/.test(unit)) return `${unit}${number}`;
  return unit === '%' ? `${number}%` : `${number} ${unit}`;
}

function wholeExpression(text: string): string | undefined {
  const trimmed = text.trim().replace(/=$/, '').trim();
  return EXPRESSION.test(trimmed) && !DATE.test(trimmed) && !/^[-+]?\d[\d.,]*$/.test(trimmed) ? trimmed : undefined;
}

function ellipsis(words: string, { memory }: Turn): string | undefined {
  const previous = memory.lastMentioned;
  const text = arithmeticOf(words);
  if (!previous) return undefined;
  for (const candidate of [words, text]) {
    for (const [pattern, continued] of ELLIPSIS) {
      if (pattern.test(candidate.trim())) return `${previous.value} ${candidate.trim().replace(pattern, continued)}`;
    }
  }
  return undefined;
}

function previousUnit(words: string, { memory }: Turn): string | undefined {
  return ELLIPSIS.some(([pattern]) => pattern.test(words.trim())) ? memory.lastMentioned?.unit : undefined;
}

function embedded(sentence: string): string | undefined {
  if (DATE.test(sentence)) return undefined;
  const percent = sentence.replace(/(\d)\s{0,3}% (?:of|von|de|do|от|من) (?=\d)/giu, '$1% of ');
  return EMBEDDED.exec(percent)?.[0].trim();
}

function asksArithmetic(question: string): boolean {
  return /\b(?:double|triple|halve|half|add|subtract|plus|minus|times|multiply|divide|divided|square|percent)\b|%/i.test(
    question,
  );
}

function nothingBefore(): string {
  return 'I do not know which number you mean: there is no earlier result in this conversation.';
}

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

/** "3 shirts at 19.99 with 15 % discount cost" */
const PURCHASE =
  /(?<![\d.,])(\d{1,9}) (?:\p{L}{2,30} ){1,4}(?:at|for|à|zu) (\d[\d.,]{0,20})(?: (?:each|apiece))?(?: (?:with|minus|less|and) (?:an? )?(\d[\d.,]{0,20}) ?% (?:off|discount))?(?: (?:cost|in total|altogether))?$/iu;

const ITEMS = /(?<![\d.,])(\d{1,9}) (?:\p{L}{2,30} ){1,4}(?:at|for|à|zu) (\d(?:[\d.,]{0,19}\d)?)/giu;

/** Several things at a price each are added up. */
function purchase(text: string): string | undefined {
  const [, count, price, discount] = PURCHASE.exec(text) ?? [];
  const items = [...text.matchAll(ITEMS)].map(([, many, each]) => `${many} * ${each}`);
  if (items.length > 1 && discount === undefined) return items.join(' + ');
  if (count === undefined || price === undefined) return undefined;
  return discount === undefined ? `${count} * ${price}` : `(${count} * ${price}) - ${discount}%`;
}

const AGGREGATE =
  /^(?:the )?(sum|total|average|mean|median|maximum|minimum|largest|smallest|product)(?: \p{L}{2,20}){0,3}?(?: of| among)? (?:these numbers:? ?)?([\d-].*)$/iu;
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
function arithmeticOf(text: string): string {
  const digits = digitsForWords(text)
    .replace(/[$€£]\s?(?=\d)/g, '')
    .replace(/^(?:an?|the) (?=\d)/i, '');
  return (
    purchase(digits.replace(/\bpercent\b/gi, '%')) ??
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

const PRONOUN =
  /\b(?:that|it|this|(?:the|your|that|my)?\s?(?:last |previous |first )?(?:result|answer)|the total)\b(?!['’]s| of\b)/gi;

interface Resolved {
  text: string;
  /** Unit of what was put in, so that the answer can carry it. */
  unit?: string;
  /** A pronoun was used and nothing is known that it could mean. */
  dangling: boolean;
}

/** Puts numbers in place of what was said before: "15% of my budget" becomes "15% of 1200", "double that" "double 180". */
export function resolveReferences(text: string, memory: ConversationMemory, withUnits = false): Resolved {
  let unit: string | undefined;
  const put = (quantity: Quantity): string => {
    unit ??= quantity.unit;
    return withUnits && quantity.unit ? `${quantity.value} ${quantity.unit}` : quantity.value;
  };
  const withFacts = memory.facts.reduce((result, { key, value }) => {
    // Most facts are not spoken of; only those that are cost a pattern.
    const amount = result.toLowerCase().includes(key) ? amountOf(value) : undefined;
    return amount ? result.replace(factPattern(key), () => put(amount)) : result;
  }, text);
  const previous = memory.lastMentioned;
  const dangling = previous === undefined && new RegExp(PRONOUN.source, 'i').test(withFacts);
  const resolved = previous ? withFacts.replace(PRONOUN, () => put(previous)) : withFacts;
  return { text: resolved, dangling, ...(unit === undefined ? {} : { unit }) };
}

function factPattern(key: string): RegExp {
  const escaped = factKey(key).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`\\b(?:my|the|our) (?:total |whole )?${escaped}\\b`, 'gi');
}
