import { startApp, type TestApp } from '../../support/app.js';
import { builtAgent } from '../../support/built-agent.js';
import { eventually, type HttpClient } from '../../support/http.js';
import { registeredAgent } from '../../support/registered-agent.js';

interface Entry {
  actor: string;
  action: string;
  outcome: string;
  target?: string;
  details?: Record<string, unknown>;
}

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

const entriesOf = async (http: HttpClient, action: string): Promise<Entry[]> =>
  (await http.get<{ entries: Entry[] }>(`/api/v1/audit?action=${action}`)).data.entries;

it('names who controlled and deleted projects, and what was refused', async () => {
  const http = app.http.as('org-audit', 'ada');
  const { project_id } = await builtAgent(http);
  expect((await http.put(`/api/v1/projects/${project_id}/control`, { action: 'pause' })).status).toBe(400);
  expect((await http.put(`/api/v1/projects/${project_id}/control`, { action: 'restart' })).status).toBe(200);
  await eventually(
    () => http.get<{ status: string }>(`/api/v1/projects/${project_id}`),
    ({ data }) => data.status === 'completed',
  );
  expect((await http.delete(`/api/v1/projects/${project_id}`)).status).toBe(200);
  const controls = await eventually(
    () => entriesOf(http, 'project.control'),
    ({ length }) => length >= 2,
  );
  expect(controls).toMatchObject([
    { actor: 'ada', target: project_id, outcome: 'success', details: { action: 'restart' } },
    { actor: 'ada', target: project_id, outcome: 'refused', details: { action: 'pause', code: 'INVALID_STATE' } },
  ]);
  expect(await entriesOf(http, 'project.deleted')).toMatchObject([{ target: project_id, outcome: 'success' }]);
  expect(await entriesOf(http, 'project.created')).toMatchObject([
    { actor: 'ada', target: project_id, outcome: 'success' },
  ]);
  expect(await entriesOf(app.http.as('org-other'), 'project.deleted')).toEqual([]);
});

it('names the action of a control through an older route', async () => {
  const http = app.http.as('org-legacy-audit', 'ada');
  const { project_id } = await builtAgent(http);
  for (const action of ['pause', 'resume', 'stop']) {
    const answer = await http.post(`/api/v1/agents/${project_id}/${action}`, {});
    expect(answer.status).toBe(400);
  }
  const entries = await eventually(
    () => entriesOf(http, 'project.control'),
    ({ length }) => length >= 3,
  );
  expect(entries.map(({ details, outcome }) => [details?.['action'], outcome])).toEqual([
    ['stop', 'refused'],
    ['resume', 'refused'],
    ['pause', 'refused'],
  ]);
});

it('names who changed and deleted agents', async () => {
  const http = app.http.as('org-agents', 'ada');
  const { agent_id, path } = await registeredAgent(app, {
    org_id: 'org-agents',
    project_id: 'proj_a',
    build_id: 'bld_a',
  });
  await http.put(`${path}/status`, { status: 'offline' });
  await http.delete(path);
  expect(await entriesOf(http, 'agent.status_changed')).toMatchObject([
    { target: agent_id, details: { status: 'offline' } },
  ]);
  expect(await entriesOf(http, 'agent.deleted')).toMatchObject([{ target: agent_id, outcome: 'success' }]);
});

it('notes who was refused for want of a role, once a minute for each route however often it is tried', async () => {
  const viewer = app.http.as('org-roles', 'eve', ['viewer']);
  const tries = Array.from({ length: 20 }, () =>
    viewer.post('/api/v1/projects', { requirement: 'Something to build.' }),
  );
  for (const { status } of await Promise.all(tries)) expect(status).toBe(403);
  expect((await viewer.get('/api/v1/orchestration/health')).status).toBe(403);
  const admin = app.http.as('org-roles', 'ada');
  const refusals = await eventually(
    () => entriesOf(admin, 'access.refused'),
    ({ length }) => length >= 2,
  );
  expect(refusals.map(({ actor, details }) => [actor, details]).sort()).toEqual(
    [
      ['eve', { route: 'GET /api/v1/orchestration/health', required_role: 'orchestration_manager' }],
      ['eve', { route: 'POST /api/v1/projects', required_role: 'developer' }],
    ].sort(),
  );
});
