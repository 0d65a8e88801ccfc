import jmespath from 'jmespath';
import { ToolError } from '../../../tool.js';

interface QueryNode {
  type: string;
  children?: unknown[];
}

declare module 'jmespath' {
  /** Part of the library, missing in its published types. */
  function compile(expression: string): unknown;
}

/** Characters of output that a query may produce at most, by the estimate below. */
const GROWTH_MAX = 10_000_000;

/**
 * Only lists and objects that a query builds can make its output larger than its input: `[@,@] | [@,@] | ...` doubles
 * with every step. Refuses a query whose product of their sizes times the input's length is too large.
 */
export function boundedQuery(query: string, inputLength: number): void {
  const growth = growthOf(compile(query));
  if (growth * inputLength > GROWTH_MAX)
    throw new ToolError('The query could multiply the document beyond all bounds; ask for less.');
}

function compile(query: string): unknown {
  try {
    return jmespath.compile(query);
  } catch (error) {
    throw new ToolError(`The query is not valid JMESPath: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

function growthOf(node: unknown): number {
  if (Array.isArray(node)) return node.reduce((product: number, one) => product * growthOf(one), 1);
  if (!isNode(node)) return 1;
  const children = node.children ?? [];
  const own = node.type.startsWith('MultiSelect') ? Math.max(1, children.length) : 1;
  return own * growthOf(children);
}

function isNode(value: unknown): value is QueryNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}
