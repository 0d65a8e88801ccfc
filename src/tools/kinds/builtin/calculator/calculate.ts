import { evaluateExpression } from './evaluate.js';
import { type FormattedNumber, formatNumber } from './format.js';

/** What an expression comes to, written out. @throws ToolError */
export function calculate(expression: string): FormattedNumber {
  return formatNumber(evaluateExpression(expression));
}
