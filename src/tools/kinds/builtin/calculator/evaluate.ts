import type { FunctionNode, MathNode } from 'mathjs';
import { ToolError } from '../../../tool.js';
import { EXPRESSION_MAX_LENGTH } from './language.js';
import {
  big,
  type BigNumber,
  type FormattedNumber,
  formatNumber,
  isConstantNode,
  isFunctionNode,
  isOperatorNode,
  isParenthesisNode,
  isSymbolNode,
  parseExpression,
  callFunction,
  factorial,
  modulo,
  power,
} from './functions.js';

/** Decimal exponents beyond this make single operations slow, and no answer to a person needs them. */
const MAGNITUDE_MAX = 5000;
const DEPTH_MAX = 100;

/** The parser reads "10% + 5" as a remainder; this postfix operator, which has no other meaning here, marks a percentage. */
const PERCENT_SIGN = "'";

const REPLACEMENTS: readonly (readonly [RegExp, string])[] = [
  [/'/g, '?'],
  [/[×✕·]/g, '*'],
  [/÷/g, '/'],
  [/[−–—]/g, '-'],
  [/²/g, '^2'],
  [/³/g, '^3'],
  [/√\s*(\d+(?:\.\d+)?)/g, 'sqrt($1)'],
  [/√/g, 'sqrt'],
  [/π/g, 'pi'],
  [/\*\*/g, '^'],
  [/(?<!\d)(\d{1,300}(?:\.\d{1,300})?)\s{0,9}(?:%|percent)\s{1,9}of\s{1,9}/gi, '($1 / 100) * '],
  [/\bpercent\b/gi, '%'],
  [/%(?!\s*[\d.(a-z])/gi, PERCENT_SIGN],
];

const CONSTANTS: Readonly<Record<string, () => BigNumber>> = {
  pi: () => big(-1).acos(),
  tau: () => big(-1).acos().times(2),
  e: () => big(1).exp(),
};

const BINARY: Readonly<Record<string, (a: BigNumber, b: BigNumber) => BigNumber>> = {
  add: (a, b) => a.plus(b),
  subtract: (a, b) => a.minus(b),
  multiply: (a, b) => a.times(b),
  divide,
  pow: power,
  mod: modulo,
};

const UNARY: Readonly<Record<string, (a: BigNumber) => BigNumber>> = {
  unaryMinus: (a) => a.negated(),
  unaryPlus: (a) => a,
  factorial,
  /** The parser's name for {@link PERCENT_SIGN}. */
  ctranspose: (a) => a.div(100),
};

/** Evaluates an expression and formats the result. Throws {@link ToolError}. */
export function calculate(expression: string): FormattedNumber {
  return formatNumber(evaluateExpression(expression));
}

/**
 * Evaluates an arithmetic expression. The library only parses; this walks the tree and accepts only numbers, the four
 * operations, powers, remainders and a fixed list of functions: no assignments, objects, imports or matrices. Throws {@link ToolError}.
 */
function evaluateExpression(text: string): BigNumber {
  if (text.length > EXPRESSION_MAX_LENGTH)
    throw new ToolError(`The expression is longer than ${EXPRESSION_MAX_LENGTH} characters.`);
  return evaluateNode(parse(normaliseExpression(text)), 0);
}

/** Rewrites common notations for the parser. Removes thousands separators unless the expression calls a function, whose arguments commas separate. */
function normaliseExpression(text: string): string {
  const written = REPLACEMENTS.reduce(
    (result, [pattern, replacement]) => result.replace(pattern, replacement),
    text.trim(),
  );
  const plain = (/^([^=]*)=[\s?]*$/.exec(written)?.[1] ?? written).trimEnd();
  return /[a-z]\s*\(/i.test(plain) ? plain : plain.replace(/(?<=\d),(?=\d{3}(?!\d))/g, '');
}

function parse(expression: string): MathNode {
  try {
    return parseExpression(expression);
  } catch (error) {
    throw new ToolError(
      `"${expression.length > 80 ? `${expression.slice(0, 80)}...` : expression}" is not an arithmetic expression.`,
      { cause: error },
    );
  }
}

function evaluateNode(node: MathNode, depth: number): BigNumber {
  if (depth > DEPTH_MAX) throw new ToolError('The expression is nested too deeply.');
  if (isParenthesisNode(node)) return evaluateNode(node.content, depth + 1);
  if (isConstantNode(node)) return constant(node.value);
  if (isSymbolNode(node)) return symbol(node.name);
  if (isOperatorNode(node)) return bounded(operator({ fn: node.fn, op: node.op, args: node.args }, depth));
  if (isFunctionNode(node)) return bounded(callFunction(functionName(node), operands(node.args, depth)));
  throw new ToolError('Only numbers, + - * / ^ mod, brackets, percentages and functions are allowed.');
}

interface Operation {
  fn: string;
  op: string;
  args: MathNode[];
}

function operator(node: Operation, depth: number): BigNumber {
  const [a, b] = operands(node.args, depth);
  const unary = a && !b ? UNARY[node.fn] : undefined;
  if (a && unary) return unary(a);
  const binary = BINARY[node.fn];
  if (a && b && binary) return binary(a, isShare(node) ? a.times(b) : b);
  throw new ToolError(`The operator "${node.op}" is not supported.`);
}

/** "200 + 10%" adds ten percent of 200, as a pocket calculator does. */
function isShare({ fn, args }: Operation): boolean {
  const right = args[1];
  const sign: string = isOperatorNode(right) ? right.op : '';
  return (fn === 'add' || fn === 'subtract') && sign === PERCENT_SIGN;
}

function operands(nodes: MathNode[], depth: number): BigNumber[] {
  return nodes.map((node) => evaluateNode(node, depth + 1));
}

/** A call has a plain name, never something computed such as `a.b(1)`. */
function functionName(node: FunctionNode): string {
  const callee: unknown = node.fn;
  return isSymbolNode(callee) ? callee.name : 'unknown';
}

function constant(value: unknown): BigNumber {
  if (typeof value === 'object' && value !== null && 'isBigNumber' in value) return value as unknown as BigNumber;
  if (typeof value === 'number') return big(value);
  throw new ToolError('Only numbers can be used in calculations.');
}

function symbol(name: string): BigNumber {
  const value = Object.hasOwn(CONSTANTS, name.toLowerCase()) ? CONSTANTS[name.toLowerCase()] : undefined;
  if (!value) throw new ToolError(`"${name}" has no value here.`);
  return value();
}

function divide(a: BigNumber, b: BigNumber): BigNumber {
  if (b.isZero()) throw new ToolError('Division by zero.');
  return a.div(b);
}

function bounded(value: BigNumber): BigNumber {
  if (value.isNaN()) throw new ToolError('The result is not a real number.');
  if (!value.isFinite() || Math.abs(value.e) > MAGNITUDE_MAX)
    throw new ToolError('The result is too large or too small to calculate here.');
  return value;
}
