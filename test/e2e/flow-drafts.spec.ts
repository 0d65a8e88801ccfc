import { startApp, type TestApp } from '../support/app.js';
import { type ModelServer, startModelServer } from '../support/model-server.js';
import { registeredAgent } from '../support/registered-agent.js';

interface Draft {
  name: string;
  definition: { steps: { id: string }[] };
  faults: { path: string; code: string }[];
  model: string;
  usage: { input_tokens: number };
}

const requirement = 'Ask the judge about each refund and let an admin approve it.';
const USAGE = { prompt_tokens: 100, completion_tokens: 20 };

let server: ModelServer;

beforeAll(async () => {
  server = await startModelServer();
});
afterAll(() => server.stop());

beforeEach(() => server.mock.clearFixtures());

async function withApp(settings: Record<string, string>, test: (app: TestApp) => Promise<void>): Promise<void> {
  const app = await startApp(settings);
  try {
    await test(app);
  } finally {
    await app.close();
  }
}
const drafted = (definition: object | string) => {
  const definition_json = typeof definition === 'string' ? definition : JSON.stringify(definition);
  return { content: JSON.stringify({ name: 'Refund', description: 'Refunds', definition_json }), usage: USAGE };
};
const definitionOf = (agent_id: string) => ({
  timeout_seconds: 600,
  steps: [
    { id: 'judge', agent: { agent_id, input: 'Refund?' } },
    { id: 'person', needs: ['judge'], approval: { roles: ['admin'] } },
  ],
});

it('a paragraph becomes a definition that names what is there, corrected until it has no fault, and is not stored', async () => {
  await withApp(server.openai, async (app) => {
    const { agent_id } = await registeredAgent(app, { agent_name: 'refund_judge' });
    const asked: string[] = [];
    const answers = [drafted('{"steps": ['), drafted(definitionOf('proj_x:nobody')), drafted(definitionOf(agent_id))];
    server.mock.on({ userMessage: /./s }, (request) => {
      asked.push(JSON.stringify(request.messages));
      return answers[asked.length - 1] ?? drafted({});
    });
    const { status, data } = await app.http.post<Draft>('/api/v1/flows/draft', { requirement });
    expect({ status, name: data.name, faults: data.faults, steps: data.definition.steps.map(({ id }) => id) }).toEqual({
      ...{ status: 200, name: 'Refund', faults: [], steps: ['judge', 'person'] },
    });
    expect(data.usage.input_tokens).toBe(300);
    expect(asked).toHaveLength(3);
    expect(asked[0]).toContain(agent_id);
    expect(asked[2]).toContain('proj_x:nobody');
    expect((await app.http.get<{ flows: object[] }>('/api/v1/flows')).data.flows).toEqual([]);

    // Faults that the model does not mend are answered with what it wrote.
    server.mock.clearFixtures();
    server.mock.on({ userMessage: /./s }, drafted(definitionOf('proj_x:nobody')));
    const faulty = await app.http.post<Draft>('/api/v1/flows/draft', { requirement });
    expect(faulty.data.faults).toMatchObject([{ path: 'steps[0].agent.agent_id', code: 'reference' }]);

    server.mock.clearFixtures();
    server.mock.on({ userMessage: /./s }, { error: { message: 'no', type: 'server_error' }, status: 500 });
    const failed = await app.http.post('/api/v1/flows/draft', { requirement });
    expect([failed.status, failed.error.code]).toEqual([502, 'UPSTREAM_FAILED']);
  });
});

it('a draft that a hard budget does not cover is refused before the model is called', async () => {
  await withApp(server.openai, async (app) => {
    const http = app.http.as('org-drafts');
    let calls = 0;
    server.mock.on({ userMessage: /./s }, () => drafted(String((calls += 1))));
    const set = await http.put('/api/v1/budgets/organization/org-drafts', { tokens_per_day: 10 });
    expect(set.status).toBe(200);
    const { status, error } = await http.post('/api/v1/flows/draft', { requirement });
    expect({ status, code: error.code }).toEqual({ status: 402, code: 'BUDGET_EXCEEDED' });
    expect(calls).toBe(0);
  });
});

it('the offline model answers 422 that a model is needed', async () => {
  await withApp({}, async (app) => {
    const { status, error } = await app.http.post('/api/v1/flows/draft', { requirement });
    expect({ status, code: error.code }).toEqual({ status: 422, code: 'MODEL_REQUIRED' });
    expect(error.message).toMatch(/needs a language model/);
  });
});
