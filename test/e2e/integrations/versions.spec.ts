import { startApp, type TestApp } from '../../support/app.js';
import type { HttpClient } from '../../support/http.js';
import { apiDocument, importApi, settled, type WireIntegration } from '../../support/imported-api.js';
import { registeredAgent } from '../../support/registered-agent.js';

interface Change {
  breaking: boolean;
  change: string;
  name: string;
  place: string;
}
interface Diff {
  breaking_count: number;
  changes: Change[];
  affected: { kind: string; name: string; agent_id: string | null; operation_ids: string[] }[];
}

let app: TestApp;
let http: HttpClient;
const BOOKS = apiDocument('books.openapi-3.1.yaml');
/** Every kind of change that callers notice. */
const CHANGED = BOOKS.replace('operationId: deleteBook', 'operationId: dropBook')
  .replace('/books/{id}:', '/book/{id}:')
  .replace('required: [title]', 'required: [title, pages]')
  .replace(
    'limit, in: query, schema: { type: integer, minimum: 1, maximum: 100 }',
    'limit, in: query, schema: { type: string }',
  )
  .replace('        pages: { type: [integer, ', '        isbn: { type: string }\n        pages: { type: [string, ')
  .replace('      operationId: addBook', '      deprecated: true\n      operationId: addBook');

beforeAll(async () => {
  app = await startApp();
  http = app.http.as('versions-org');
});
afterAll(() => app.close());

const told = (changes: Change[]) => changes.map(({ breaking, change, name, place }) => [breaking, change, name, place]);

describe('a new document', () => {
  it('becomes the next version, says what it breaks, and names the tools that are affected', async () => {
    const { integration_id } = await importApi(http, BOOKS);
    const path = `/api/v1/integrations/${integration_id}`;
    const agent = await registeredAgent(app, { org_id: 'versions-org' });
    await http.post(`${path}/tools`, { name: 'lib', operations: ['getBook', 'listBooks'], agent_id: agent.agent_id });
    const { status, data } = await http.put<{ integration: WireIntegration; diff: Diff }>(`${path}/document`, {
      source: { content: CHANGED },
    });
    expect([status, data.integration.version]).toEqual([202, 1]);
    expect(told(data.diff.changes)).toEqual(
      expect.arrayContaining([
        [true, 'operation-removed', 'getBook', ''],
        [true, 'operation-removed', 'deleteBook', ''],
        [true, 'type-changed', 'listBooks', 'input.limit'],
        [true, 'input-became-required', 'addBook', 'input.body.pages'],
        [true, 'type-changed', 'addBook', 'output.pages'],
        [false, 'output-field-added', 'addBook', 'output.isbn'],
        [false, 'deprecated', 'addBook', ''],
        [false, 'operation-added', 'getBook', ''],
      ]),
    );
    expect(data.diff.affected).toEqual([
      expect.objectContaining({
        kind: 'tool',
        name: 'lib',
        agent_id: agent.agent_id,
        operation_ids: expect.any(Array) as string[],
      }),
    ]);
    expect(data.diff.affected[0]?.operation_ids.length).toBe(2);
    expect(await settled(http, integration_id)).toMatchObject({ version: 2, status: 'ready' });
    const second = await http.get<{ diff: Diff }>(`${path}/versions/2`);
    expect(second.data.diff).toEqual(data.diff);
  });

  it('breaks nothing when nothing changes', async () => {
    const { integration_id } = await importApi(http, BOOKS);
    const { data } = await http.put<{ diff: Diff }>(`/api/v1/integrations/${integration_id}/document`, {
      source: { content: BOOKS },
    });
    expect(data.diff).toEqual({ breaking_count: 0, changes: [], complete: true, affected: [] });
  });

  it('is refused when it is broken, and leaves the version in use', async () => {
    const { integration_id } = await importApi(http, BOOKS);
    const path = `/api/v1/integrations/${integration_id}`;
    const broken = await http.put(`${path}/document`, {
      source: { content: BOOKS.replace('version: 1.2.0', 'version: 12') },
    });
    expect([broken.status, broken.error.code]).toEqual([422, 'DOCUMENT_INVALID']);
    expect((await http.get<WireIntegration>(path)).data.version).toBe(1);
  });

  it('waits for no other import: the second is refused', async () => {
    const { integration_id } = await importApi(http, BOOKS);
    const path = `/api/v1/integrations/${integration_id}/document`;
    const answers = await Promise.all(
      [1, 2, 3].map((n) => http.put(path, { source: { content: `${BOOKS}# ${n}\n` } })),
    );
    const statuses = answers.map(({ status }) => status).toSorted();
    expect(statuses[0]).toBe(202);
    expect(new Set(statuses.slice(1))).toEqual(
      new Set([202, 409].filter((status) => statuses.slice(1).includes(status))),
    );
    const { version } = await settled(http, integration_id);
    expect(version).toBe(1 + statuses.filter((status) => status === 202).length);
  });
});

describe('versions', () => {
  it('stay readable and are restored as a new version', async () => {
    const { integration_id } = await importApi(http, BOOKS);
    const path = `/api/v1/integrations/${integration_id}`;
    await http.put(`${path}/document`, { source: { content: CHANGED } });
    await settled(http, integration_id);
    const first = await http.raw('GET', `${path}/versions/1/document`);
    expect(await first.text()).toBe(BOOKS);
    expect((await http.post(`${path}/versions/2/restore`)).status).toBe(400);
    const restored = await http.post<WireIntegration>(`${path}/versions/1/restore`);
    expect([restored.status, restored.data.version]).toEqual([200, 3]);
    const { data } = await http.get<{ operations: { name: string }[] }>(`${path}/operations?query=deleteBook`);
    expect(data.operations[0]?.name).toBe('deleteBook');
    const { versions } = (
      await http.get<{ versions: { version: number; restored_from: number | null }[] }>(`${path}/versions`)
    ).data;
    expect(versions.map(({ version, restored_from }) => [version, restored_from])).toEqual([
      [3, 1],
      [2, null],
      [1, null],
    ]);
    expect((await http.get(`${path}/versions/9`)).status).toBe(404);
    expect((await app.http.as('versions-stranger').get(`${path}/versions`)).status).toBe(404);
  });
});

describe('findings', () => {
  it('name rule, place and fix, with a score', async () => {
    const { integration_id } = await importApi(http, BOOKS);
    const path = `/api/v1/integrations/${integration_id}/findings`;
    const { data } = await http.get<{
      score: number;
      counts: Record<string, number>;
      findings: { rule: string; pointer: string }[];
      total: number;
    }>(path);
    expect(data.findings.map(({ rule, pointer }) => [rule, pointer])).toEqual([
      ['no-error-answers', '/paths/~1books~1{id}/delete'],
      ['no-retry-after', '/paths/~1books/post'],
      ['no-retry-after', '/paths/~1books~1{id}/get'],
      ['no-retry-after', '/paths/~1books~1{id}/delete'],
      ['deprecated-operation', '/paths/~1books~1{id}/delete'],
      ['no-idempotency-key', '/paths/~1books/post'],
    ]);
    // 100 - 6 * 1/4 - 6 * 3/4 - 2 * 1/4 - 2 * 1/4
    expect([data.score, data.counts, data.total]).toEqual([93, { error: 0, warning: 4, info: 2 }, 6]);
    const one = await http.get<{ findings: object[]; last_key: string }>(`${path}?severity=warning&limit=1`);
    expect([one.data.findings.length, typeof one.data.last_key]).toEqual([1, 'string']);
  });
});
