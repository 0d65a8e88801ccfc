import { type BigNumber, bignumberDependencies, create, parseDependencies } from 'mathjs';

/** Digits that every step of a calculation keeps; whole numbers up to this length are exact. */
export const PRECISION = 256;

/** Only the parser and the number type are loaded: nothing else of the library can be reached from an expression. */
const math = create({ ...parseDependencies, ...bignumberDependencies }, { number: 'BigNumber', precision: PRECISION });

export type { BigNumber };

export const parseExpression = math.parse.bind(math);

/** A number of {@link PRECISION} digits. */
export function big(value: number | string): BigNumber {
  return math.bignumber(value);
}
