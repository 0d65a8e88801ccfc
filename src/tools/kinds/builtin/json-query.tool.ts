import jmespath from 'jmespath';
import { z } from 'zod';
import { defineTool, ToolError } from '../../tool.js';
import { boundedQuery } from './json/query-bounds.js';

const JSON_MAX_LENGTH = 100_000;
const QUERY_MAX_LENGTH = 500;

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

/** The library also reaches inherited members such as `constructor`; those are no JSON and become null. */
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
