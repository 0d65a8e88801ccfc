import { type BigNumber, PRECISION } from './number-type.js';

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
