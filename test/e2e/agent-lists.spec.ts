import { startApp, type TestApp } from '../support/app.js';
import type { HttpClient } from '../support/http.js';
import { registeredAgent } from '../support/registered-agent.js';

let app: TestApp;
let http: HttpClient;

beforeAll(async () => {
  app = await startApp();
  http = app.http.as('lists');
  const agents = [
    { agent_name: 'adder', category: 'math', tools: ['calculator'] },
    { agent_name: 'clock', category: 'time', tools: ['datetime'] },
    { agent_name: 'planner', category: 'time', tools: ['calculator', 'datetime'], project_id: 'proj_other' },
    { agent_name: 'sleeper', category: 'math', description: 'Knows 100% of Ümlauts' },
  ];
  for (const wishes of agents) await registeredAgent(app, { org_id: 'lists', project_id: 'proj_one', ...wishes });
  await http.put('/api/v1/agents/proj_one:sleeper/status', { status: 'offline' });
});
afterAll(() => app.close());

interface AgentPage {
  agents: { agent_name: string }[];
  total: number;
  last_key: string | null;
}

const page = async (query: string): Promise<AgentPage> => (await http.get<AgentPage>(`/api/v1/agents?${query}`)).data;
const names = async (query: string): Promise<string[]> =>
  (await page(query)).agents.map(({ agent_name }) => agent_name);

describe('the list of agents', () => {
  it.each([
    ['', ['sleeper', 'planner', 'clock', 'adder']],
    ['project_id=proj_one', ['sleeper', 'clock', 'adder']],
    ['project_id=proj_none', []],
    ['status=running', ['planner', 'clock', 'adder']],
    ['status=offline', ['sleeper']],
    ['status=error', []],
    ['category=time', ['planner', 'clock']],
    ['capabilities=tool:calculator', ['planner', 'adder']],
    ['capabilities=tool:calculator,tool:datetime', ['planner']],
    ['capabilities=tool:calculator%2C%20tool:datetime', ['planner']],
    ['capabilities=tool:calculator&capabilities=tool:datetime', ['planner']],
    ['search=LEEP', ['sleeper']],
    ['search=%C3%BCmlaut', ['sleeper']],
    ['search=100%25', ['sleeper']],
    ['project_id=proj_one&status=running&category=math', ['adder']],
    ['status=running&capabilities=tool:datetime&search=clock&project_id=proj_one', ['clock']],
  ])('filtered by "%s" is %j', async (query, expected) => {
    expect(await names(query)).toEqual(expected);
  });

  it.each(['', 'category=time', 'project_id=proj_one', 'status=running'])(
    'filtered by "%s" is paged without gaps or repetitions',
    async (filter) => {
      const all = await names(filter);
      const seen: string[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const { agents, total, last_key } = await page(
          `${filter}&limit=1${cursor && `&last_key=${encodeURIComponent(cursor)}`}`,
        );
        expect(total).toBe(agents.length);
        seen.push(...agents.map(({ agent_name }) => agent_name));
        cursor = last_key;
      }
      expect(seen).toEqual(all);
    },
  );

  it('refuses the cursor of another filter', async () => {
    const { last_key } = await page('limit=1');
    const { status, error } = await http.get(
      `/api/v1/agents?category=time&last_key=${encodeURIComponent(last_key ?? '')}`,
    );
    expect([status, Object.keys(error.details.fields ?? {})]).toEqual([400, ['last_key']]);
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=1.5', 'limit'],
    ['status=Running', 'status'],
    ['status=running&status=offline', 'status'],
    ['capabilities=', 'capabilities'],
    ['search=', 'search'],
    ['colour=red', 'colour'],
  ])('refuses %s by name', async (query, field) => {
    const { status, error } = await http.get(`/api/v1/agents?${query}`);
    expect([status, error.code, Object.keys(error.details.fields ?? {})]).toEqual([400, 'VALIDATION_ERROR', [field]]);
  });
});

describe('an agent', () => {
  it('has every field of the contract', async () => {
    const { data } = await http.get('/api/v1/agents/proj_one:adder');
    expect(data).toEqual({
      agent_id: 'proj_one:adder',
      agent_name: 'adder',
      coverage: null,
      output_schema: null,
      requires_approval: [],
      revision: 1,
      rollout: null,
      project_id: 'proj_one',
      description: 'Obeys',
      category: 'math',
      version: 'v1.0.0',
      status: 'running',
      capabilities: ['text_generation', 'tool:calculator'],
      tools: ['calculator'],
      supported_models: ['nexus/offline'],
      supported_inputs: ['text'],
      tags: [],
      runtime: 'local',
      agentcore_config: null,
      runtime_stats: {
        total_invocations: 0,
        successful_invocations: 0,
        failed_invocations: 0,
        avg_duration_ms: null,
        p95_duration_ms: null,
        input_tokens: 0,
        output_tokens: 0,
        last_invoked_at: null,
      },
      region: null,
      error_message: null,
      endpoint_url: null,
      model_id: null,
      created_at: expect.any(String) as unknown,
      updated_at: data['created_at'],
      deployed_at: data['created_at'],
    });
    expect((await http.get('/api/v1/agents/proj_one%3Aadder')).data).toEqual(data);
  });

  it.each([
    ['nothing', {}, ['body']],
    ['only null', { category: null }, ['body']],
    ['an unknown field', { status: 'offline' }, ['status']],
    ['a field of another type', { tags: 'blue' }, ['tags']],
    ['an empty text', { description: '' }, ['description']],
    ['too long a text', { category: 'x'.repeat(101) }, ['category']],
  ])('is not changed to %s', async (_name, body, fields) => {
    const { status, error } = await http.put('/api/v1/agents/proj_one:clock', body);
    expect([status, Object.keys(error.details.fields ?? {})]).toEqual([400, fields]);
  });

  it('is changed in every field that may change, alone or together', async () => {
    const { agent_id } = await registeredAgent(app, { org_id: 'changes', agent_name: 'changeling' });
    const client = app.http.as('changes');
    const changes = {
      description: 'New',
      category: 'other',
      version: 'v2.0.0-beta',
      capabilities: ['text_generation', 'jokes'],
      tags: ['a', 'b'],
    };
    for (const [field, value] of Object.entries(changes))
      expect((await client.put(`/api/v1/agents/${agent_id}`, { [field]: value })).data[field]).toEqual(value);
    expect((await client.get(`/api/v1/agents/${agent_id}`)).data).toMatchObject(changes);
    expect((await client.get<AgentPage>('/api/v1/agents?capabilities=jokes')).data.total).toBe(1);
  });

  it('can do after a rollback what it could do then', async () => {
    const wishes = { org_id: 'changes', agent_name: 'learner' };
    await registeredAgent(app, { ...wishes, build_id: 'bld_1', tools: ['calculator'] });
    const { path } = await registeredAgent(app, { ...wishes, build_id: 'bld_2', tools: ['datetime'] });
    const client = app.http.as('changes');
    expect((await client.get(path)).data).toMatchObject({ version: 'v1.0.1', tools: ['datetime'] });
    const { data } = await client.post(`${path}/rollback`, { version: 'v1.0.0' });
    expect(data).toMatchObject({
      version: 'v1.0.0',
      tools: ['calculator'],
      capabilities: ['text_generation', 'tool:calculator'],
    });
    expect((await client.post(`${path}/rollback`, { version: 'v1.0.1' })).data).toMatchObject({ tools: ['datetime'] });
  });

  it('takes many changes at once without losing one', async () => {
    const { agent_id } = await registeredAgent(app, { org_id: 'changes', agent_name: 'busy' });
    const client = app.http.as('changes');
    const answers = await Promise.all([
      client.put(`/api/v1/agents/${agent_id}`, { category: 'one' }),
      client.put(`/api/v1/agents/${agent_id}`, { tags: ['two'] }),
      client.put(`/api/v1/agents/${agent_id}`, { description: 'three' }),
      client.put(`/api/v1/agents/${agent_id}/status`, { status: 'error', error_message: 'four' }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect((await client.get(`/api/v1/agents/${agent_id}`)).data).toMatchObject({
      category: 'one',
      tags: ['two'],
      description: 'three',
      status: 'error',
      error_message: 'four',
    });
  });

  it('is counted by its state in the overview, whatever states it goes through', async () => {
    const { agent_id } = await registeredAgent(app, { org_id: 'gauges', agent_name: 'mover' });
    await registeredAgent(app, { org_id: 'gauges', agent_name: 'stayer' });
    const client = app.http.as('gauges');
    const overview = async (): Promise<unknown[]> => {
      const { data } = await client.get('/api/v1/statistics/overview');
      return ['total_agents', 'running_agents', 'building_agents', 'offline_agents'].map((name) => data[name]);
    };
    const seen = [await overview()];
    for (const status of ['offline', 'offline', 'building', 'error', 'running']) {
      await client.put(`/api/v1/agents/${agent_id}/status`, { status });
      seen.push(await overview());
    }
    await client.delete(`/api/v1/agents/${agent_id}`);
    seen.push(await overview());
    expect(seen).toEqual([
      [2, 2, 0, 0],
      [2, 1, 0, 1],
      [2, 1, 0, 1],
      [2, 1, 1, 0],
      [2, 1, 0, 0],
      [2, 2, 0, 0],
      [1, 1, 0, 0],
    ]);
  });
});
