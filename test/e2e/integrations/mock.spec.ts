import { startApp, type TestApp } from '../../support/app.js';
import type { HttpClient } from '../../support/http.js';
import { apiDocument, importApi } from '../../support/imported-api.js';

let app: TestApp;
let http: HttpClient;

beforeAll(async () => {
  app = await startApp();
  http = app.http.as('mock-org');
});
afterAll(() => app.close());

async function mocked(mode: string): Promise<{ id: string; url: string }> {
  const { integration_id } = await importApi(http, apiDocument('books.openapi-3.1.yaml'));
  const { status, data } = await http.post<{ path: string }>(`/api/v1/integrations/${integration_id}/mock`, { mode });
  expect([status, data.path]).toEqual([200, `/mock/${integration_id}`]);
  return { id: integration_id, url: app.url + data.path };
}

describe('a mock', () => {
  it('answers as the document describes, without a sign-in, until it is turned off', async () => {
    const { id, url } = await mocked('on');
    const list = await fetch(`${url}/books?limit=3`);
    expect([list.status, await list.json()]).toEqual([
      200,
      { items: [{ id: 'text', title: 'text', pages: 1, sequel: expect.anything() as object }], next_cursor: null },
    ]);
    const limited = await fetch(`${url}/books`, { headers: { prefer: 'code=429' } });
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '1']);
    const json = { 'content-type': 'application/json' };
    const made = await fetch(`${url}/books`, { method: 'POST', headers: json, body: '{"title":"Momo"}' });
    expect(made.status).toBe(201);
    const wrong = await fetch(`${url}/books`, { method: 'POST', headers: json, body: '{"pages":1}' });
    expect([wrong.status, await wrong.json()]).toMatchObject([400, { faults: [{ pointer: '/body' }] }]);
    expect((await fetch(`${url}/nothing`)).status).toBe(404);
    await http.post(`/api/v1/integrations/${id}/mock`, { mode: 'off' });
    expect((await fetch(`${url}/books`)).status).toBe(404);
  });

  it('answers instead of the API: calls leave the platform no more', async () => {
    const { id } = await mocked('instead');
    const call = (operation: string, body: object) =>
      http.post(`/api/v1/integrations/${id}/operations/${operation}/call`, body);
    const book = await call('getBook', { input: { id: '7' } });
    expect(book.data).toMatchObject({ status: 200, valid: true, body: { id: 'text', title: 'text' } });
    const all = await call('listBooks', { input: {}, all_pages: true });
    expect(all.data).toMatchObject({ status: 200, pages: 1, complete: true });
    expect((await call('deleteBook', { input: { id: '7' } })).data).toMatchObject({ status: 204, body: null });
  });

  it('is turned by developers of its organization', async () => {
    const { id } = await mocked('on');
    expect((await app.http.as('mock-stranger').post(`/api/v1/integrations/${id}/mock`, { mode: 'on' })).status).toBe(
      404,
    );
    const viewer = app.http.as('mock-org', 'reader', ['viewer']);
    expect((await viewer.post(`/api/v1/integrations/${id}/mock`, { mode: 'on' })).status).toBe(403);
    await http.delete(`/api/v1/integrations/${id}`);
    expect((await fetch(`${app.url}/mock/${id}/books`)).status).toBe(404);
  });
});
