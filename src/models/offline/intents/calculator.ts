import { type Intent, type Turn, withTool } from '../intent.js';
import { essence } from '../sentences.js';
import { arithmeticOf } from './arithmetic-words.js';
import { CURRENCY_WORD } from './currencies.js';
import { resolveReferences } from './references.js';

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
  return DATE.test(sentence) ? undefined : EMBEDDED.exec(sentence)?.[0].trim();
}

function asksArithmetic(question: string): boolean {
  return /\b(?:double|triple|halve|half|add|subtract|plus|minus|times|multiply|divide|divided|square|percent)\b|%/i.test(
    question,
  );
}

function nothingBefore(): string {
  return 'I do not know which number you mean: there is no earlier result in this conversation.';
}
