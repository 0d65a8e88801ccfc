import { Role } from '@a2a-js/sdk';
import {
  type Client as A2aClient,
  ClientFactory,
  DefaultAgentCardResolver,
  JsonRpcTransportFactory,
} from '@a2a-js/sdk/client';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { startApp, type TestApp } from '../support/app.js';
import type { BuiltAgent } from '../support/built-agent.js';
import { registeredAgent } from '../support/registered-agent.js';
import { readEvents } from '../support/sse.js';

interface Item {
  type: string;
  role?: string;
  content?: { text: string }[];
}

let app: TestApp;
let agent: BuiltAgent;
let a2a: A2aClient;
let mcp: Client;

beforeAll(async () => {
  app = await startApp();
  agent = await registeredAgent(app, { tools: ['calculator'] });
  const fetchImpl: typeof fetch = (input, init = {}) => {
    const headers = new Headers(init.headers);
    for (const [name, value] of Object.entries(app.http.headers)) headers.set(name, value);
    return fetch(input, { ...init, headers });
  };
  const path = encodeURIComponent(agent.agent_id);
  const factory = new ClientFactory({
    transports: [new JsonRpcTransportFactory({ fetchImpl })],
    cardResolver: new DefaultAgentCardResolver({ fetchImpl }),
  });
  a2a = await factory.createFromUrl(`${app.url}/a2a/agents/${path}/`);
  mcp = new Client({ name: 'one-run', version: '1.0.0' });
  const url = new URL(`${app.url}/mcp/agents/${path}`);
  await mcp.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers: app.http.headers } }));
});
afterAll(async () => {
  await mcp.close();
  await app.close();
});

const said = (text: string) => ({
  ...{ messageId: crypto.randomUUID(), contextId: '', taskId: '', role: Role.ROLE_USER, metadata: undefined },
  parts: [
    { content: { $case: 'text' as const, value: text }, metadata: undefined, filename: '', mediaType: 'text/plain' },
  ],
  ...{ extensions: [], referenceTaskIds: [] },
});
const json = async <T>(path: string): Promise<T> => (await (await app.http.raw('GET', path)).json()) as T;
const stream = (path: string, body: unknown) =>
  readEvents(app.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

it('reads a run that one official client started through every other door, and goes on with it there', async () => {
  const question = 'What is 15 percent of 80?';
  const sent = await a2a.sendMessage({
    tenant: '',
    message: said(question),
    configuration: undefined,
    metadata: undefined,
  });
  if (!('artifacts' in sent)) throw new Error('the agent answered with a message, not with a task');
  const { id, contextId } = sent;
  const answer = sent.artifacts[0]?.parts[0]?.content?.value as string;
  expect(answer).toContain('12');

  expect((await app.http.get(`/api/v1/invocations/${id}`)).data).toMatchObject({
    ...{ status: 'success', output: answer, input_text: question, session_id: contextId },
  });
  expect((await readEvents(`${app.url}/api/v1/invocations/${id}/events`)).at(-1)).toMatchObject({
    ...{ event: 'done', data: { invocation_id: id, output: answer } },
  });
  const response_id = id.replace('inv_', 'resp_');
  const response = await json<{ status: string; output: Item[] }>(`/v1/responses/${response_id}`);
  expect([response.status, response.output.at(-1)?.content?.[0]?.text]).toEqual(['completed', answer]);
  const streamed = await readEvents(`${app.url}/v1/responses/${response_id}?stream=true`);
  expect(streamed.at(-1)).toMatchObject({ event: 'response.completed', data: { response: { id: response_id } } });
  const asked = await json<{ data: Item[] }>(`/v1/responses/${response_id}/input_items`);
  expect(asked.data.map(({ content }) => content?.[0]?.text)).toEqual([question]);

  const calls = await mcp.callTool({
    name: 'obedient',
    arguments: { message: 'What is 3 * 4?', session_id: contextId },
  });
  expect(calls.structuredContent).toMatchObject({ session_id: contextId });
  const path = encodeURIComponent(agent.agent_id);
  const messages = [{ id: '1', role: 'user', content: 'What is 5 * 5?' }];
  const agUi = await stream(`/ag-ui/agents/${path}`, { threadId: contextId, runId: 'r1', messages });
  expect(agUi.at(-1)?.data).toMatchObject({ type: 'RUN_FINISHED', result: { session_id: contextId } });
  const chat = [{ id: '1', role: 'user', parts: [{ type: 'text', text: 'What is 6 * 6?' }] }];
  const body = JSON.stringify({ messages: chat, session_id: contextId });
  const headers = { 'content-type': 'application/json' };
  const ui = await app.http.raw('POST', `/ai-sdk/agents/${path}/chat`, body, headers);
  expect(await ui.text()).toContain('36');
  const next = { model: agent.agent_id, input: 'What is 7 * 7?', previous_response_id: response_id };
  const fork = (await (await app.http.raw('POST', '/v1/responses', JSON.stringify(next), headers)).json()) as {
    status: string;
  };
  expect(fork.status).toBe('completed');

  const conversation = await json<{ data: Item[] }>(
    `/v1/conversations/${contextId.replace('sess_', 'conv_')}/items?order=asc`,
  );
  const texts = conversation.data.map(({ content }) => content?.[0]?.text ?? '');
  expect(texts.filter((_, at) => at % 2 === 0)).toEqual([
    question,
    'What is 3 * 4?',
    'What is 5 * 5?',
    'What is 6 * 6?',
  ]);
  expect(texts[1]).toBe(answer);
  expect((await a2a.getTask({ tenant: '', id })).status?.state).toBe(sent.status?.state);
  const { data } = await app.http.get<{ invocations: unknown[] }>(`${agent.path}/invocations`);
  expect(data.invocations).toHaveLength(5);
});
