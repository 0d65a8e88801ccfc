import { z } from 'zod';
import { lazily } from '../../../platform/async/lazily.js';
import { defineTool } from '../../tool.js';
import { EXPRESSION_MAX_LENGTH, FUNCTION_NAMES } from './calculator/language.js';

const loadCalculation = lazily(() => import('./calculator/evaluate.js'));

/**
 * Numbers, brackets and + - * / %, in 100 characters: no powers, factorials or functions. A result has at most 64 digits, so every such
 * expression takes microseconds.
 */
const PLAIN_ARITHMETIC = /^[\d\s.()+*/%-]{1,100}$/;

export const calculator = defineTool({
  name: 'calculator',
  display_name: 'Calculator',
  description: `Evaluates an arithmetic expression exactly: + - * / ^ mod, brackets, factorials, percentages ("15% of 80", "200 + 10%"), pi, e and the functions ${FUNCTION_NAMES.join(', ')}. Angles are in radians.`,
  schema: z.object({
    expression: z
      .string()
      .min(1)
      .max(EXPRESSION_MAX_LENGTH)
      .describe('The expression, for example "(12.5 + 3) * 4" or "15% of 80"'),
  }),
  examples: [
    { input: { expression: '1234 * 56' }, expected: { result: '69104', formatted: '69,104' } },
    { input: { expression: '15% of 80' }, expected: { result: '12' } },
    { input: { expression: '200 + 10%' }, expected: { result: '220' } },
    { input: { expression: 'sqrt(2) ^ 2' }, expected: { result: '2' } },
  ],
  keywords: [
    'calculat\\p{L}*',
    'arithmetic',
    'math\\p{L}*',
    'sums?',
    'add(?:s|ition)?',
    'subtract\\p{L}*',
    'multipl\\p{L}+',
    'divi(?:de|sion)\\p{L}*',
    'percent\\p{L}*',
    'budgets?',
    'totals?',
    'discounts?',
    'tax(?:es)?',
    'vat',
    'tips?',
    'interest',
    'invoices?',
    'costs?',
    'prices?',
    'averages?',
    'comput(?:e|es|ing)',
    'equations?',
    'numbers?',
    'expenses?',
    'loans?',
    'salar(?:y|ies)',
    'split(?:s|ting)? (?:the )?bills?',
  ],
  pattern: /\d\s*[-+*/×÷^%]\s*\d|\d\s?%/,
  isQuick: ({ expression }) => PLAIN_ARITHMETIC.test(expression),
  run: async ({ expression }) => {
    const { calculate } = await loadCalculation();
    return { expression: expression.trim(), ...calculate(expression) };
  },
});
