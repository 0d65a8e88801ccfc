import { createHmac } from 'node:crypto';
import { DynamoDb } from '../../../src/platform/database/client/dynamodb.js';
import { Clock } from '../../../src/shared/clock.js';
import { startApp, type TestApp } from '../../support/app.js';
import { type ApiService, apiService } from '../../support/api-service.js';
import { eventually, type HttpClient } from '../../support/http.js';
import { apiDocument, importApi } from '../../support/imported-api.js';
import { registeredAgent } from '../../support/registered-agent.js';
import { startBeside } from '../../support/shared-app.js';
import { ObedientRuntime } from '../../support/obedient-runtime.js';
import { type TokenServer, tokenServer } from '../../support/token-server.js';
import { mcpOverHttp, type Service } from '../../support/tool-services.js';

const SECRET = 'sk-a-credential-of-integrations-0815';
const KEY = { NEXUS_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64') };

interface Credential {
  credential_id: string;
  kind: string;
  status: string;
  fields: Record<string, unknown>;
}

let app: TestApp;
let http: HttpClient;
let api: ApiService;
let tokens: TokenServer;
let mcp: Service;
let integration_id: string;

beforeAll(async () => {
  [app, api, tokens, mcp] = await Promise.all([
    startApp(KEY),
    apiService(() => ({ body: { id: '1', title: 'Momo' } })),
    tokenServer(),
    mcpOverHttp(),
  ]);
  http = app.http.as('credential-org');
  ({ integration_id } = await importApi(http, apiDocument('books.openapi-3.1.yaml'), { base_url: api.url }));
});
afterAll(async () => {
  await app.close();
  await Promise.all([api.close(), tokens.close(), mcp.close()]);
});

async function store(kind: string, fields: object): Promise<Credential> {
  const { status, data, error } = await http.post<Credential>('/api/v1/credentials', { name: kind, kind, fields });
  expect([status, error]).toEqual([201, undefined]);
  return data;
}

const call = (credential_id: string, client: HttpClient = http) =>
  client.post(`/api/v1/integrations/${integration_id}/operations/getBook/call`, { input: { id: '1' }, credential_id });

async function seenWith(credential_id: string) {
  const { status, data } = await call(credential_id);
  expect([status, data['status']]).toEqual([200, 200]);
  return api.seen.at(-1)!;
}

const clientFields = () => ({ token_url: `${tokens.url}/token`, client_id: 'nexus', client_secret: SECRET });

describe('a stored credential', () => {
  it.each([
    ['bearer', { token: SECRET }, { headers: { authorization: `Bearer ${SECRET}` } }],
    [
      'basic',
      { username: 'ada', password: SECRET },
      { headers: { authorization: `Basic ${Buffer.from(`ada:${SECRET}`).toString('base64')}` } },
    ],
    ['api_key', { in: 'header', name: 'X-Api-Key', value: SECRET }, { headers: { 'x-api-key': SECRET } }],
    ['api_key', { in: 'query', name: 'api_key', value: SECRET }, { query: { api_key: SECRET } }],
    ['api_key', { in: 'cookie', name: 'key', value: SECRET }, { headers: { cookie: `key=${SECRET}` } }],
  ])('of kind %s is presented: %j', async (kind, fields, expected) => {
    const { credential_id } = await store(kind, fields);
    expect(await seenWith(credential_id)).toMatchObject(expected);
  });

  it('signs requests with a shared secret', async () => {
    const { credential_id } = await store('hmac', {
      ...{ secret: SECRET, header: 'X-Signature', prefix: 'v1=', timestamp_header: 'X-Time' },
      signed: '{timestamp}.{method}.{path}',
    });
    const { headers } = await seenWith(credential_id);
    const signed = `${String(headers['x-time'])}.GET./books/1`;
    expect(headers['x-signature']).toBe(`v1=${createHmac('sha256', SECRET).update(signed).digest('hex')}`);
  });

  it('is sealed at rest, never shown, and audited with each use', async () => {
    const { credential_id, fields } = await store('basic', { username: 'ada', password: SECRET });
    expect(fields).toEqual({ username: 'ada' });
    await call(credential_id);
    const shown = await Promise.all(['', `/${credential_id}`].map((path) => http.get(`/api/v1/credentials${path}`)));
    expect(JSON.stringify(shown.map(({ body }) => body))).not.toContain(SECRET);
    const rows: unknown[] = [];
    for await (const row of app.app.get(DynamoDb, { strict: false }).scanAll('PlatformCredentials')) rows.push(row);
    expect(JSON.stringify(rows)).not.toContain(SECRET);
    const { data } = await eventually(
      () => http.get<{ entries: { action: string; target: string; details: object }[] }>('/api/v1/audit?limit=50'),
      ({ data }) => data.entries.some(({ action, target }) => action === 'credential.used' && target === credential_id),
    );
    expect(
      data.entries.find(({ target, action }) => target === credential_id && action === 'credential.used'),
    ).toMatchObject({
      details: { used_for: integration_id, host: new URL(api.url).host },
    });
    expect(JSON.stringify(data)).not.toContain(SECRET);
  });

  it('is presented to its hosts only, and belongs to its organization', async () => {
    const { credential_id } = await store('bearer', { token: SECRET, allowed_hosts: ['api.example.com'] });
    const before = api.seen.length;
    const refused = await call(credential_id);
    expect([refused.status, refused.error.code]).toEqual([400, 'INVALID_STATE']);
    const stranger = app.http.as('credential-stranger');
    expect((await stranger.get(`/api/v1/credentials/${credential_id}`)).status).toBe(404);
    expect(
      (
        await stranger.post('/api/v1/integrations', {
          name: 'x',
          credential_id,
          source: { content: apiDocument('books.openapi-3.1.yaml') },
        })
      ).status,
    ).toBe(404);
    expect(api.seen.length).toBe(before);
    const viewer = app.http.as('credential-org', 'reader', ['viewer']);
    expect((await viewer.get('/api/v1/credentials')).status).toBe(403);
  });

  it('names each wrong field and never its value', async () => {
    const { status, error } = await http.post('/api/v1/credentials', {
      name: 'x',
      kind: 'bearer',
      fields: { token: `${SECRET}\n`, more: 1 },
    });
    expect([status, Object.keys(error.details.fields ?? {}).toSorted()]).toEqual([400, ['fields', 'fields.token']]);
    expect(JSON.stringify(error)).not.toContain(SECRET);
    const metadata = { ...clientFields(), token_url: 'http://169.254.169.254/token' };
    const inside = await http.post('/api/v1/credentials', {
      name: 'x',
      kind: 'oauth2_client_credentials',
      fields: metadata,
    });
    expect(Object.keys(inside.error.details.fields ?? {})).toEqual(['fields.token_url']);
  });

  it('is replaced and deleted', async () => {
    const { credential_id } = await store('bearer', { token: SECRET });
    const other = { kind: 'bearer', fields: { token: `${SECRET}-2` } };
    expect((await http.put(`/api/v1/credentials/${credential_id}`, other)).status).toBe(200);
    expect((await seenWith(credential_id)).headers['authorization']).toBe(`Bearer ${SECRET}-2`);
    expect(
      (
        await http.put(`/api/v1/credentials/${credential_id}`, {
          kind: 'basic',
          fields: { username: 'a', password: SECRET },
        })
      ).status,
    ).toBe(400);
    await http.delete(`/api/v1/credentials/${credential_id}`);
    expect((await call(credential_id)).status).toBe(404);
  });
});

describe('OAuth client credentials', () => {
  it('get one token for many calls at once, in two processes', async () => {
    const beside = await startBeside(app, new ObedientRuntime(), KEY);
    try {
      const { credential_id } = await store('oauth2_client_credentials', { ...clientFields(), scopes: ['read'] });
      Object.assign(tokens, { grants: [], expires_in: 3600, pause_ms: 150 });
      const second = beside.http.as('credential-org');
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, index) => call(credential_id, index % 2 ? http : second)),
      );
      expect(answers.map(({ data }) => data['status'])).toEqual(Array(12).fill(200));
      expect(tokens.grants).toEqual(['client_credentials']);
      const carried = new Set(api.seen.slice(-12).map(({ headers }) => headers['authorization']));
      expect(carried.size).toBe(1);
    } finally {
      tokens.pause_ms = 0;
      await beside.close();
    }
  });

  it('are renewed before they end', async () => {
    const { credential_id } = await store('oauth2_client_credentials', clientFields());
    Object.assign(tokens, { grants: [], expires_in: 300 });
    const clock = app.app.get(Clock, { strict: false });
    const now = clock.now.bind(clock);
    const after = async (seconds: number) => {
      clock.now = () => new Date(now().getTime() + seconds * 1_000);
      return (await seenWith(credential_id)).headers['authorization'];
    };
    try {
      const first = await after(0);
      expect(await after(60)).toBe(first);
      expect(await after(290)).not.toBe(first);
      expect(tokens.grants.length).toBe(2);
    } finally {
      clock.now = now;
    }
  });

  it('answer why when the server gives no token', async () => {
    const { credential_id } = await store('oauth2_client_credentials', { ...clientFields(), client_id: 'wrong' });
    const { status, error } = await call(credential_id);
    expect([status, error.message]).toEqual([
      400,
      'The credential cannot be used: the authorization server issued no token (invalid_grant)',
    ]);
  });
});

describe('OAuth authorization code', () => {
  const finish = (query: Record<string, string>, client = http) =>
    client.get<Credential>(`/api/v1/credentials/callback?${new URLSearchParams(query).toString()}`);

  it('is authorized with PKCE and state, then refreshed', async () => {
    const fields = { ...clientFields(), authorization_url: `${tokens.url}/authorize`, scopes: ['books'] };
    const { credential_id, status } = await store('oauth2_authorization_code', fields);
    expect(status).toBe('needs_authorization');
    expect((await call(credential_id)).error.message).toContain('not authorized yet');
    const { data } = await http.post<{ authorization_url: string }>(`/api/v1/credentials/${credential_id}/authorize`);
    const { searchParams } = new URL(data.authorization_url);
    expect(Object.fromEntries(searchParams)).toMatchObject({
      response_type: 'code',
      client_id: 'nexus',
      scope: 'books',
      code_challenge_method: 'S256',
    });
    Object.assign(tokens, { challenge: searchParams.get('code_challenge'), grants: [], expires_in: 1 });
    const state = searchParams.get('state') ?? '';
    expect((await finish({ state, code: 'the-code' }, app.http.as('credential-org', 'another'))).status).toBe(400);
    expect((await finish({ state: 'forged', code: 'the-code' })).status).toBe(400);
    const finished = await finish({ state, code: 'the-code' });
    expect([finished.status, finished.data.status]).toEqual([200, 'ready']);
    tokens.expires_in = 3600;
    expect((await finish({ state, code: 'the-code' })).status).toBe(400);
    await eventually(
      () => seenWith(credential_id),
      () => tokens.grants.length > 1,
    );
    expect(tokens.grants).toEqual(['authorization_code', 'refresh_token']);
    // An MCP server gets the same token.
    const { agent_id } = await registeredAgent(app, { org_id: 'credential-org' });
    const config = { transport: { type: 'streamable_http', url: mcp.url } };
    const tool = { agent_id, credential_id, kind: 'mcp', name: 'shelf', description: 'A shelf', config };
    const sent = mcp.seen.length;
    expect((await http.post('/api/v1/tools', tool)).status).toBe(201);
    const { authorization } = (await seenWith(credential_id)).headers;
    expect(new Set(mcp.seen.slice(sent).map((one) => one.authorization))).toEqual(new Set([authorization]));
  });
});

describe('tools', () => {
  it('present stored credentials, over HTTP and to MCP servers', async () => {
    const agent = await registeredAgent(app, { org_id: 'credential-org' });
    const { credential_id } = await store('bearer', { token: SECRET });
    const owner = { agent_id: agent.agent_id, credential_id, description: 'A tool' };
    const config = {
      method: 'GET',
      url: `${api.url}/books/{id}`,
      input_schema: { type: 'object', properties: { id: { type: 'string' } } },
    };
    const overHttp = await http.post<{ tool_id: string }>('/api/v1/tools', {
      ...owner,
      kind: 'http',
      name: 'book',
      config,
    });
    expect(overHttp.status).toBe(201);
    await http.post(`/api/v1/tools/${overHttp.data.tool_id}/test`, { input: { id: '1' } });
    expect(api.seen.at(-1)?.headers['authorization']).toBe(`Bearer ${SECRET}`);
    const transport = { type: 'streamable_http', url: `${mcp.url}/of-this-test` };
    const overMcp = await http.post('/api/v1/tools', { ...owner, kind: 'mcp', name: 'server', config: { transport } });
    expect(overMcp.status).toBe(201);
    const sent = mcp.seen.filter(({ path }) => path === '/of-this-test');
    expect(new Set(sent.map((one) => one.authorization))).toEqual(new Set([`Bearer ${SECRET}`]));
  });
});
