import type { ChatCompletionRequest, FixtureResponse } from '@copilotkit/aimock';
import { startApp, type TestApp } from '../support/app.js';
import { eventually } from '../support/http.js';
import { type ModelServer, startModelServer } from '../support/model-server.js';
import { PrometheusText } from '../support/prometheus-text.js';
import { textOf } from '../support/scripted-openai.js';
import { readEvents } from '../support/sse.js';
import { type Service, shop } from '../support/tool-services.js';
import { cancelOrderTool } from '../support/tool-user.js';

interface AgentBody {
  agent_id: string;
  project_id: string;
  revision: number;
  tools: string[];
}
interface Step {
  step: number;
  agent?: string;
  type: string;
  name: string;
  input: unknown;
  output?: unknown;
  error?: string;
}
interface Approval {
  approval_id: string;
  call_id: string;
  agent?: string;
  tool: string;
  status: string;
}
interface Run extends Record<string, unknown> {
  invocation_id: string;
  status: string;
  output: string;
  usage: { input_tokens: number; output_tokens: number };
  cost_usd: number;
  trace: { steps: Step[] };
  approvals: Approval[];
}

const BILLING = {
  name: 'billing',
  description: 'Works out prices and refunds',
  role: 'the billing specialist of a shop',
  system_prompt: 'You are the billing specialist.',
  model_id: 'gpt-4o-mini',
  tools: [{ kind: 'builtin', name: 'calculator' }],
  documents: [],
};
const SHIPPING = {
  name: 'shipping',
  description: 'Knows delivery times and cancels orders',
  role: 'the shipping specialist of a shop',
  system_prompt: 'You are the shipping specialist.',
  documents: ['delivery.md'],
};
const DEFINITION = {
  agent_name: 'desk',
  description: 'The desk of a shop',
  system_prompt: 'You lead the desk.',
  knowledge: [
    { name: 'delivery.md', content: 'Delivery takes 3 working days.' },
    { name: 'margins.md', content: 'Our margin is 40 percent.' },
  ],
  team: [BILLING, SHIPPING],
};

const usage = (prompt_tokens: number, completion_tokens: number) => ({ usage: { prompt_tokens, completion_tokens } });
const task = (name: string, said: string) => ({
  name: `ask_${name}`,
  arguments: JSON.stringify({ task: said }),
  id: `call_${name}`,
});
const toolsOf = ({ tools = [] }: ChatCompletionRequest) => tools.map((tool) => tool.function.name).toSorted();
const resultsOf = ({ messages }: ChatCompletionRequest) =>
  messages.filter(({ role }) => role === 'tool').map((message) => textOf(message));
/** Who a request speaks for. */
const speaker = ({ messages: [system] }: ChatCompletionRequest): 'supervisor' | 'billing' | 'shipping' => {
  const text = system ? textOf(system) : '';
  if (text.includes('You are the billing specialist.')) return 'billing';
  return text.includes('You are the shipping specialist.') ? 'shipping' : 'supervisor';
};

type Part = (request: ChatCompletionRequest) => FixtureResponse | Promise<FixtureResponse>;

/** The supervisor gives both members a task side by side and then reads their results. */
const PARTS: Record<ReturnType<typeof speaker>, Part> = {
  supervisor: (request) => {
    const results = resultsOf(request);
    if (results.length > 0) return { content: `Both say: ${results.join(' / ')}`, ...usage(300, 30) };
    return {
      toolCalls: [task('billing', 'What do 3 shirts at 20 cost?'), task('shipping', 'How long is the delivery?')],
      ...usage(100, 20),
    };
  },
  billing: (request) => {
    if (resultsOf(request).length > 0) return { content: 'They cost 60.', ...usage(60, 6) };
    return { toolCalls: [{ name: 'calculator', arguments: '{"expression":"3 * 20"}', id: 'call_1' }], ...usage(50, 5) };
  },
  shipping: () => ({ content: 'It takes 3 working days.', ...usage(40, 4) }),
};

let app: TestApp;
let model: ModelServer;
let store: Service;
let desk: AgentBody;

beforeAll(async () => {
  [model, store] = await Promise.all([startModelServer(), shop()]);
  app = await startApp({ ...model.openai, MODEL_TIMEOUT_SECONDS: '240' });
  desk = await created(DEFINITION);
});
beforeEach(() => {
  model.mock.clearFixtures();
  model.mock.clearRequests();
});
afterAll(async () => {
  await app.close();
  await Promise.all([model.stop(), store.close()]);
});

const play = (parts: Partial<typeof PARTS> = {}): void => {
  model.mock.on({}, (request) => ({ ...PARTS, ...parts })[speaker(request)](request));
};
async function created(definition: object): Promise<AgentBody> {
  const { status, data } = await app.http.post<AgentBody>('/api/v1/agents', { definition });
  expect(status).toBe(201);
  return data;
}
const at = ({ agent_id }: AgentBody): string => `/api/v1/agents/${encodeURIComponent(agent_id)}`;
const invoke = (agent: AgentBody, body: object = {}) =>
  app.http.post<Run>(`${at(agent)}/invoke`, { input_text: 'What do 3 shirts cost, and when do they come?', ...body });
const record = async (id: string) => (await app.http.get<Run>(`/api/v1/invocations/${id}`)).data;
const reaches = (id: string, wanted: string) =>
  eventually(
    () => record(id),
    ({ status }) => status === wanted,
  );
const requests = (): ChatCompletionRequest[] =>
  model.mock.getRequests().map(({ body }) => body as ChatCompletionRequest);
/** gpt-4o and gpt-4o-mini, US dollars a token. */
const costOf = (large: [number, number], small: [number, number]): number =>
  (large[0] * 2.5 + large[1] * 10 + small[0] * 0.15 + small[1] * 0.6) / 1e6;
const told = ({ agent, type, name }: Step) => `${agent ?? 'desk'} ${type} ${name}`;

describe('an agent with a team', () => {
  it('gives its members tasks, and their steps, tokens and cost count for the run', async () => {
    play();
    const { status, data } = await invoke(desk, { enable_trace: true });
    expect(status).toBe(200);
    expect(data.output).toBe('Both say: They cost 60. / It takes 3 working days.');
    expect(data).toMatchObject({ model: 'gpt-4o', usage: { input_tokens: 550, output_tokens: 65 } });
    expect(data.cost_usd).toBeCloseTo(costOf([440, 54], [110, 11]), 12);
    const { steps } = data.trace;
    expect(steps.map(({ step }) => step)).toEqual(steps.map((_, index) => index + 1));
    expect(steps.map(told).toSorted()).toEqual([
      'billing model gpt-4o-mini',
      'billing model gpt-4o-mini',
      'billing tool calculator',
      'desk model gpt-4o',
      'desk model gpt-4o',
      'desk tool ask_billing',
      'desk tool ask_shipping',
      'shipping model gpt-4o',
    ]);
    expect(steps.find(({ name }) => name === 'ask_billing')).toMatchObject({
      input: { task: 'What do 3 shirts at 20 cost?' },
      output: 'They cost 60.',
    });
    const tokens = (sum: number, { output }: Step) =>
      sum + ((output as { usage?: { input_tokens: number } }).usage?.input_tokens ?? 0);
    expect(steps.reduce(tokens, 0)).toBe(550);
    expect(await record(data.invocation_id)).toMatchObject({ usage: data.usage, trace: { steps } });
  });

  it('shows a member its task, its own tools and its own documents, and nothing else', async () => {
    play();
    await invoke(desk);
    const [supervisor, ...members] = requests();
    expect(toolsOf(supervisor as ChatCompletionRequest)).toEqual(['ask_billing', 'ask_shipping', 'knowledge_lookup']);
    const first = (name: string) => members.find((one) => speaker(one) === name) as ChatCompletionRequest;
    expect(toolsOf(first('billing'))).toEqual(['calculator']);
    expect(toolsOf(first('shipping'))).toEqual(['knowledge_lookup']);
    expect(first('billing').model).toBe('gpt-4o-mini');
    expect(first('billing').messages.slice(1).map(textOf)).toEqual(['What do 3 shirts at 20 cost?']);
  });

  it('streams the calls of members under their names, and no text of theirs', async () => {
    play();
    const events = await readEvents(`${app.url}${at(desk)}/invoke`, {
      method: 'POST',
      headers: { accept: 'text/event-stream', 'content-type': 'application/json' },
      body: JSON.stringify({ input_text: 'What do 3 shirts cost, and when do they come?' }),
    });
    const of = (name: string) => events.filter(({ event }) => event === name).map(({ data }) => data as object);
    const text = of('delta').map((data) => (data as { text: string }).text);
    expect(text.join('')).toBe('Both say: They cost 60. / It takes 3 working days.');
    expect(of('tool_call')).toContainEqual({
      call_id: 'call_billing.call_1',
      tool: 'calculator',
      input: { expression: '3 * 20' },
      agent: 'billing',
    });
    expect(of('tool_result')).toContainEqual(
      expect.objectContaining({ call_id: 'call_billing.call_1', agent: 'billing', tool: 'calculator' }),
    );
    expect(of('tool_call').filter((data) => !('agent' in data))).toHaveLength(2);
  });

  it('answers through the protocol of OpenAI with the words of the supervisor only', async () => {
    play();
    const body = { model: desk.agent_id, messages: [{ role: 'user', content: 'Prices and times?' }] };
    const headers = { 'content-type': 'application/json' };
    const answer = await app.http.raw('POST', '/v1/chat/completions', JSON.stringify(body), headers);
    expect(await answer.json()).toMatchObject({
      choices: [{ message: { content: 'Both say: They cost 60. / It takes 3 working days.' } }],
      usage: { prompt_tokens: 550, completion_tokens: 65 },
    });
  });

  it('keeps what members do out of responses, streamed and read again', async () => {
    play();
    const send = async (body: object) => {
      const asked = { model: desk.agent_id, input: 'Prices and times?', ...body };
      const headers = { 'content-type': 'application/json' };
      return app.http.raw('POST', '/v1/responses', JSON.stringify(asked), headers);
    };
    type Item = { type: string; name?: string; content?: { text: string }[] };
    const shown = (output: Item[]) => output.map(({ type, name, content }) => name ?? content?.[0]?.text ?? type);
    const expected = ['ask_billing', 'ask_shipping', 'Both say: They cost 60. / It takes 3 working days.'];
    const whole = (await (await send({})).json()) as { id: string; output: Item[] };
    expect(shown(whole.output)).toEqual(expected);
    const events = (await (await send({ stream: true })).text())
      .split('\n')
      .filter((line) => line.startsWith('data: {'));
    const last = JSON.parse(events.at(-1)?.slice('data: '.length) ?? '') as { response: { output: Item[] } };
    expect(shown(last.response.output)).toEqual(expected);
    const again = (await (await app.http.raw('GET', `/v1/responses/${whole.id}`)).json()) as { output: Item[] };
    expect(shown(again.output)).toEqual(expected);
  });

  it('names members in the steps of AG-UI, and gives none of their text', async () => {
    play();
    const events = await readEvents(`${app.url}/ag-ui/agents/${encodeURIComponent(desk.agent_id)}`, {
      method: 'POST',
      headers: { accept: 'text/event-stream', 'content-type': 'application/json' },
      body: JSON.stringify({ threadId: 't', runId: 'r', messages: [{ id: '1', role: 'user', content: 'How much?' }] }),
    });
    const of = (type: string) => events.map(({ data }) => data).filter((data) => data['type'] === type);
    expect(
      of('TEXT_MESSAGE_CONTENT')
        .map((data) => data['delta'])
        .join(''),
    ).toBe('Both say: They cost 60. / It takes 3 working days.');
    expect(of('STEP_STARTED').map((data) => String(data['stepName']).replace(/#.*/, ''))).toEqual(
      expect.arrayContaining(['ask_billing', 'ask_shipping', 'billing: calculator']),
    );
  });

  it('counts the calls of each model', async () => {
    const counted = async () => {
      const text = await (await app.http.raw('GET', '/health/metrics')).text();
      const { samples } = new PrometheusText(text);
      return ['gpt-4o', 'gpt-4o-mini'].map(
        (name) =>
          samples.find(
            (one) =>
              one.name === 'nexus_model_call_duration_seconds_count' &&
              one.labels['model'] === name &&
              one.labels['outcome'] === 'success',
          )?.value ?? 0,
      );
    };
    play();
    const [large = 0, small = 0] = await counted();
    await invoke(desk);
    expect(await counted()).toEqual([large + 3, small + 2]);
  });

  it('reads the failure of a member as a result and goes on', async () => {
    play({ billing: () => ({ error: { message: 'The model is overloaded', type: 'server_error' }, status: 500 }) });
    const { status, data } = await invoke(desk, { enable_trace: true });
    expect(status).toBe(200);
    expect(data.output).toContain('billing could not answer');
    expect(data.output).toContain('It takes 3 working days.');
    const { steps } = data.trace;
    expect(steps.find(({ name }) => name === 'ask_billing')?.error).toContain('billing could not answer');
    expect(steps.find(({ agent }) => agent === 'billing')?.error).toBeDefined();
    expect(steps.find(({ agent }) => agent === 'shipping')?.error).toBeUndefined();
  });

  it('stops when a member has used up the money of the run', async () => {
    const definition = { ...DEFINITION, agent_name: 'thrifty', limits: { max_cost_usd: 0.0006 } };
    const thrifty = await created(definition);
    // The first call of the supervisor costs 0.00045, the member's 0.00036.
    play({
      supervisor: () => ({ toolCalls: [task('shipping', 'How long?')], ...usage(100, 20) }),
      shipping: () => ({
        toolCalls: [{ name: 'knowledge_lookup', arguments: '{"query":"delivery"}', id: 'call_1' }],
        ...usage(100, 11),
      }),
    });
    const { status, error } = await invoke(thrifty);
    expect([status, error.code]).toEqual([500, 'AGENT_INVOCATION_FAILED']);
    expect(error.message).toBe('The agent did not finish within 0.0006 US dollars.');
    const run = await record(String(error.details['invocation_id']));
    expect(run).toMatchObject({ status: 'failed', error: { reason: 'limit' }, usage: { input_tokens: 200 } });
    expect(run.cost_usd).toBeCloseTo(costOf([200, 31], [0, 0]), 12);
    expect(requests().map(speaker)).toEqual(['supervisor', 'shipping']);
    expect(run.trace.steps.find(({ name }) => name === 'ask_shipping')?.error).toContain('did not finish within');
  });

  it('is refused by a budget in a member, and the run ends with the refusal', async () => {
    const poor = await created({ ...DEFINITION, agent_name: 'poor' });
    const budget = await app.http.put(`/api/v1/budgets/agent/${encodeURIComponent(poor.agent_id)}`, {
      tokens_per_day: 9_000,
    });
    expect(budget.status).toBe(200);
    play({
      supervisor: () => ({ toolCalls: [task('shipping', 'How long?')], ...usage(100, 20) }),
      shipping: () => ({
        toolCalls: [{ name: 'knowledge_lookup', arguments: '{"query":"delivery"}', id: 'call_1' }],
        ...usage(8_500, 20),
      }),
    });
    const { status, error } = await invoke(poor);
    expect([status, error.code]).toEqual([402, 'BUDGET_EXCEEDED']);
    expect(requests().map(speaker)).toEqual(['supervisor', 'shipping']);
  });

  it('is a failed task in A2A when a budget refuses it', async () => {
    const poor = await created({ ...DEFINITION, agent_name: 'penniless' });
    await app.http.put(`/api/v1/budgets/agent/${encodeURIComponent(poor.agent_id)}`, { tokens_per_day: 1 });
    const message = { messageId: 'm1', role: 'ROLE_USER', parts: [{ text: 'Hello' }] };
    const call = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'SendMessage', params: { message } });
    const headers = { 'a2a-version': '1.0', 'content-type': 'application/json' };
    const path = `/a2a/agents/${encodeURIComponent(poor.agent_id)}`;
    const answer: unknown = await (await app.http.raw('POST', path, call, headers)).json();
    const said = expect.stringMatching(/^The daily budget of the agent/) as string;
    expect(answer).toMatchObject({
      result: { task: { status: { state: 'TASK_STATE_FAILED', message: { parts: [{ text: said }] } } } },
    });
  });

  it('ends with its members when it is cancelled', async () => {
    let reached = (): void => undefined;
    const waiting = new Promise<void>((resolve) => (reached = resolve));
    play({
      billing: async () => {
        reached();
        return new Promise<FixtureResponse>(() => undefined);
      },
    });
    const { data } = await invoke(desk, { background: true });
    await waiting;
    expect((await app.http.post(`/api/v1/invocations/${data.invocation_id}/cancel`)).status).toBe(202);
    await reaches(data.invocation_id, 'failed');
    const run = await record(data.invocation_id);
    expect(run).toMatchObject({ error: { reason: 'cancelled' }, output: null });
    expect(run.usage.input_tokens).toBeGreaterThanOrEqual(100);
    expect(run.trace.steps.find(({ agent }) => agent === 'billing')?.error).toBe('The run was cancelled.');
    expect(run.trace.steps.find(({ name }) => name === 'ask_billing')?.error).toBe('The run was cancelled.');
  });
});

describe("a destructive call of a member's tool", () => {
  const parts: Partial<typeof PARTS> = {
    supervisor: (request) => {
      const [result] = resultsOf(request);
      if (result !== undefined) return { content: `Done: ${result}`, ...usage(300, 30) };
      return { toolCalls: [task('shipping', 'Cancel order 7')], ...usage(100, 20) };
    },
    shipping: (request) => {
      const [result] = resultsOf(request);
      if (result !== undefined) return { content: `The shop said ${result}`, ...usage(50, 5) };
      return { toolCalls: [{ name: 'cancel_order', arguments: '{"number":"7"}', id: 'call_1' }], ...usage(40, 4) };
    },
  };
  let agent: AgentBody;

  beforeAll(async () => {
    agent = await created({ ...DEFINITION, agent_name: 'careful' });
    const { status, data } = await app.http.post<{ tool_id: string }>(
      '/api/v1/tools',
      cancelOrderTool(store.url, agent),
    );
    expect(status).toBe(201);
    const tools = [{ kind: 'attached', name: 'cancel_order', tool_id: data.tool_id }];
    const { revision } = (await app.http.get<AgentBody>(at(agent))).data;
    const edit = { revision, team: [BILLING, { ...SHIPPING, tools }] };
    expect((await app.http.put(`${at(agent)}/definition`, edit)).status).toBe(200);
  });
  beforeEach(() => void store.seen.splice(0));

  const decide = ({ invocation_id, approvals: [approval] }: Run, approve: boolean) =>
    app.http.post(`/api/v1/invocations/${invocation_id}/approvals/${approval?.approval_id ?? ''}/decision`, {
      approve,
    });

  it('makes the run wait, and the member goes on when it is approved', async () => {
    play(parts);
    const asked = await invoke(agent, { input_text: 'Please cancel order 7' });
    expect(asked.status).toBe(202);
    expect(asked.data).toMatchObject({
      status: 'waiting',
      approvals: [{ tool: 'cancel_order', call_id: 'call_shipping.call_1', agent: 'shipping', input: { number: '7' } }],
    });
    expect(store.seen).toEqual([]);
    expect(toolsOf(requests()[0] as ChatCompletionRequest)).not.toContain('cancel_order');
    await decide(asked.data, true);
    const run = await reaches(asked.data.invocation_id, 'success');
    expect(store.seen.map(({ method, path }) => `${method} ${path}`)).toEqual(['DELETE /orders/7']);
    expect(run.output).toContain('Done: The shop said');
    expect(run.usage).toEqual({ input_tokens: 490, output_tokens: 59 });
    expect(run.trace.steps.map(told)).toEqual([
      'desk model gpt-4o',
      'desk tool ask_shipping',
      'shipping model gpt-4o',
      'shipping tool cancel_order',
      'shipping model gpt-4o',
      'desk model gpt-4o',
    ]);
    expect(run.trace.steps[1]?.output).toContain('The shop said');
  });

  it('is not made when it is refused, and the member reads why', async () => {
    play(parts);
    const asked = await invoke(agent, { input_text: 'Please cancel order 7' });
    await decide(asked.data, false);
    const run = await reaches(asked.data.invocation_id, 'success');
    expect(store.seen).toEqual([]);
    expect(run.output).toContain('Not called: a person refused the call');
  });
});

describe('the definition of a team', () => {
  const refused = async (team: object[], more: object = {}) => {
    const { status, error } = await app.http.post('/api/v1/agents', {
      definition: { ...DEFINITION, agent_name: 'refused', team, ...more },
    });
    expect(status).toBe(400);
    return error.details['fields'];
  };

  it('names each fault by its field', async () => {
    expect(
      await refused([BILLING, { ...BILLING, tools: [{ kind: 'builtin', name: 'teleport' }], documents: ['none.md'] }]),
    ).toEqual({
      'definition.team.1.name': ['there are two members "billing"'],
      'definition.team.1.tools': ['there is no tool "teleport"'],
      'definition.team.1.documents': ['there is no document "none.md"'],
    });
    const ask_billing = {
      kind: 'code',
      name: 'ask_billing',
      description: 'Asks',
      input_schema: { type: 'object' },
      source: 'function run() { return 1; }',
    };
    expect(await refused([BILLING], { tools: [ask_billing] })).toEqual({
      'definition.team.0.name': ['"ask_billing" is the name of a tool of the agent itself'],
    });
    expect(Object.keys((await refused([{ ...BILLING, name: 'Billing desk' }])) as object)).toEqual([
      'definition.team.0.name',
    ]);
    const many = Array.from({ length: 9 }, (_, index) => ({ ...BILLING, name: `m${index}` }));
    expect(Object.keys((await refused(many)) as object)).toEqual(['definition.team']);
    const wrong = [{ ...BILLING, tools: [{ ...ask_billing, name: 'one', tests: [{ input: {}, expected: 2 }] }] }];
    expect(Object.keys((await refused(wrong)) as object)).toEqual(['definition.team.0.tools.0']);
  });

  it('is kept by versions, replaced as a whole by an edit and removed by an empty list', async () => {
    const agent = await created({ ...DEFINITION, agent_name: 'edited' });
    expect(agent.tools).toEqual(['calculator']);
    const edit = (revision: number, team: object[]) =>
      app.http.put<AgentBody>(`${at(agent)}/definition`, { revision, team });
    const one = await edit(agent.revision, [SHIPPING]);
    expect(one.data.tools).toEqual([]);
    await edit(one.data.revision, []);
    const { data } = await app.http.get<{ versions: { definition: { team?: { name: string }[] } }[] }>(
      `${at(agent)}/versions`,
    );
    expect(data.versions.map(({ definition }) => definition.team?.map(({ name }) => name))).toEqual([
      undefined,
      ['shipping'],
      ['billing', 'shipping'],
    ]);
  });
});
