import type { BigNumber } from 'mathjs';
import mathjs from 'mathjs/lib/browser/math.js';

// The library's single file: its 1,500 modules would cost 110 MB of memory and half a second at every start.

/** Digits that every step of a calculation keeps; whole numbers up to this length are exact. */
export const PRECISION = 256;

const { bignumberDependencies, create, parseDependencies } = mathjs;

/** Only the parser and the number type are loaded: nothing else of the library can be reached from an expression. */
const math = create({ ...parseDependencies, ...bignumberDependencies });
// The single file's `create` takes no settings.
math.config({ number: 'BigNumber', precision: PRECISION });

export const { isConstantNode, isFunctionNode, isOperatorNode, isParenthesisNode, isSymbolNode } = mathjs;

export type { BigNumber };

export const parseExpression = math.parse.bind(math);

/** A number of {@link PRECISION} digits. */
export function big(value: number | string): BigNumber {
  return math.bignumber(value);
}

/** Digits that are shown of a number that is not whole; far fewer than are calculated with, so rounding noise stays hidden. */
const SHOWN_DIGITS = 20;

/** Digits of a fraction that people are shown. */
const READABLE_DIGITS = 15;

/** Beyond this many places a fraction is noise of the last digits, e.g. sin(pi). */
const NOISE_EXPONENT = -PRECISION / 2;

export interface FormattedNumber {
  /** Plain digits for further calculation. */
  result: string;
  /** With thousands separators, for people. */
  formatted: string;
  /** Set when digits were left out. */
  approximate?: true;
}

/** Whole numbers are written in full as long as they are exact, fractions with 20 significant digits. */
export function formatNumber(value: BigNumber): FormattedNumber {
  if (value.isZero() || value.e < NOISE_EXPONENT) return { result: '0', formatted: '0' };
  const exact = value.isInteger() && value.e < PRECISION;
  const shown = exact ? value : value.toSignificantDigits(SHOWN_DIGITS);
  const large = Math.abs(shown.e) >= (exact ? PRECISION : SHOWN_DIGITS + 10);
  const result = large ? shown.toExponential() : shown.toFixed();
  return {
    result,
    formatted: large ? result : grouped(readable(shown)),
    ...(differs(value, shown) ? { approximate: true as const } : {}),
  };
}

function readable(value: BigNumber): string {
  return (value.isInteger() ? value : value.toSignificantDigits(READABLE_DIGITS)).toFixed();
}

/** Differences in the last digits are noise of the calculation: 1/3*3 is 1. */
function differs(value: BigNumber, shown: BigNumber): boolean {
  return value
    .minus(shown)
    .abs()
    .gt(value.abs().times(`1e-${PRECISION - 20}`));
}

function grouped(digits: string): string {
  const [whole = '0', fraction] = digits.split('.');
  const sign = whole.startsWith('-') ? '-' : '';
  const separated = sign + BigInt(whole.slice(sign.length)).toLocaleString('en-US');
  return fraction === undefined ? separated : `${separated}.${fraction}`;
}
