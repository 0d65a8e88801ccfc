import type { BigNumber } from 'mathjs';
import mathjs from 'mathjs/lib/browser/math.js';
import { ToolError } from '../../../tool.js';
import { FUNCTION_NAMES, type FunctionName } from './language.js';

// The library's single file: its 1,500 modules would cost 110 MB of memory and half a second at every start.

/** Digits that every step of a calculation keeps; whole numbers up to this length are exact. */
const PRECISION = 256;

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

type Calculation = (...args: BigNumber[]) => BigNumber;

interface MathFunction {
  arity: readonly [min: number, max: number];
  calculate: Calculation;
}

const FACTORIAL_MAX = 1000;
const ANGLE_MAX = 1e15;
const EXPONENT_MAX = 10_000;

function one(calculate: (x: BigNumber) => BigNumber): MathFunction {
  return { arity: [1, 1], calculate: (x = big(0)) => calculate(x) };
}

function two(calculate: (x: BigNumber, y: BigNumber) => BigNumber): MathFunction {
  return { arity: [2, 2], calculate: (x = big(0), y = big(0)) => calculate(x, y) };
}

function many(calculate: (values: BigNumber[]) => BigNumber): MathFunction {
  return { arity: [1, 100], calculate: (...values) => calculate(values) };
}

/** A larger angle would have to be reduced by a pi of thousands of digits. */
function angle(calculate: (x: BigNumber) => BigNumber): MathFunction {
  return one((x) => {
    if (x.abs().gt(ANGLE_MAX)) throw new ToolError(`Angles are limited to ${ANGLE_MAX} radians.`);
    return calculate(x);
  });
}

/** n! by multiplication, for whole numbers from 0 to 1000. */
export function factorial(n: BigNumber): BigNumber {
  if (!n.isInteger() || n.isNegative()) throw new ToolError('A factorial needs a whole number that is not negative.');
  if (n.gt(FACTORIAL_MAX)) throw new ToolError(`Factorials are limited to ${FACTORIAL_MAX}!.`);
  let product = big(1);
  for (let factor = 2; factor <= n.toNumber(); factor += 1) product = product.times(factor);
  return product;
}

/** The sign follows the divisor, as in everyday arithmetic: -7 mod 3 is 2. */
export function modulo(a: BigNumber, b: BigNumber): BigNumber {
  if (b.isZero()) throw new ToolError('Division by zero.');
  return a.minus(b.times(a.div(b).floor()));
}

export function power(base: BigNumber, exponent: BigNumber): BigNumber {
  if (exponent.abs().gt(EXPONENT_MAX)) throw new ToolError(`Exponents are limited to ${EXPONENT_MAX}.`);
  if (base.isZero() && exponent.isNegative()) throw new ToolError('Division by zero.');
  return base.pow(exponent);
}

function gcd(a: BigNumber, b: BigNumber): BigNumber {
  if (!a.isInteger() || !b.isInteger()) throw new ToolError('gcd and lcm need whole numbers.');
  let [x, y] = [a.abs(), b.abs()];
  while (!y.isZero()) [x, y] = [y, x.mod(y)];
  return x;
}

function sum(values: BigNumber[]): BigNumber {
  return values.reduce((total, value) => total.plus(value), big(0));
}

function mean(values: BigNumber[]): BigNumber {
  return sum(values).div(values.length);
}

function median(values: BigNumber[]): BigNumber {
  const sorted = [...values].sort((a, b) => a.cmp(b));
  const middle = sorted.slice((sorted.length - 1) >> 1, (sorted.length >> 1) + 1);
  return mean(middle);
}

/** Sample standard deviation (n - 1). */
function deviation(values: BigNumber[]): BigNumber {
  if (values.length < 2) throw new ToolError('std needs at least two values.');
  const centre = mean(values);
  return sum(values.map((value) => value.minus(centre).pow(2)))
    .div(values.length - 1)
    .sqrt();
}

/** Half away from zero, as money is rounded. */
function round(value: BigNumber, places: BigNumber): BigNumber {
  if (!places.isInteger() || places.isNegative() || places.gt(100))
    throw new ToolError('round takes 0 to 100 decimal places.');
  return value.toDecimalPlaces(places.toNumber(), 4);
}

const FUNCTIONS: Readonly<Record<FunctionName, MathFunction>> = {
  abs: one((x) => x.abs()),
  sqrt: one((x) => x.sqrt()),
  cbrt: one((x) => x.cbrt()),
  exp: one((x) => power(big(1).exp(), x)),
  ln: one((x) => x.ln()),
  log: { arity: [1, 2], calculate: (x = big(0), base) => (base ? x.log(base) : x.ln()) },
  log10: one((x) => x.log(10)),
  log2: one((x) => x.log(2)),
  floor: one((x) => x.floor()),
  ceil: one((x) => x.ceil()),
  round: { arity: [1, 2], calculate: (x = big(0), places = big(0)) => round(x, places) },
  sign: one((x) => big(x.isZero() ? 0 : x.isNegative() ? -1 : 1)),
  factorial: one(factorial),
  sin: angle((x) => x.sin()),
  cos: angle((x) => x.cos()),
  tan: angle((x) => x.tan()),
  asin: one((x) => x.asin()),
  acos: one((x) => x.acos()),
  atan: one((x) => x.atan()),
  pow: two(power),
  mod: two(modulo),
  gcd: two(gcd),
  lcm: two((a, b) => (a.isZero() || b.isZero() ? big(0) : a.times(b).abs().div(gcd(a, b)))),
  min: many((values) => values.reduce((low, value) => (value.lt(low) ? value : low))),
  max: many((values) => values.reduce((high, value) => (value.gt(high) ? value : high))),
  sum: many(sum),
  mean: many(mean),
  median: many(median),
  std: many(deviation),
};

/** Calls a function of the list by name; anything else is refused. */
export function callFunction(name: string, args: BigNumber[]): BigNumber {
  const known = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name as FunctionName] : undefined;
  if (!known) throw new ToolError(`There is no function "${name}". Known functions: ${FUNCTION_NAMES.join(', ')}.`);
  const [min, max] = known.arity;
  if (args.length < min || args.length > max)
    throw new ToolError(`${name} takes ${min === max ? min : `${min} to ${max}`} values, not ${args.length}.`);
  return known.calculate(...args);
}
