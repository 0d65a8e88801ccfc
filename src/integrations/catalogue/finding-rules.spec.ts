import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { at } from '../formats/schema-collector.js';
import { readSource } from '../formats/read-source.js';
import type { Catalogue } from './operation.js';
import { findingsOf } from './finding-rules.js';

/** A document with one fault of every rule. */
const FAULTY = {
  openapi: '3.0.3',
  info: { title: 'Faulty', version: '1' },
  servers: [{ url: 'http://api.example.com' }],
  paths: {
    '/a_list': {
      get: {
        operationId: 'twice',
        parameters: [
          { name: 'page_size', in: 'query', schema: { type: 'integer', example: 'many' } },
          { name: 'sort_by', in: 'query', schema: { type: 'string' } },
          { name: 'filterBy', in: 'query', schema: { type: 'string' } },
        ],
        security: [{ basic: [] }],
        responses: {
          200: {
            description: 'ok',
            headers: { 'X-RateLimit-Limit': { schema: { type: 'integer' } } },
            content: {
              'application/json': { schema: { type: 'array', items: { $ref: '#/components/schemas/Loose' } } },
            },
          },
        },
      },
      post: {
        operationId: 'twice',
        deprecated: true,
        requestBody: {
          content: { 'application/json': { schema: { type: 'object' }, example: { token: `ghp_${'a'.repeat(36)}` } } },
        },
        responses: { 201: { description: 'ok' } },
      },
    },
    '/none': { get: { responses: { 200: { description: 'ok' } } } },
  },
  components: {
    securitySchemes: { basic: { type: 'http', scheme: 'basic' } },
    schemas: { Loose: { description: 'anything' } },
  },
};

it('finds a fault of every rule, each at its place', async () => {
  const catalogue = (await readSource({
    text: JSON.stringify(FAULTY),
    format: 'auto',
    url: undefined,
    files: {},
  })) as Catalogue;
  const { findings, score } = findingsOf(catalogue);
  expect([...new Set(findings.map(({ rule, severity, pointer }) => `${rule} ${severity} ${pointer}`))]).toEqual([
    'no-authentication error /paths/~1a_list/post',
    'weak-authentication warning /paths/~1a_list/get',
    'plain-http error /servers',
    'no-error-answers warning /paths/~1a_list/get',
    'no-error-answers warning /paths/~1a_list/post',
    'no-error-answers warning /paths/~1none/get',
    'no-retry-after warning /paths/~1a_list/get',
    'no-retry-after warning /paths/~1a_list/post',
    'no-retry-after warning /paths/~1none/get',
    'unbounded-list warning /paths/~1a_list/get',
    'operation-id-missing warning /paths/~1none/get',
    'operation-id-duplicate error /paths/~1a_list/post',
    'example-does-not-fit warning /paths/~1a_list/get',
    'schema-without-type info /components/schemas/Loose',
    'inconsistent-naming info /paths/~1a_list/get',
    'deprecated-operation info /paths/~1a_list/post',
    'no-idempotency-key info /paths/~1a_list/post',
    'secret-in-example error /paths/~1a_list/post/requestBody',
  ]);
  // 100 - 4 * 15/3 - 2 * 6 - 4 * 6/3 - 4 * 2/3
  expect(score).toBe(57);
  expect(findings.every(({ fix, message }) => fix.endsWith('.') && message.endsWith('.'))).toBe(true);
});

const read = async (text: string): Promise<Catalogue> =>
  (await readSource({ text, format: 'auto', url: undefined, files: {} })) as Catalogue;
const documentOf = (name: string): string =>
  readFileSync(new URL(`../../../test/apis/documents/${name}`, import.meta.url), 'utf8');

it.each([
  ['the faulty document', JSON.stringify(FAULTY)],
  ['OpenAPI 2.0', documentOf('orders.swagger-2.0.json').replace('"https"', '"http"')],
  ['OpenAPI 3.0', documentOf('payments.openapi-3.0.json')],
  ['OpenAPI 3.1', documentOf('books.openapi-3.1.yaml')],
  ['Postman', documentOf('tickets.postman-2.1.json')],
])('points to a place that is there: %s', async (_, text) => {
  const { findings } = findingsOf(await read(text));
  expect(findings.length).toBeGreaterThan(0);
  const missing = findings.filter(({ pointer }) => at(load(text), pointer) === undefined);
  expect(missing).toEqual([]);
});
