import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unzip } from '../../../src/platform/archive/zip.js';
import { startApp, type TestApp } from '../../support/app.js';
import type { HttpClient } from '../../support/http.js';
import { apiDocument, importApi } from '../../support/imported-api.js';

/** Stands in for the generator of Python clients, which `npm run test:generated` uses: writes one operation, or fails. */
const GENERATOR = `#!/bin/sh
if grep -q '"title":"Broken"' openapi.json; then echo "cannot read it" >&2; exit 3; fi
mkdir -p out/api/default
if grep -q '/query/books' openapi.json; then printf 'def sync_detailed(\\n' > out/api/default/books.py; fi
printf 'def sync_detailed(\\n    *,\\n    client: object,\\n) -> object:\\n    params["cursor"] = cursor\\n' > out/api/default/list_books.py
echo > out/client.py
`;
const LIMITS = { files_max: 100, bytes_max: 10_000_000 };

let folder: string;
let app: TestApp;
let http: HttpClient;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'client-generator-'));
  writeFileSync(join(folder, 'generator'), GENERATOR);
  chmodSync(join(folder, 'generator'), 0o755);
  app = await startApp({
    CLIENT_GENERATOR_PYTHON: join(folder, 'generator'),
    CLIENT_GENERATOR_GO: join(folder, 'none'),
  });
  http = app.http.as('client-org');
});
afterAll(async () => {
  await app.close();
  rmSync(folder, { recursive: true, force: true });
});

const path = (integration_id: string) => `/api/v1/integrations/${integration_id}/clients`;

it('answers an archive with the code, a test, a README that names what is left out, and a licence', async () => {
  const { integration_id } = await importApi(http, apiDocument('books.openapi-3.1.yaml'));
  const answer = await fetch(app.url + path(integration_id), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...http.headers },
    body: JSON.stringify({ language: 'python' }),
  });
  expect([answer.status, answer.headers.get('content-type'), answer.headers.get('content-disposition')]).toEqual([
    200,
    'application/zip',
    'attachment; filename=books-client-python.zip',
  ]);
  const files = await unzip(Buffer.from(await answer.arrayBuffer()), LIMITS);
  expect(Object.keys(files)).toEqual(
    [
      'LICENSE',
      'README.md',
      'books_client/api/default/list_books.py',
      'books_client/client.py',
      'books_client/pages.py',
      'books_client/py.typed',
      'books_client/runtime.py',
      'openapi.json',
      'pyproject.toml',
      'tests/lists.json',
      'tests/mock.json',
      'tests/test_client.py',
    ].map((name) => `books-client/${name}`),
  );
  const text = (name: string) => String(files[`books-client/${name}`]);
  expect(text('README.md')).toContain('Typed client of Books 1.2.0: 1 operations.');
  expect(text('README.md')).toContain('- add_book: the generator cannot express it\n');
  expect(text('books_client/pages.py')).toContain('def list_books_items(');
  expect(text('books_client/runtime.py')).toContain('BASE_URL = "https://books.example/v1"');
  expect(JSON.parse(text('tests/mock.json'))).toMatchObject([
    { operation: 'list_books', request: { method: 'GET', path: '/books' }, response: { status: 200 } },
  ]);
  expect(JSON.parse(text('openapi.json'))).toMatchObject({
    openapi: '3.0.3',
    paths: { '/books': { get: { operationId: 'list_books' } } },
    components: { schemas: { Book: { properties: { pages: { type: 'integer', nullable: true } } } } },
  });
});

it('holds the queries of a GraphQL API, and what sends them', async () => {
  const { integration_id } = await importApi(http, apiDocument('library.graphql'), {
    base_url: 'https://library.example/graphql',
  });
  const answer = await fetch(app.url + path(integration_id), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...http.headers },
    body: JSON.stringify({ language: 'python', package_name: 'library' }),
  });
  const files = await unzip(Buffer.from(await answer.arrayBuffer()), LIMITS);
  const text = (name: string) => String(files[`library/${name}`]);
  expect(text('library/queries.py')).toMatch(
    /^QUERIES: dict\[str, str\] = \{\n {2}"\/query\/books": "query books\(\$first: Int, \$after: String, \$filter: BookFilter\) \{ books\(/m,
  );
  expect(text('library/runtime.py')).toContain('{"transport": GraphqlTransport(RetryTransport(retries))}');
  expect(text('library/graphql.py')).toContain('class GraphqlTransport');
  expect(text('README.md')).toContain('Errors of GraphQL raise `ApiError`');
  expect(JSON.parse(text('tests/mock.json'))).toMatchObject([
    { operation: 'books', request: { method: 'POST', path: '/' }, response: { status: 200 }, result: { nodes: [{}] } },
  ]);
});

it('says which command installs a generator that is missing', async () => {
  const { integration_id } = await importApi(http, apiDocument('books.openapi-3.1.yaml'));
  const { status, error } = await http.post(path(integration_id), { language: 'go' });
  expect([status, error.code, error.details]).toMatchObject([
    422,
    'CLIENT_UNAVAILABLE',
    { reason: 'generator_missing' },
  ]);
  expect(error.suggestion).toContain('go install github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2');
});

it('says why a document gives no client', async () => {
  const messages = await importApi(http, apiDocument('lights.asyncapi-3.0.yaml'));
  const none = await http.post(path(messages.integration_id), { language: 'python' });
  expect([none.status, none.error.details]).toMatchObject([
    422,
    {
      reason: 'no_operations',
      left_out: expect.arrayContaining([{ name: 'onMeasured', reason: 'it is a message' }]) as unknown,
    },
  ]);
  const broken = await importApi(http, apiDocument('books.openapi-3.1.yaml').replace('title: Books', 'title: Broken'));
  const failed = await http.post(path(broken.integration_id), { language: 'python' });
  expect([failed.status, failed.error.details]).toMatchObject([422, { reason: 'failed', output: 'cannot read it' }]);
});

it('is for developers of the organization, and takes names that every language takes', async () => {
  const { integration_id } = await importApi(http, apiDocument('books.openapi-3.1.yaml'));
  const viewer = app.http.as('client-org', 'reader', ['viewer']);
  expect((await viewer.post(path(integration_id), { language: 'python' })).status).toBe(403);
  expect((await app.http.as('client-stranger').post(path(integration_id), { language: 'python' })).status).toBe(404);
  for (const wrong of [
    { language: 'cobol' },
    { language: 'python', package_name: '../x' },
    { language: 'go', package_name: 'type' },
  ])
    expect((await http.post(path(integration_id), wrong)).status).toBe(400);
});
