import { readFileSync } from 'node:fs';
import type { OpenAPIObject } from '@nestjs/swagger';
import { Secret, TOTP } from 'otpauth';
import { Clock } from '../../src/shared/clock.js';
import { startApp, type TestApp } from '../support/app.js';
import { eventually, HttpClient } from '../support/http.js';
import { cookieOf, MailServer } from '../support/mail-server.js';
import { publishedFlow, runWhen, startRun } from '../support/flows.js';
import { settled } from '../support/imported-api.js';

interface Operation {
  requestBody?: { content: Record<string, { example?: unknown }> };
}

const document = JSON.parse(readFileSync('openapi.json', 'utf8')) as OpenAPIObject;
const METHODS = ['post', 'put', 'patch', 'delete'] as const;
const withBody = Object.entries(document.paths).flatMap(([path, item]) =>
  METHODS.filter((method) => (item[method] as Operation | undefined)?.requestBody?.content['application/json']).map(
    (method) => `${method.toUpperCase()} ${path}`,
  ),
);

/** What no example can bring along. Each is sent by the test that is named. */
const NOT_SENT: Record<string, string> = {
  'POST /api/v1/auth/exchange': 'a code of a sign-in at Google or GitHub: e2e/identity/oauth.spec.ts',
  'POST /api/v1/auth/session/refresh': 'takes cookies, no body: e2e/identity/browsers.spec.ts',
  'POST /api/v1/auth/email/verify': 'an account with an unverified address: e2e/identity/recovery.spec.ts',
  'POST /api/v1/auth/session/link': 'the code of a start in a terminal: e2e/identity/start-link.spec.ts',
  'POST /api/v1/flows/draft': 'a language model: e2e/flow-drafts.spec.ts',
  'POST /api/v1/integrations/{integration_id}/clients': 'needs npm run generators:install: generated/clients.spec.ts',
  'POST /api/v1/invocations/{invocation_id}/approvals/{approval_id}/decision':
    'a model that calls a destructive tool: e2e/approvals.spec.ts',
};

/** Values of earlier answers, by the name that a path or a body has for them. */
const known: Record<string, string | number | undefined> = {};
const failures: string[] = [];
const sent = new Set<string>();
let app: TestApp;
let mail: MailServer;
let http: HttpClient;

/** How far the platform's clock is ahead: a code of a second factor counts once. */
let ahead_ms = 0;

beforeAll(async () => {
  mail = await MailServer.start();
  app = await startApp({ ...mail.settings, RATE_LIMIT_AUTH_PER_MINUTE: '1000', BUILD_STAGE_PAUSE_MS: '300' });
  app.app.get(Clock, { strict: false }).now = () => new Date(Date.now() + ahead_ms);
  http = app.http.anonymous();
});
afterAll(async () => {
  await app.close();
  await mail.stop();
});

const JSON_TYPE = { 'content-type': 'application/json' };

/** Keeps every id and token of an answer. */
function learn(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, field] of Object.entries(value)) {
    if (/(?:_id|_token|^secret|^revision)$/.test(name) && ['string', 'number'].includes(typeof field))
      known[name] = field as string | number;
    else if (name === 'data' || name === 'user') learn(field);
  }
}

/** The example with each field that an earlier answer gave. */
function resolved(example: unknown): unknown {
  if (typeof example !== 'object' || example === null || Array.isArray(example)) return example;
  const fields = Object.entries(example).map(([name, value]) => {
    if (Array.isArray(value) && name.endsWith('_ids')) return [name, [known[name.slice(0, -1)]]] as const;
    return [name, typeof value !== 'object' && name in known ? known[name] : (value as unknown)] as const;
  });
  return Object.fromEntries(fields);
}

/** Sends the example of the document and notes an answer that is no success. */
async function send(operation: string, headers: Record<string, string> = {}): Promise<Record<string, unknown>> {
  sent.add(operation);
  const [method = '', path = ''] = operation.split(' ');
  const described = (document.paths[path] as Record<string, Operation> | undefined)?.[method.toLowerCase()];
  const example = described?.requestBody?.content['application/json']?.example;
  const body = example === undefined ? undefined : JSON.stringify(resolved(example));
  const filled = path.replace(/\{(\w+)\}/g, (_all, name: string) =>
    encodeURIComponent(String(known[name] ?? 'unknown')),
  );
  const response = await http.raw(method, filled, body, { ...(body === undefined ? {} : JSON_TYPE), ...headers });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('application/json') ?? false;
  const answer = (isJson ? JSON.parse(text) : {}) as Record<string, unknown>;
  if (response.status >= 300) failures.push(`${operation} ${response.status} ${text.slice(0, 400)} FOR ${body ?? ''}`);
  learn(answer);
  const cookie = cookieOf(response.headers);
  if (cookie !== '') known['cookie'] = cookie;
  return (answer['data'] ?? answer) as Record<string, unknown>;
}

/** Signs in by the example; what follows is sent with its token. */
async function signIn(): Promise<void> {
  http = app.http.anonymous();
  await send('POST /api/v1/auth/login');
  http = new HttpClient(app.url, { authorization: `Bearer ${known['access_token'] ?? ''}` });
}

async function mailed(subject: RegExp, to = 'ada@example.com'): Promise<void> {
  const received = await eventually(
    () => Promise.resolve(mail.received.findLast((one) => one.to === to && subject.test(one.subject))),
    (found) => found !== undefined,
  );
  known['token'] = received?.token;
}

function newCode(): void {
  ahead_ms += 30_000;
  known['code'] = new TOTP({ secret: Secret.fromBase32(String(known['secret'])) }).generate({
    timestamp: Date.now() + ahead_ms,
  });
}

const cookie = (): Record<string, string> => ({ cookie: String(known['cookie']) });
const status = async (path: string): Promise<unknown> => (await http.get(path)).data['status'];
const reaches = (path: string, wanted: string) =>
  eventually(
    () => status(path),
    (now) => now === wanted,
  );

it('answers each example of a body with success', async () => {
  for (const part of [accounts, organizations, projects, agents, integrations, flows, openai, orchestration, passwords])
    await part().catch((error: unknown) => failures.push(`${part.name}: ${String(error)}`));
  expect(failures).toEqual([]);
  expect(withBody.filter((operation) => !sent.has(operation) && !(operation in NOT_SENT))).toEqual([]);
  expect(Object.keys(NOT_SENT).filter((operation) => sent.has(operation))).toEqual([]);
});

async function accounts(): Promise<void> {
  await send('POST /api/v1/auth/register');
  await mailed(/registration|confirm/i);
  await send('POST /api/v1/auth/register/confirm', cookie());
  await signIn();
  await send('POST /api/v1/auth/refresh');
  await send('POST /api/v1/auth/session');
  await send('POST /api/v1/auth/magic-link');
  await mailed(/sign/i);
  await send('POST /api/v1/auth/magic-link/verify', cookie());
  await signIn();
  await send('POST /api/v1/api-keys');
  await send('POST /api/v1/auth/api-keys');
  await send('POST /api/v1/auth/totp/enable');
  newCode();
  await send('POST /api/v1/auth/totp/confirm');
  for (const [first, second] of [
    ['POST /api/v1/auth/login', 'POST /api/v1/auth/totp/login'],
    ['POST /api/v1/auth/session', 'POST /api/v1/auth/session/totp'],
  ] as const) {
    http = app.http.anonymous();
    await send(first);
    newCode();
    await send(second);
  }
  http = new HttpClient(app.url, { authorization: `Bearer ${known['access_token'] ?? ''}` });
  newCode();
  await send('POST /api/v1/auth/totp/disable');
  await signIn();
}

async function organizations(): Promise<void> {
  const { org_id, user_id } = known;
  Object.assign(known, { org_id, scope: 'organization', scope_id: org_id });
  await send('PUT /api/v1/budgets/{scope}/{scope_id}');
  await http.delete(`/api/v1/budgets/organization/${String(org_id)}`);
  await send('PATCH /api/v1/organizations/{org_id}');
  await send('POST /api/v1/organizations/{org_id}/members');
  known['invitation_token'] = (await mail.invitation('grace@example.com')).token;
  await send('POST /api/v1/auth/invitations/accept');
  Object.assign(known, { org_id });
  await send('PUT /api/v1/organizations/{org_id}/members/{user_id}/roles');
  const operator = app.http.as('default', 'operator', ['viewer', 'system_admin']);
  const own = http;
  http = operator;
  await send('POST /api/v1/operator/organizations/{org_id}/access');
  http = own;
  Object.assign(known, { user_id });
}

async function projects(): Promise<void> {
  await send('POST /api/v1/projects');
  const first = String(known['project_id']);
  await reaches(`/api/v1/projects/${first}`, 'building');
  await send('PUT /api/v1/projects/{project_id}/control');
  await send('POST /api/v1/agents/create');
  await reaches(`/api/v1/projects/${String(known['project_id'])}`, 'building');
  for (const action of ['pause', 'resume', 'stop', 'restart']) {
    await send(`POST /api/v1/agents/{project_id}/${action}`);
    if (action === 'pause') await reaches(`/api/v1/projects/${String(known['project_id'])}`, 'paused');
    if (action === 'stop') await reaches(`/api/v1/projects/${String(known['project_id'])}`, 'failed');
  }
  await http.put(`/api/v1/projects/${first}/control`, { action: 'resume' });
  await reaches(`/api/v1/projects/${first}`, 'completed');
  known['project_id'] = first;
  await send('POST /api/v1/projects/{project_id}/revise');
  await reaches(`/api/v1/projects/${first}`, 'completed');
  const { agents } = (await http.get(`/api/v1/projects/${first}`)).data as { agents: string[] };
  known['agent_id'] = agents[0];
}

async function agents(): Promise<void> {
  await send('POST /api/v1/agents/{agent_id}/sessions');
  await send('POST /api/v1/sessions/{session_id}/messages');
  await send('POST /api/v1/agents/{agent_id}/sessions/{session_id}/stream');
  await send('POST /api/v1/agents/{agent_id}/invoke');
  await send('POST /api/v1/agents/{agent_id}/examples');
  await send('POST /api/v1/models/test');
  await send('POST /api/v1/stream-tickets');
  await send('POST /ag-ui/agents/{agent_id}');
  await send('POST /ai-sdk/agents/{agent_id}/chat');
  await send('POST /api/v1/credentials');
  await send('PUT /api/v1/credentials/{credential_id}');
  await send('POST /api/v1/tools');
  await send('POST /api/v1/tools/{tool_id}/test');
  await send('POST /api/v1/exports');
  await send('POST /api/v1/agents/{agent_id}/rollback');
  const built = known['agent_id'];
  await send('POST /api/v1/agents');
  known['revision'] = (await http.get(`/api/v1/agents/${encodeURIComponent(String(known['agent_id']))}/definition`))
    .data['revision'] as number;
  await send('PUT /api/v1/agents/{agent_id}/definition');
  await send('POST /api/v1/agents/{agent_id}/rollback');
  await send('PUT /api/v1/agents/{agent_id}/rollout');
  await send('POST /api/v1/agents/{agent_id}/rollout/promote');
  known['agent_id'] = built;
  await send('PUT /api/v1/agents/{agent_id}');
  await send('PUT /api/v1/agents/{agent_id}/status');
}

async function integrations(): Promise<void> {
  await send('POST /api/v1/integrations');
  await settled(http, String(known['integration_id']));
  const path = `/api/v1/integrations/${String(known['integration_id'])}`;
  await send('PATCH /api/v1/integrations/{integration_id}');
  await send('POST /api/v1/integrations/{integration_id}/mock');
  await http.post(`${path}/mock`, { mode: 'instead' });
  const list = (await http.get<{ operations: { operation_id: string }[] }>(`${path}/operations`)).data;
  known['operation_id'] = list.operations[0]?.operation_id;
  await send('POST /api/v1/integrations/{integration_id}/operations/{operation_id}/call');
  await send('POST /api/v1/integrations/{integration_id}/tools');
  await send('POST /api/v1/integrations/{integration_id}/contract-tests/run');
  await send('PUT /api/v1/integrations/{integration_id}/document');
}

async function flows(): Promise<void> {
  await send('POST /api/v1/flows/validate');
  await send('POST /api/v1/flows');
  await send('PUT /api/v1/flows/{flow_id}');
  known['version'] = (await http.post(`/api/v1/flows/${String(known['flow_id'])}/publish`)).data['version'] as number;
  await send('POST /api/v1/flows/{flow_id}/runs');
  await send('POST /api/v1/flows/{flow_id}/triggers');
  const steps = [
    { id: 'manager', approval: {} },
    { id: 'parcel', needs: ['manager'], wait_for: { signal: 'parcel_sent' } },
  ];
  const waiting = await publishedFlow(http, { timeout_seconds: 600, steps });
  const { run_id } = await startRun(http, waiting);
  Object.assign(known, { run_id, step_id: 'manager', name: 'parcel_sent' });
  await runWhen(http, run_id, ({ status: now }) => now === 'waiting');
  await send('POST /api/v1/flow-runs/{run_id}/steps/{step_id}/decision');
  await send('PUT /api/v1/flow-runs/{run_id}/control');
  const other = await startRun(http, waiting);
  known['run_id'] = other.run_id;
  await send('POST /api/v1/flow-runs/{run_id}/signals/{name}');
}

async function openai(): Promise<void> {
  known['model'] = known['agent_id'];
  await http.put(`/api/v1/agents/${encodeURIComponent(String(known['agent_id']))}/status`, { status: 'running' });
  await send('POST /v1/chat/completions');
  await send('POST /v1/responses');
  const { id } = await send('POST /v1/conversations');
  known['conversation_id'] = id as string;
  await send('POST /v1/conversations/{conversation_id}');
  await send('POST /v1/conversations/{conversation_id}/items');
  await send('PUT /api/v1/agents/{agent_id}/runtime');
}

async function orchestration(): Promise<void> {
  delete known['name'];
  await send('POST /api/v1/orchestration/partnerships');
  Object.assign(known, { id: 'gemini_visual' });
  await send('PUT /api/v1/orchestration/partnerships/{id}');
  known['name'] = 'mobile_platform';
  await send('PUT /api/v1/orchestration/partnerships/{id}/deliverables/{name}');
  delete known['name'];
  await send('POST /api/v1/orchestration/partnerships/{id}/measurements');
  await send('POST /api/v1/orchestration/decisions');
  await send('POST /api/v1/orchestration/decisions/{decision_id}/outcome');
}

/** Last: the passwords of the examples change. */
async function passwords(): Promise<void> {
  const members = (
    await http.get<{ members: { user_id: string; email: string }[] }>(
      `/api/v1/organizations/${String(known['org_id'])}/members`,
    )
  ).data;
  known['user_id'] = members.members.find(({ email }) => email === 'grace@example.com')?.user_id;
  await http.put(`/api/v1/organizations/${String(known['org_id'])}/members/${String(known['user_id'])}/roles`, {
    roles: ['admin'],
  });
  await send('POST /api/v1/organizations/{org_id}/transfer');
  await send('POST /api/v1/organizations');
  const switched = await http.post(`/api/v1/organizations/${String(known['org_id'])}/switch`);
  const { access_token } = switched.body as unknown as { access_token: string };
  const own = http;
  http = new HttpClient(app.url, { authorization: `Bearer ${access_token}` });
  await send('DELETE /api/v1/organizations/{org_id}');
  http = own;
  await send('POST /api/v1/auth/password/forgot');
  await mailed(/reset|new password/i);
  await send('POST /api/v1/auth/password');
  await send('POST /api/v1/auth/password/reset');
}
