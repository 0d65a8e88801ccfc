import { convertUnits, parseUnit } from '../../../shared/units.js';
import { type Intent, type Turn, withTool } from '../intent.js';
import { compiled, replierOf } from '../phrases.js';
import { PHRASES } from '../vocabulary.js';
import { amountOf, digitsForWords, type Quantity } from '../quantity.js';
import { essence } from '../sentences.js';

const LEAD_IN = new RegExp(PHRASES.lead_in, 'i');
/** An expression made of nothing but numbers, signs, brackets and functions, with something to do in it. */
const EXPRESSION =
  /^(?!-?[\d.,]+$)(?!.*\d{4}-\d{2}-\d{2})(?=.*\d)(?=.*(?:[-+*/^%!×÷²³]|\bmod\b|[a-z]\())(?:[\d.,]|(?<=\d)e(?=[+-]?\d)|[-+*/^%!()×÷²³√\s]|\bmod\b|\bof\b|\bpi\b|\b(?:sqrt|cbrt|abs|exp|ln|log|log10|log2|floor|ceil|round|factorial|sin|cos|tan|asin|acos|atan|pow|gcd|lcm|min|max|sum|mean|median|std)(?=\())+$/i;
/** Arithmetic in the middle of a sentence, in any language. */
const EMBEDDED =
  /(?<![\w.-])-?\({0,9}\d[\d.,]{0,300}(?<=\d)%?\){0,9}(?:\s{1,9}[-+*/^×÷]\s{1,9}\({0,9}-?\d[\d.,]{0,300}(?<=\d)%?\){0,9}|\s?[*^×÷]\s?\({0,9}-?\d[\d.,]{0,300}(?<=\d)%?\){0,9}|%\sof\s\d[\d.,]{0,300}(?<=\d)){1,100}(?![\w-])/;
const MONEY = compiled(String.raw`(?<=\d)\s{0,9}CURRENCY|[$€£]\s?(?=\d)`, 'giu');
const SHARE = /\bwhat (?:%|percent(?:age)?)/i;
const ASKS_ARITHMETIC = new RegExp(PHRASES.asks_arithmetic, 'iu');

/** Arithmetic in figures or words, also on what was said before. */
export const calculatorIntent: Intent = (turn) => {
  const { mentioned } = turn.memory;
  const question = rewritten(essence(turn.sentence).replace(LEAD_IN, ''), ELLIPSES);
  if (/^(?:the|my) total$/i.test(question) && mentioned)
    return `The total is ${measured(mentioned.value, mentioned.unit)}.`;
  const resolved = resolveReferences(question, turn.memory);
  const embedded = EMBEDDED.exec(rewritten(turn.sentence.replace(MONEY, '')))?.[0].trim();
  const expression = expressionOf(resolved.text.replace(MONEY, '')) ?? embedded;
  const isDangling = resolved.dangling && ASKS_ARITHMETIC.test(question);
  if (expression === undefined) return isDangling ? PHRASES.nothing_earlier : undefined;
  const unit = SHARE.test(turn.sentence) ? '%' : (resolved.unit ?? resolved.text.match(MONEY)?.[0].trim());
  return withTool(turn, {
    tool: 'calculator',
    input: { expression },
    phrase: ({ formatted, approximate }) =>
      `${expression} = ${approximate === true ? 'about ' : ''}${measured(String(formatted), unit)}.`,
  });
};

function measured(number: string, unit = ''): string {
  return /^[$€£]$/.test(unit) ? `${unit}${number}` : `${number}${unit === '%' ? '' : ' '}${unit}`.trim();
}

const [PURCHASES, ARITHMETIC, ELLIPSES] = (['purchases', 'arithmetic', 'ellipses'] as const).map((name) =>
  PHRASES[name].map(([phrase, expression]) => ({ pattern: compiled(phrase, 'giu'), expression })),
);
const rewritten = (text: string, rules = PURCHASES) =>
  rules?.reduce((result, { pattern, expression }) => result.replace(pattern, expression), text) ?? text;

/** An expression for words such as "15 percent of 80"; undefined for a text that is no arithmetic. */
function expressionOf(text: string): string | undefined {
  const expression = rewritten(rewritten(digitsForWords(text)), ARITHMETIC)
    .replace(/\s+|=$/g, ' ')
    .trim();
  return EXPRESSION.test(expression) ? expression : undefined;
}

const COMPOUND = new RegExp(PHRASES.compound, 'giu');
const phraseReply = replierOf(PHRASES.tools);

/** "Convert 10 km to miles", "and in yards?", "How many days are left until Christmas?" */
export const conversionIntent: Intent = (turn) => {
  const asked = digitsForWords(essence(turn.sentence)).replace(COMPOUND, inOneUnit);
  const { facts, mentioned, source = mentioned } = turn.memory;
  const resolved = resolveReferences(rewritten(asked, ELLIPSES), { facts, mentioned: source }, true);
  return phraseReply(asked, turn) ?? phraseReply(resolved.text, turn);
};

/** "5 feet 11 inches" in feet. */
function inOneUnit(text: string, whole: string, unit: string, rest: string, part: string): string {
  const [from, to] = [parseUnit(part), parseUnit(unit)];
  const more = from && to && convertUnits(Number(rest), from, to);
  return more === undefined ? text : `${Number(whole) + more} ${unit}`;
}

type Known = Pick<Turn['memory'], 'facts' | 'mentioned'>;
const PRONOUN = new RegExp(PHRASES.pronoun, 'giu');

/** Puts numbers in place of what was said before: "15% of my budget" becomes "15% of 1200", "double that" "double 180". */
function resolveReferences(text: string, { facts, mentioned }: Known, withUnits = false) {
  let unit: string | undefined;
  const put = (quantity: Quantity): string => {
    unit ??= quantity.unit;
    return withUnits && quantity.unit ? `${quantity.value} ${quantity.unit}` : quantity.value;
  };
  let resolved = text;
  for (const [key, value] of facts) {
    // Most facts are not spoken of; only those that are cost a pattern.
    const amount = /^[\p{L}\p{N} -]+$/u.test(key) && resolved.toLowerCase().includes(key) ? amountOf(value) : undefined;
    const pattern = amount && new RegExp(`\\b(?:my|the|our) (?:(?:total|whole) )?${key}\\b`, 'giu');
    if (pattern) resolved = resolved.replace(pattern, () => put(amount));
  }
  if (mentioned) resolved = resolved.replace(PRONOUN, () => put(mentioned));
  // A pronoun is left, and nothing is known that it could mean.
  return { text: resolved, unit, dangling: resolved.search(PRONOUN) >= 0 };
}
