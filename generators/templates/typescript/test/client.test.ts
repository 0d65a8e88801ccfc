// Calls operations on a mock of the API: a small one in this process, or the one whose address is in API_BASE_URL.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import * as api from '../src/index.js';

interface Exchange {
  operation: string;
  path: Record<string, unknown>;
  query: Record<string, unknown>;
  headers: Record<string, unknown>;
  body: unknown;
  request: { method: string; path: string; query?: string };
  response: { status: number; headers: Record<string, string>; body: unknown };
  result?: unknown;
}
type Call = (options: object) => Promise<{ data?: unknown; error?: unknown; response?: Response }>;
type Items = (options: object) => AsyncIterable<unknown>;

// Compiled, this file is dist/test/client.test.js.
const read = (name: string): unknown => JSON.parse(readFileSync(new URL(`../../test/${name}`, import.meta.url), 'utf8'));
const exchanges = read('mock.json') as Exchange[];
const lists = read('lists.json') as Record<string, string>;
const functions = api as unknown as Record<string, Call>;
const iterators = api as unknown as Record<string, Items>;

let server: Server;
let local = '';
/** Requests that are still answered 429. */
let refused = 0;
/** Whether errors of GraphQL are answered. */
let isFailing = false;

const isSent = (wanted: Exchange['request'], method: string | undefined, path: string, body: string): boolean =>
  wanted.method === method &&
  wanted.path === path &&
  (wanted.query === undefined || (JSON.parse(body) as { query: string }).query === wanted.query);

before(async () => {
  server = createServer(async (request, response) => {
    const path = new URL(request.url ?? '/', 'http://mock').pathname;
    let body = '';
    for await (const part of request) body += String(part);
    const found = exchanges.find((one) => isSent(one.request, request.method, path, body));
    if (isFailing) response.writeHead(200, { 'content-type': 'application/json' }).end('{"errors":[{"message":"no"}]}');
    else if (refused > 0) {
      refused -= 1;
      response.writeHead(429, { 'retry-after': '0' }).end();
    } else if (!found) response.writeHead(404).end();
    else {
      const { status, headers, body } = found.response;
      response.writeHead(status, headers).end(body === null ? undefined : JSON.stringify(body));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  local = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.close();
  server.closeAllConnections();
});

const client = () => api.createApiClient({ baseUrl: process.env['API_BASE_URL'] ?? local, auth: () => 'test' });

function given({ path, query, headers, body }: Exchange): object {
  return { path, query, headers, ...(body === null ? {} : { body }) };
}

for (const exchange of exchanges)
  test(`${exchange.operation} gives the mock's answer`, async () => {
    const { data, error, response } = await functions[exchange.operation]!({ ...given(exchange), client: client() });
    assert.equal(error, undefined);
    assert.equal(response?.status, exchange.response.status);
    const expected = exchange.request.query === undefined ? exchange.response.body : exchange.result;
    if (exchange.response.body !== null) assert.deepEqual(data, expected);
  });

for (const [name, field] of Object.entries(lists))
  test(`${name} gives every item`, async () => {
    const exchange = exchanges.find((one) => `${one.operation}Items` === name)!;
    const found: unknown[] = [];
    for await (const item of iterators[name]!({ ...given(exchange), client: api.createApiClient({ baseUrl: local }) })) {
      found.push(item);
      if (found.length > 100) break;
    }
    const body = exchange.request.query === undefined ? exchange.response.body : exchange.result;
    const expected = (field === '' ? body : (body as Record<string, unknown>)[field]) as unknown[];
    assert.deepEqual(found.slice(0, expected.length), expected);
  });

test('a request that is refused with 429 is sent again, and an error has its status', async () => {
  const [exchange] = exchanges;
  if (!exchange) return;
  refused = 2;
  const answer = await functions[exchange.operation]!({ ...given(exchange), client: api.createApiClient({ baseUrl: local }) });
  assert.equal(answer.response?.status, exchange.response.status);
  refused = 1;
  const never = api.createApiClient({ baseUrl: local, retries: 0 });
  const call = functions[exchange.operation]!({ ...given(exchange), client: never });
  await assert.rejects(api.dataOf(call), (error) => error instanceof api.ApiError && error.status === 429);
});

test('errors of GraphQL are thrown, whatever the status', async () => {
  const exchange = exchanges.find(({ request }) => request.query !== undefined);
  if (!exchange) return;
  isFailing = true;
  const call = functions[exchange.operation]!({ ...given(exchange), client: api.createApiClient({ baseUrl: local }) });
  await assert.rejects(api.dataOf(call), (error) => {
    assert.ok(error instanceof api.ApiError);
    assert.deepEqual([error.status, error.body], [200, { errors: [{ message: 'no' }] }]);
    return true;
  });
  isFailing = false;
});
