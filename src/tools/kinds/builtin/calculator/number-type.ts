import type { BigNumber } from 'mathjs';
// The library's single file: its 1,500 modules would cost 110 MB of memory and half a second at every start.
import mathjs from 'mathjs/lib/browser/math.js';

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
