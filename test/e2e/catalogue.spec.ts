import { startApp, type TestApp } from '../support/app.js';
import { type BuiltAgent, builtAgent } from '../support/built-agent.js';

let app: TestApp;
let agent: BuiltAgent;
let session_id: string;

beforeAll(async () => {
  app = await startApp();
  agent = await builtAgent(app.http);
  session_id = (await app.http.post<{ session_id: string }>(`${agent.path}/sessions`, {})).data.session_id;
});
afterAll(() => app.close());

const REQUIREMENT = { requirement: 'An assistant that converts units of length and weight for engineers.' };
const V1 = '/api/v1';

/** The 41 operations of the system that Nexus replaces, and what each answers here to a sound request. */
const OPERATIONS: [method: string, path: string, status: number, body?: Record<string, unknown>][] = [
  ['POST', `${V1}/projects`, 201, REQUIREMENT],
  ['GET', `${V1}/projects`, 200],
  ['GET', `${V1}/projects/{project_id}`, 200],
  ['GET', `${V1}/projects/{project_id}/stages`, 200],
  ['GET', `${V1}/projects/{project_id}/stages/orchestrator`, 200],
  ['PUT', `${V1}/projects/{project_id}/control`, 400, { action: 'pause' }],
  ['GET', `${V1}/agents`, 200],
  ['GET', `${V1}/agents/{agent_id}`, 200],
  ['POST', `${V1}/agents/{agent_id}/invoke`, 200, { input_text: 'What is 1 + 1?' }],
  ['PUT', `${V1}/agents/{agent_id}`, 200, { tags: ['a'] }],
  ['PUT', `${V1}/agents/{agent_id}/status`, 200, { status: 'running' }],
  ['POST', `${V1}/agents/{agent_id}/sessions`, 201, {}],
  ['GET', `${V1}/agents/{agent_id}/sessions`, 200],
  ['GET', `${V1}/sessions/{session_id}`, 200],
  ['POST', `${V1}/sessions/{session_id}/messages`, 200, { content: 'What is 2 + 2?' }],
  ['GET', `${V1}/sessions/{session_id}/messages`, 200],
  ['GET', `${V1}/statistics/overview`, 200],
  ['GET', `${V1}/statistics/builds`, 200],
  ['GET', `${V1}/statistics/invocations`, 200],
  ['GET', `${V1}/statistics/trends?metric=builds`, 200],
  ['GET', '/health', 200],
  ['GET', '/health/detailed', 200],
  ['GET', '/health/ready', 200],
  ['GET', '/health/live', 200],
  ['GET', '/stages/info', 200],
  ['POST', `${V1}/agents/create`, 200, REQUIREMENT],
  ['GET', `${V1}/agents/{project_id}/status`, 200],
  ['GET', `${V1}/agents/{project_id}/stages`, 200],
  ['GET', `${V1}/projects/{project_id}/build`, 200],
  ['POST', `${V1}/agents/{project_id}/pause`, 400, {}],
  ['POST', `${V1}/agents/{project_id}/resume`, 400, {}],
  ['POST', `${V1}/agents/{project_id}/stop`, 400, {}],
  ['POST', `${V1}/agents/proj_none/restart`, 404, {}],
  ['GET', `${V1}/agents/{agent_id}/sessions/{session_id}/messages`, 200],
  ['GET', `${V1}/agents/{agent_id}/context`, 200],
  ['GET', `${V1}/agents/{agent_id}/runtime/health`, 200],
  ['POST', `${V1}/agents/{agent_id}/sessions/{session_id}/upload`, 400, {}],
  ['POST', `${V1}/agents/{agent_id}/sessions/{session_id}/stream`, 200, { message: 'What is 3 + 3?' }],
  ['DELETE', `${V1}/sessions/{session_id}`, 200],
  ['DELETE', `${V1}/agents/{agent_id}`, 200],
  ['DELETE', `${V1}/projects/{project_id}`, 200],
];

it('answers all 41 operations of the system that it replaces', async () => {
  expect(OPERATIONS).toHaveLength(41);
  const answered: unknown[] = [];
  for (const [method, template, , body] of OPERATIONS) {
    const path = template
      .replace('{project_id}', agent.project_id)
      .replace('{agent_id}', agent.agent_id)
      .replace('{session_id}', session_id);
    const json = body === undefined ? undefined : JSON.stringify(body);
    const response = await app.http.raw(method, path, json, json ? { 'content-type': 'application/json' } : {});
    const text = await response.text();
    expect(text).not.toContain(`Cannot ${method}`);
    answered.push([method, template, response.status]);
  }
  expect(answered).toEqual(OPERATIONS.map(([method, template, status]) => [method, template, status]));
});

it.each(['/docs', '/redoc', '/openapi.json'])('serves %s', async (path) => {
  expect((await app.http.raw('GET', path)).status).toBe(200);
});
