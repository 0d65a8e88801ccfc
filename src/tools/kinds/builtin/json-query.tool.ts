import jmespath from 'jmespath';
import { z } from 'zod';
import { defineTool, ToolError } from '../../tool.js';

const JSON_MAX_LENGTH = 100_000;
const QUERY_MAX_LENGTH = 500;

interface QueryNode {
  type: string;
  children?: unknown[];
}

declare module 'jmespath' {
  /** Part of the library, missing in its published types. */
  function compile(expression: string): unknown;
}

/** Most characters of output that a query may produce, as {@link boundedQuery} estimates. */
const GROWTH_MAX = 10_000_000;

export const jsonQuery = defineTool({
  name: 'json_query',
  display_name: 'JSON query',
  description:
    'Reads values out of a JSON document with a JMESPath query (https://jmespath.org), for example "items[?price > `10`].name" or "length(items)".',
  schema: z.object({
    json: z.string().min(1).max(JSON_MAX_LENGTH).describe('The JSON document as text'),
    query: z.string().min(1).max(QUERY_MAX_LENGTH).describe('The JMESPath query'),
  }),
  examples: [
    { input: { json: '{"user":{"name":"Ada"}}', query: 'user.name' }, expected: { result: 'Ada' } },
    {
      input: { json: '{"items":[{"name":"a","price":5},{"name":"b","price":20}]}', query: 'items[?price > `10`].name' },
      expected: { result: ['b'] },
    },
  ],
  keywords: [
    'json',
    'jmespath',
    'api responses?',
    'structured data',
    'payloads?',
    'extract\\p{L}* (?:fields?|values?|data)',
    'webhooks?',
  ],
  run: ({ json, query }) => {
    const document = parseJson(json);
    boundedQuery(query, json.length);
    try {
      return { query, result: plainJson(jmespath.search(document, query)) };
    } catch (error) {
      throw new ToolError(`The query failed: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  },
});

/** The library also reads inherited members such as `constructor`. They are not JSON, so they become null. */
function plainJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value) ?? 'null') as unknown;
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch (error) {
    throw new ToolError(`The document is not valid JSON: ${error instanceof Error ? error.message : ''}`, {
      cause: error,
    });
  }
}

/**
 * Only lists and objects that a query builds can make its output larger than its input: `[@,@] | [@,@] | ...` doubles
 * with every step. Refuses a query whose product of their sizes times the input's length is too large.
 */
function boundedQuery(query: string, inputLength: number): void {
  const growth = growthOf(compile(query));
  if (growth * inputLength > GROWTH_MAX)
    throw new ToolError('The query could expand the result without limit; select less.');
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
