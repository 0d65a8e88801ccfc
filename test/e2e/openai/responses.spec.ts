import { startApp, type TestApp } from '../../support/app.js';
import type { BuiltAgent } from '../../support/built-agent.js';
import { incompressible } from '../../support/incompressible.js';
import { eventually, type HttpClient } from '../../support/http.js';
import { type ModelServer, startModelServer } from '../../support/model-server.js';
import { registeredAgent } from '../../support/registered-agent.js';
import { textOf } from '../../support/scripted-openai.js';
import { readEvents } from '../../support/sse.js';
import { answersBySum } from '../../support/tool-user.js';

interface Item extends Record<string, unknown> {
  id: string;
  type: string;
  role?: string;
  status?: string;
  content?: { type: string; text?: string }[];
}
interface ResponseObject extends Record<string, unknown> {
  id: string;
  status: string;
  output: Item[];
  error: { code: string; message: string } | null;
}
type Message = Parameters<typeof textOf>[0];

const WEATHER = {
  type: 'function',
  name: 'get_weather',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};

let server: ModelServer;
let app: TestApp;
let agent: BuiltAgent;
let other: BuiltAgent;
let sent: Message[] = [];

beforeAll(async () => {
  server = await startModelServer();
  const { mock } = server;
  const last = (says: string) => ({
    predicate: ({ messages }: { messages: Message[] }) => {
      sent = messages;
      const message = messages.at(-1);
      return message !== undefined && textOf(message).includes(says);
    },
  });
  mock.on(last('weather in Berlin'), {
    toolCalls: [{ name: 'get_weather', arguments: '{"city":"Berlin"}', id: 'call_w' }],
  });
  mock.on(last('21 degrees'), { content: 'It is 21 degrees in Berlin.' });
  mock.on(last('I am Ada'), { content: 'Hello Ada.' });
  mock.on(last('my name'), { content: 'Your name is Ada.' });
  mock.on(last('colour of the sky'), { content: '{"colour":"blue"}' });
  mock.on(last('think long'), server.silence);
  mock.on(last('be brief'), { content: 'Lorem ipsum', finishReason: 'length' });
  answersBySum(server);
  app = await startApp(server.openai);
  agent = await registeredAgent(app, { tools: ['calculator'] });
  other = await registeredAgent(app, { agent_name: 'second', project_id: 'proj_second' });
});

afterAll(async () => {
  await app.close();
  await server.stop();
});

async function call<T = ResponseObject>(
  method: 'get' | 'post' | 'delete',
  path: string,
  body?: unknown,
  http: HttpClient = app.http,
) {
  const { status, body: answer } = await http[method](`/v1${path}`, body);
  return {
    status,
    answer: answer as unknown as T & { error?: { message: string; param: string | null; type: string } },
  };
}
const respond = async (body: Record<string, unknown>) =>
  (await call('post', '/responses', { model: agent.agent_id, ...body })).answer;
const saidBy = ({ output }: ResponseObject): string =>
  output.flatMap(({ content = [] }) => content.map(({ text = '' }) => text)).join('');
const stream = (body: Record<string, unknown>, atMost?: number) =>
  readEvents(
    `${app.url}/v1/responses`,
    {
      method: 'POST',
      headers: { ...app.http.headers, 'content-type': 'application/json' },
      body: JSON.stringify({ model: agent.agent_id, stream: true, ...body }),
    },
    atMost,
  );
const resume = (id: string, after?: number) =>
  readEvents(`${app.url}/v1/responses/${id}?stream=true${after === undefined ? '' : `&starting_after=${after}`}`, {
    headers: app.http.headers,
  });

describe('a response', () => {
  it("shows the agent's own tools as its own, and is read again as it was", async () => {
    const made = await respond({ input: 'What is 17 * 23?', metadata: { order: '4711' } });
    expect(made).toMatchObject({
      id: expect.stringMatching(/^resp_[0-9A-HJKMNP-TV-Z]{26}$/) as string,
      object: 'response',
      status: 'completed',
      model: agent.agent_id,
      metadata: { order: '4711' },
      error: null,
      usage: { input_tokens: 230, output_tokens: 29, total_tokens: 259 },
      output: [
        {
          type: 'mcp_call',
          name: 'calculator',
          arguments: '{"expression":"17 * 23"}',
          error: null,
          status: 'completed',
        },
        {
          type: 'message',
          role: 'assistant',
          status: 'completed',
          content: [{ type: 'output_text', text: '17 times 23 is 391.' }],
        },
      ],
    });
    expect((await call('get', `/responses/${made.id}`)).answer).toEqual(made);
    const { data } = await app.http.get(`/api/v1/invocations/${made.id.replace('resp_', 'inv_')}`);
    expect(data).toMatchObject({ status: 'success', input_text: 'What is 17 * 23?', output: '17 times 23 is 391.' });
  });

  it('of any other run can be read too', async () => {
    const { data } = await app.http.post<{ invocation_id: string }>(`${agent.path}/invoke`, { input_text: 'hello' });
    const { answer } = await call('get', `/responses/${data.invocation_id.replace('inv_', 'resp_')}`);
    expect(answer).toMatchObject({ status: 'completed', model: agent.agent_id });
    expect(saidBy(answer)).toBe('Good day to you.');
  });

  it('is forgotten when it is deleted or was not to be stored; its run stays', async () => {
    const stored = await respond({ input: 'hello' });
    expect((await call('delete', `/responses/${stored.id}`)).answer).toEqual({
      id: stored.id,
      object: 'response',
      deleted: true,
    });
    const unstored = await respond({ input: 'hello', store: false });
    expect(unstored).toMatchObject({ status: 'completed', store: false });
    for (const { id } of [stored, unstored]) {
      expect((await call('get', `/responses/${id}`)).status).toBe(404);
      expect(
        (await call('post', '/responses', { model: 'obedient', input: 'x', previous_response_id: id })).answer.error,
      ).toMatchObject({
        param: 'previous_response_id',
      });
      expect((await app.http.get(`/api/v1/invocations/${id.replace('resp_', 'inv_')}`)).status).toBe(200);
    }
    expect((await call('delete', `/responses/${stored.id}`)).status).toBe(404);
  });

  it('says that it was cut off at the wish of its caller', async () => {
    expect(await respond({ input: 'be brief', max_output_tokens: 5 })).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
    });
  });

  it('lists what was put into it', async () => {
    const input = [
      { role: 'user', content: 'I am Ada' },
      { role: 'assistant', content: 'Hello.' },
      { role: 'user', content: 'What is my name?' },
    ];
    const { id } = await respond({ input });
    const { answer } = await call<{ data: Item[]; has_more: boolean; last_id: string }>(
      'get',
      `/responses/${id}/input_items?order=asc&limit=2`,
    );
    expect(answer.data.map(({ role, content }) => [role, content?.[0]?.text])).toEqual([
      ['user', 'I am Ada'],
      ['assistant', 'Hello.'],
    ]);
    expect(answer.has_more).toBe(true);
    const rest = await call<{ data: Item[]; has_more: boolean }>(
      'get',
      `/responses/${id}/input_items?order=asc&after=${answer.last_id}`,
    );
    expect([rest.answer.data.length, rest.answer.has_more]).toEqual([1, false]);
  });
});

describe('a conversation of responses', () => {
  it('continues after a response, also twice after the same one', async () => {
    const first = await respond({ input: 'I am Ada.' });
    const second = await respond({ input: 'What is my name?', previous_response_id: first.id });
    expect(saidBy(second)).toBe('Your name is Ada.');
    expect(sent.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user']);
    const fork = await respond({ input: 'Say my name', previous_response_id: first.id });
    expect(fork.status).toBe('completed');
    expect(sent.map(textOf).slice(1)).toEqual(['I am Ada.', 'Hello Ada.', 'Say my name']);
    await respond({ input: 'my name again', previous_response_id: second.id });
    expect(sent).toHaveLength(6);
  });

  it('continues with another agent in a copy', async () => {
    const first = await respond({ input: 'I am Ada.' });
    const second = await respond({ model: other.agent_id, input: 'my name?', previous_response_id: first.id });
    expect(second).toMatchObject({ status: 'completed', model: other.agent_id });
    expect(sent.map(textOf).slice(1)).toEqual(['I am Ada.', 'Hello Ada.', 'my name?']);
  });

  it('keeps apart those that continue at the same time', async () => {
    const first = await respond({ input: 'I am Ada.' });
    const both = await Promise.all(
      ['my name, one', 'my name, two'].map((input) => respond({ input, previous_response_id: first.id })),
    );
    expect(both.map(({ status }) => status)).toEqual(['completed', 'completed']);
    const runs = await Promise.all(
      both.map(({ id }) => app.http.get<{ session_id: string }>(`/api/v1/invocations/${id.replace('resp_', 'inv_')}`)),
    );
    expect(new Set(runs.map(({ data }) => data.session_id)).size).toBe(2);
  });

  it("carries calls of the caller's tools and their results", async () => {
    const first = await respond({ input: 'What is the weather in Berlin?', tools: [WEATHER] });
    expect(first.output).toEqual([
      {
        id: expect.stringMatching(/^fc_/) as string,
        type: 'function_call',
        call_id: 'call_w',
        name: 'get_weather',
        arguments: '{"city":"Berlin"}',
        status: 'completed',
      },
    ]);
    const result = { type: 'function_call_output', call_id: 'call_w', output: '21 degrees' };
    const unanswered = await call('post', '/responses', {
      model: agent.agent_id,
      input: 'hello',
      previous_response_id: first.id,
    });
    expect([unanswered.status, unanswered.answer.error?.param]).toEqual([400, 'input']);
    const second = await respond({ input: [result], tools: [WEATHER], previous_response_id: first.id });
    expect(saidBy(second)).toBe('It is 21 degrees in Berlin.');
    const stateless = await respond({
      input: [{ role: 'user', content: 'What is the weather in Berlin?' }, ...first.output, result],
      tools: [WEATHER],
      store: false,
    });
    expect(saidBy(stateless)).toBe('It is 21 degrees in Berlin.');
  });
});

describe('a streamed response', () => {
  const ORDER = [
    'response.created',
    'response.in_progress',
    'response.output_item.added',
    'response.mcp_call.in_progress',
    'response.mcp_call_arguments.delta',
    'response.mcp_call_arguments.done',
    'response.mcp_call.completed',
    'response.output_item.done',
    'response.output_item.added',
    'response.content_part.added',
    'response.output_text.delta',
    'response.output_text.done',
    'response.content_part.done',
    'response.output_item.done',
    'response.completed',
  ];

  it('has every event in order, and ends as it is read later', async () => {
    const events = await stream({ input: 'What is 17 * 23?' });
    const kinds = events.map(({ event = '' }) => event);
    expect(kinds.filter((kind, index) => kind !== kinds[index - 1])).toEqual(ORDER);
    expect(events.map(({ data }) => data['sequence_number'])).toEqual(events.map((_, index) => index));
    expect(events.every(({ event, data }) => data['type'] === event)).toBe(true);
    const whole = events.at(-1)?.data['response'] as ResponseObject;
    const { answer } = await call('get', `/responses/${whole.id}`);
    expect(whole).toEqual({ ...answer, completed_at: whole['completed_at'] });
  });

  it('is resumed after any event', async () => {
    const events = await stream({ input: 'What is 17 * 23?' });
    const { id } = events[0]?.data['response'] as ResponseObject;
    const whole = events.map(({ event, data }) => ({ event, data }));
    for (const after of [undefined, 0, 4, events.length - 1]) {
      const rest = (await resume(id, after)).map(({ event, data }) => ({ event, data }));
      expect(rest).toEqual(whole.slice((after ?? -1) + 1));
    }
  });

  it("streams calls of the caller's tools", async () => {
    const events = await stream({ input: 'What is the weather in Berlin?', tools: [WEATHER] });
    expect(events.map(({ event }) => event)).toEqual([
      ...ORDER.slice(0, 3),
      'response.function_call_arguments.delta',
      'response.function_call_arguments.done',
      'response.output_item.done',
      'response.completed',
    ]);
  });

  it('ends as failed when the model fails', async () => {
    const events = await stream({ input: 'no fixture answers this' });
    expect(events.at(-1)).toMatchObject({
      event: 'response.failed',
      data: { response: { status: 'failed', error: { code: 'server_error' } } },
    });
  });
});

describe('a background response', () => {
  it('is polled, and followed from the start', async () => {
    const started = await respond({ input: 'What is 17 * 23?', background: true });
    expect(started).toMatchObject({ status: 'in_progress', background: true, output: [] });
    const { answer } = await eventually(
      () => call('get', `/responses/${started.id}`),
      ({ answer: { status } }) => status !== 'in_progress',
    );
    expect([answer.status, saidBy(answer)]).toEqual(['completed', '17 times 23 is 391.']);
    expect((await resume(started.id)).map(({ event }) => event).at(-1)).toBe('response.completed');
  });

  it('goes on when its stream is left, and is cancelled', async () => {
    const [created] = await stream({ input: 'think long', background: true }, 1);
    const { id } = created?.data['response'] as ResponseObject;
    expect((await call('get', `/responses/${id}`)).answer.status).toBe('in_progress');
    expect((await call('post', `/responses/${id}/cancel`)).answer).toMatchObject({
      id,
      status: 'cancelled',
      error: null,
    });
    expect((await call('post', `/responses/${id}/cancel`)).answer.status).toBe('cancelled');
    expect((await resume(id)).at(-1)?.event).toBe('response.failed');
  });
});

describe('conversations', () => {
  interface List {
    data: Item[];
    has_more: boolean;
    last_id: string;
  }

  it('are sessions that responses speak in', async () => {
    const { answer: conversation } = await call<{ id: string }>('post', '/conversations', {
      metadata: { topic: 'demo' },
      items: [
        { type: 'message', role: 'user', content: 'I am Ada.' },
        { role: 'assistant', content: 'Hello Ada.' },
      ],
    });
    expect(conversation).toMatchObject({
      id: expect.stringMatching(/^conv_/) as string,
      object: 'conversation',
      metadata: { topic: 'demo' },
    });
    const made = await respond({ input: 'What is my name?', conversation: conversation.id });
    expect(made).toMatchObject({ status: 'completed', conversation: { id: conversation.id } });
    expect(sent.map(textOf).slice(1)).toEqual(['I am Ada.', 'Hello Ada.', 'What is my name?']);
    const { data } = await app.http.get(`/api/v1/sessions/${conversation.id.replace('conv_', 'sess_')}`);
    expect(data).toMatchObject({ agent_id: agent.agent_id, message_count: 4 });
    const elsewhere = await call('post', '/responses', {
      model: other.agent_id,
      input: 'x',
      conversation: { id: conversation.id },
    });
    expect(elsewhere.status).toBe(409);
  });

  it('have items that are listed in pages, read, added and deleted', async () => {
    const { answer: conversation } = await call<{ id: string }>('post', '/conversations', {});
    const path = `/conversations/${conversation.id}`;
    const items = ['one', 'two', 'three'].map((content) => ({ role: 'user', content }));
    const { answer: added } = await call<List>('post', `${path}/items`, { items });
    expect(added.data).toHaveLength(3);
    const texts = ({ data }: List) => data.map(({ content }) => content?.[0]?.text);
    const { answer: page } = await call<List>('get', `${path}/items?order=asc&limit=2`);
    expect([texts(page), page.has_more]).toEqual([['one', 'two'], true]);
    const { answer: rest } = await call<List>('get', `${path}/items?order=asc&after=${page.last_id}`);
    expect([texts(rest), rest.has_more]).toEqual([['three'], false]);
    expect(texts((await call<List>('get', `${path}/items?limit=1`)).answer)).toEqual(['three']);
    const [first] = added.data;
    expect((await call('get', `${path}/items/${first?.id}`)).answer).toEqual(first);
    expect((await call('delete', `${path}/items/${first?.id}`)).answer).toMatchObject({ id: conversation.id });
    expect((await call('get', `${path}/items/${first?.id}`)).status).toBe(404);
    expect(texts((await call<List>('get', `${path}/items?order=asc`)).answer)).toEqual(['two', 'three']);
  });

  it('do not show the agent an item that was deleted between two responses', async () => {
    const { answer: conversation } = await call<{ id: string }>('post', '/conversations', {
      items: [
        { role: 'user', content: 'I am Ada.' },
        { role: 'user', content: 'I live in Graz.' },
      ],
    });
    await respond({ input: 'What is my name?', conversation: conversation.id });
    expect(sent.map(textOf).slice(1)).toEqual(['I am Ada.', 'I live in Graz.', 'What is my name?']);
    const path = `/conversations/${conversation.id}/items`;
    const { answer: items } = await call<List>('get', `${path}?order=asc`);
    await call('delete', `${path}/${items.data[1]?.id}`);
    await respond({ input: 'my name again', conversation: conversation.id });
    expect(sent.map(textOf).slice(1)).toEqual(['I am Ada.', 'What is my name?', 'Your name is Ada.', 'my name again']);
  });

  it('are changed and deleted', async () => {
    const { answer: conversation } = await call<{ id: string }>('post', '/conversations', { metadata: { a: '1' } });
    const path = `/conversations/${conversation.id}`;
    expect((await call('post', path, { metadata: { b: '2' } })).answer).toMatchObject({ metadata: { b: '2' } });
    expect((await call('get', path)).answer).toMatchObject({ metadata: { b: '2' } });
    expect((await call('delete', path)).answer).toEqual({
      id: conversation.id,
      object: 'conversation.deleted',
      deleted: true,
    });
    expect((await call('get', path)).status).toBe(404);
  });
});

describe('other organizations', () => {
  it('see no responses and no conversations', async () => {
    const others = app.http.as('others');
    const { id } = await respond({ input: 'hello' });
    const { answer: conversation } = await call<{ id: string }>('post', '/conversations', {});
    const tries: ['get' | 'post' | 'delete', string, unknown?][] = [
      ['get', `/responses/${id}`],
      ['get', `/responses/${id}?stream=true`],
      ['get', `/responses/${id}/input_items`],
      ['post', `/responses/${id}/cancel`, {}],
      ['delete', `/responses/${id}`],
      ['get', `/conversations/${conversation.id}`],
      ['post', `/conversations/${conversation.id}`, { metadata: {} }],
      ['get', `/conversations/${conversation.id}/items`],
      ['post', `/conversations/${conversation.id}/items`, { items: [{ role: 'user', content: 'x' }] }],
      ['delete', `/conversations/${conversation.id}`],
    ];
    for (const [method, path, body] of tries) {
      const { status, answer } = await call(method, path, body, others);
      expect([method, path, status, answer.error?.type]).toEqual([method, path, 404, 'invalid_request_error']);
    }
  });
});

describe('ids', () => {
  it.each(['conv_x', '1%1C%22%C3%A3%F3%A7%80%A1Z', '%24U%C2%BE%19%F3%BB%89%97%06'])(
    'that name nothing are not found: %s',
    async (id) => {
      expect((await call('get', `/conversations/${id}`)).status).toBe(404);
      expect((await call('get', `/conversations/${id}/items/${id}`)).status).toBe(404);
      expect((await call('get', `/responses/${id}`)).status).toBe(404);
    },
  );
});

describe('what cannot be honoured', () => {
  it.each([
    [{ input: undefined }, 'input'],
    [{ input: [] }, 'input'],
    [{ input: [{ type: 'item_reference', id: 'x' }] }, 'input[0].type'],
    [{ input: [{ role: 'user', content: [{ type: 'input_file', file_id: 'f' }] }] }, 'input[0].content[0].type'],
    [{ tools: [{ type: 'web_search' }] }, 'tools[0].type'],
    [{ background: true, store: false }, 'store'],
    [{ conversation: 'conv_x', previous_response_id: 'resp_x' }, 'conversation'],
    [{ max_tool_calls: 3 }, 'max_tool_calls'],
    [{ tool_choice: { type: 'function', name: 'x' } }, 'tool_choice'],
    [{ text: { format: { type: 'json_schema', name: 'x', schema: { type: 'nonsense' } } } }, 'text.format'],
    [{ metadata: { a: 1 } }, 'metadata.a'],
  ])('is named: %j', async (body, param) => {
    const { status, answer } = await call('post', '/responses', { model: agent.agent_id, input: 'x', ...body });
    expect([status, answer.error?.param]).toEqual([400, param]);
  });

  it('is an image that is too large to be kept', async () => {
    const url = `data:image/png;base64,${Buffer.from(incompressible(200_000)).toString('base64')}`;
    const input = [{ role: 'user', content: [{ type: 'input_image', image_url: url }] }];
    const { status, answer } = await call('post', '/responses', { model: agent.agent_id, input });
    expect([status, answer.error?.param]).toEqual([400, 'input']);
  });
});
