import { startApp, type TestApp } from '../support/app.js';
import { ObedientRuntime } from '../support/obedient-runtime.js';
import { allPages } from '../support/pages.js';
import { registeredAgent } from '../support/registered-agent.js';

interface Example extends Record<string, unknown> {
  example_id: string;
  input: string;
}

let app: TestApp;
let agent: string;
let path: string;
const example = { input: 'What is 1234 * 56?', checks: [{ kind: 'contains', value: '69,104' }] };

beforeAll(async () => {
  app = await startApp({}, new ObedientRuntime());
  ({ path: agent } = await registeredAgent(app));
  path = `${agent}/examples`;
});
afterAll(() => app.close());

describe('the saved examples of an agent', () => {
  it('are saved with their checks, listed oldest first, audited and deleted', async () => {
    const { status, data } = await app.http.post<Example>(path, { ...example, invocation_id: 'inv_1' });
    expect([status, data]).toEqual([
      201,
      {
        ...example,
        example_id: expect.stringMatching(/^ex_/) as unknown,
        invocation_id: 'inv_1',
        created_by: 'developer',
        created_at: expect.any(String) as unknown,
      },
    ]);
    const second = (await app.http.post<Example>(path, { input: 'Hello', checks: [{ kind: 'non_empty' }] })).data;
    expect(second).toMatchObject({ checks: [{ kind: 'non_empty', value: null }], invocation_id: null });
    expect(await allPages<Example>(app.http, { path, list: 'examples', limit: 1 })).toEqual([data, second]);
    const audited = await app.http.get<{ entries: { outcome: string; target: string }[] }>(
      '/api/v1/audit?action=agent.example_saved',
    );
    const done = audited.data.entries.filter(
      ({ outcome, target }) => outcome === 'success' && target === 'proj_test:obedient',
    );
    expect(done).toHaveLength(2);
    const own = `${path}/${data.example_id}`;
    expect((await app.http.delete(own)).data).toEqual({ example_id: data.example_id, deleted: true });
    expect((await app.http.delete(own)).status).toBe(404);
    expect((await app.http.get<{ examples: Example[] }>(path)).data.examples).toEqual([second]);
  });

  it.each([
    [{ ...example, checks: [] }, 'checks'],
    [{ ...example, checks: [{ kind: 'contains' }] }, 'checks.0.value'],
    [{ ...example, checks: [{ kind: 'matches', value: '(' }] }, 'checks.0.value'],
    [{ ...example, checks: [{ kind: 'sounds_like', value: 'x' }] }, 'checks.0.kind'],
    [{ ...example, input: '' }, 'input'],
  ])('refuse %j by name', async (body, field) => {
    const { status, error } = await app.http.post(path, body);
    expect([status, Object.keys(error.details.fields ?? {})]).toEqual([400, [field]]);
  });

  it('belong to the organization, and only developers change them', async () => {
    const other = app.http.as('elsewhere');
    for (const answer of [await other.get(path), await other.post(path, example), await other.delete(`${path}/ex_1`)])
      expect(answer.status).toBe(404);
    const viewer = app.http.as('default', 'looker', ['viewer']);
    expect((await viewer.get(path)).status).toBe(200);
    expect((await viewer.post(path, example)).status).toBe(403);
  });

  it('are at most twenty, and go with their agent', async () => {
    const { path: own } = await registeredAgent(app, { agent_name: 'full' });
    for (let number = 1; number <= 20; number += 1) await app.http.post(`${own}/examples`, example);
    const { status, error } = await app.http.post(`${own}/examples`, example);
    expect([status, error.code, error.details['limit']]).toEqual([409, 'RESOURCE_CONFLICT', 20]);
    expect((await app.http.delete(own)).status).toBe(200);
    await registeredAgent(app, { agent_name: 'full' });
    expect((await app.http.get<{ examples: Example[] }>(`${own}/examples`)).data.examples).toEqual([]);
  });
});
