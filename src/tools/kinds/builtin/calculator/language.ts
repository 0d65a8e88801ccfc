/** The calculator's language, apart from mathjs, which is loaded with the first calculation only. */
export const EXPRESSION_MAX_LENGTH = 500;

export const FUNCTION_NAMES = [
  'abs',
  'sqrt',
  'cbrt',
  'exp',
  'ln',
  'log',
  'log10',
  'log2',
  'floor',
  'ceil',
  'round',
  'sign',
  'factorial',
  'sin',
  'cos',
  'tan',
  'asin',
  'acos',
  'atan',
  'pow',
  'mod',
  'gcd',
  'lcm',
  'min',
  'max',
  'sum',
  'mean',
  'median',
  'std',
] as const;

export type FunctionName = (typeof FUNCTION_NAMES)[number];
