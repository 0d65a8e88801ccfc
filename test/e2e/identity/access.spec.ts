import { readFileSync } from 'node:fs';
import type { OpenAPIObject } from '@nestjs/swagger';
import { startApp, type TestApp } from '../../support/app.js';
import { builtAgent } from '../../support/built-agent.js';
import { temporaryDirectory } from '../../support/database.js';
import { publishedFlow, startRun } from '../../support/flows.js';
import type { HttpClient } from '../../support/http.js';
import { apiDocument, importApi } from '../../support/imported-api.js';
import { type Operation, operationsOf } from '../../support/operations.js';
import { PlatformProcess } from '../../support/platform-process.js';

let app: TestApp;
let all: Operation[];
let owner: HttpClient;
/** Ids that exist, in the organisation `owner`. */
let ids: Record<string, string>;

beforeAll(async () => {
  app = await startApp({ NEXUS_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64') });
  // As it ships: only what is built says which bodies a route takes.
  const shipped = await PlatformProcess.start({ NEXUS_DATA_DIR: temporaryDirectory() });
  all = operationsOf((await (await shipped.http.raw('GET', '/docs-json')).json()) as OpenAPIObject);
  await shipped.kill('SIGTERM');
  owner = app.http.as('owner');
  const agent = await builtAgent(owner);
  const run = await owner.post(`${agent.path}/invoke`, { input_text: 'What is 6 * 7?' });
  const session = await owner.post(`${agent.path}/sessions`, {});
  const { data: before } = await owner.get(agent.path);
  const edit = { revision: before['revision'], activate: false, system_prompt: 'Second.' };
  const edited = await owner.put(`${agent.path}/definition`, edit);
  const rollout = { version: edited.data['edited_version'], percent: 10 };
  expect((await owner.put(`${agent.path}/rollout`, rollout)).status).toBe(200);
  const partnership = { id: 'own', name: 'Own', partnership_type: 'own_type', ai_partner: 'Partner' };
  await owner.post('/api/v1/orchestration/partnerships', partnership);
  const tool = await owner.post('/api/v1/tools', {
    kind: 'http',
    name: 'own_tool',
    description: 'Reads a page',
    project_id: agent.project_id,
    config: { method: 'GET', url: 'https://example.com/', input_schema: { type: 'object' } },
  });
  const decision = await owner.post('/api/v1/orchestration/decisions', { context: { description: 'Should we?' } });
  const key = await owner.post('/api/v1/api-keys', { name: 'k', roles: ['viewer'] });
  const invited = { email: 'grace@example.com', roles: ['viewer'] };
  const invitation = await owner.post('/api/v1/organizations/owner/members', invited);
  const flow_id = await publishedFlow(owner, { timeout_seconds: 60, steps: [{ id: 'a', transform: '1' }] });
  const flowRun = await startRun(owner, flow_id, { wait_seconds: 10 });
  const trigger = await owner.post(`/api/v1/flows/${flow_id}/triggers`, {
    kind: 'event',
    config: { type: 'flow_run.failed' },
  });
  const { integration_id } = await importApi(owner, apiDocument('books.openapi-3.1.yaml'));
  const tested = await owner.post(`/api/v1/integrations/${integration_id}/contract-tests/run`, {});
  const budget = { tokens_per_day: 1_000_000, enforcement: 'soft' };
  expect((await owner.put(`/api/v1/budgets/agent/${agent.agent_id}`, budget)).status).toBe(200);
  const credential = await owner.post('/api/v1/credentials', {
    name: 'k',
    kind: 'bearer',
    fields: { token: 'sk-a-token-of-the-owner' },
  });
  const response = await owner.post('/v1/responses', { model: agent.agent_id, input: 'What is 6 * 7?' });
  const conversation = await owner.post('/v1/conversations', {
    items: [{ type: 'message', role: 'user', content: 'Where is my order?' }],
  });
  const conversation_id = idOf(conversation);
  const { data: items } = (await owner.get(`/v1/conversations/${conversation_id}/items`)).body as unknown as {
    data: { id: string }[];
  };
  ids = {
    integration_id,
    operation_id: 'getBook',
    credential_id: String(credential.data['credential_id']),
    model: agent.agent_id,
    response_id: idOf(response),
    conversation_id,
    item_id: String(items[0]?.id),
    flow_id,
    run_id: flowRun.run_id,
    contract_run_id: String(tested.data['run_id']),
    scope: 'agent',
    scope_id: agent.agent_id,
    trigger_id: String(trigger.data['trigger_id']),
    version: '1',
    project_id: agent.project_id,
    task_id: agent.project_id,
    agent_id: agent.agent_id,
    session_id: String(session.data['session_id']),
    invocation_id: String(run.data['invocation_id']),
    key_id: String(key.data['key_id']),
    tool_id: String(tool.data['tool_id']),
    id: partnership.id,
    decision_id: (decision.body as unknown as { decision_id: string }).decision_id,
    type: partnership.partnership_type,
    org_id: 'owner',
    invitation_id: String(invitation.data['invitation_id']),
    user_id: 'tester',
    stage_name: 'orchestrator',
    path: 'requirements.json',
  };
});
afterAll(() => app.close());

/** The id of an object of OpenAI's API. */
const idOf = ({ body }: { body: unknown }): string => (body as { id: string }).id;

const listed = (heading: string): string[] => {
  const text = readFileSync('docs/access.md', 'utf8').split(`## ${heading}`)[1]?.split('\n## ')[0] ?? '';
  return [...text.matchAll(/^- `([A-Z]+ [^`]+)`/gm)].map(([, name]) => name ?? '').sort();
};
const names = (some: Operation[]): string[] => some.map(({ name }) => name).sort();
/** Parameters that hold another id than their name says elsewhere, by the route's path. */
const OTHER_IDS: Readonly<Record<string, Record<string, string>>> = {
  '/api/v1/agents/{agent_id}/status': { agent_id: 'project_id' },
  '/api/v1/integrations/{integration_id}/contract-tests/{run_id}': { run_id: 'contract_run_id' },
};
/** A type is no id: the contract has an unknown one refused. */
const BY_TYPE = 'GET /api/v1/orchestration/metrics/{type}';
const isOperators = ({ least_role }: Operation): boolean => least_role === 'system_admin';
const pathOf = ({ path }: Operation): string =>
  path.replace(/\{\*?(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(ids[OTHER_IDS[path]?.[name] ?? name] ?? 'none'),
  );

/** The status of each operation for a client, as `name: status`. */
async function ask(http: HttpClient, some: Operation[]): Promise<string[]> {
  const answers: string[] = [];
  for (const operation of some) {
    const { method, body, is_upload } = operation;
    const response = is_upload
      ? await http.rawForm(method, pathOf(operation), 'a note')
      : await http.raw(method, pathOf(operation), body && JSON.stringify(body), { 'content-type': 'application/json' });
    await response.body?.cancel();
    answers.push(`${operation.name}: ${response.status}`);
  }
  return answers;
}
const each = (some: Operation[], status: number): string[] => some.map(({ name }) => `${name}: ${status}`);

/** Operations that say neither who may call them nor that everybody may. */
const withoutRule = (some: Operation[]): string[] => names(some.filter((one) => !one.is_public && !one.least_role));

it('has a rule for every route, and notices one without', () => {
  expect(all.length).toBeGreaterThan(50);
  expect(withoutRule(all)).toEqual([]);
  const careless = operationsOf({ paths: { '/new': { get: { responses: {} } } } } as unknown as OpenAPIObject);
  expect(withoutRule([...all, ...careless])).toEqual(['GET /new']);
});

it('has the public routes that docs/access.md lists, and no other', () => {
  expect(names(all.filter(({ is_public }) => is_public))).toEqual(listed('Public routes'));
});

it('documents 401 and 403 of every route that is not public', () => {
  const closed = all.filter(({ is_public }) => !is_public);
  expect(names(closed.filter(({ statuses }) => !statuses.includes('401') || !statuses.includes('403')))).toEqual([]);
});

it('answers 401 without a token, except on public routes', async () => {
  const closed = all.filter(({ is_public }) => !is_public);
  expect(await ask(app.http.anonymous(), closed)).toEqual(each(closed, 401));
});

it('answers 403 to a viewer on every route that changes something but the own sign-in', async () => {
  const own = listed('What a viewer may send');
  const changing = all.filter(({ method, is_public, name }) => method !== 'GET' && !is_public && !own.includes(name));
  expect(changing.length).toBeGreaterThan(20);
  expect(names(all.filter((one) => one.method !== 'GET' && one.least_role === 'viewer'))).toEqual(own);
  expect(await ask(app.http.as('owner', 'onlooker', ['viewer']), changing)).toEqual(each(changing, 403));
});

it('answers 403 to a developer where it takes an administrator', async () => {
  const closed = all.filter(({ least_role }) => least_role === 'admin');
  expect(await ask(app.http.as('owner', 'builder', ['developer']), closed)).toEqual(each(closed, 403));
});

it('answers 403 to an administrator where it takes an operator of the platform', async () => {
  const closed = all.filter(isOperators);
  expect(names(closed)).toEqual([
    'GET /api/v1/operator/organizations',
    'GET /api/v1/operator/organizations/{org_id}',
    'POST /api/v1/operator/organizations/{org_id}/access',
  ]);
  expect(await ask(owner, closed)).toEqual(each(closed, 403));
});

it('answers 404 for every id of another organisation, also to an administrator', async () => {
  const withId = all.filter((one) => one.path.includes('{') && !one.is_public && !isOperators(one));
  expect(withId.length).toBeGreaterThan(25);
  const expected = withId.map(({ name }) => `${name}: ${name === BY_TYPE ? 400 : 404}`);
  expect(await ask(app.http.as('rival', 'intruder'), withId)).toEqual(expected);
});

it('asked for ids that are there: their owner reads them', async () => {
  const reading = all.filter(
    (one) =>
      one.path.includes('{') &&
      one.method === 'GET' &&
      !one.is_public &&
      !isOperators(one) &&
      !one.name.includes('events'),
  );
  const answers = await ask(owner, reading);
  expect(answers.filter((answer) => !answer.endsWith(': 200'))).toEqual([]);
});
