import { startApp, type TestApp } from '../../support/app.js';
import type { BuiltAgent } from '../../support/built-agent.js';
import type { HttpClient } from '../../support/http.js';
import { type ModelServer, startModelServer } from '../../support/model-server.js';
import { textOf } from '../../support/scripted-openai.js';
import { registeredAgent } from '../../support/registered-agent.js';
import { answersBySum } from '../../support/tool-user.js';

interface Completion {
  id: string;
  object: string;
  model: string;
  choices: {
    index: number;
    finish_reason: string;
    message: {
      role: string;
      content: string | null;
      tool_calls?: { id: string; function: { name: string; arguments: string } }[];
    };
  }[];
  usage: { prompt_tokens: number; completion_tokens: number; total_tokens: number };
  error?: { message: string; type: string; param: string | null; code: string | null };
}

const PIXEL =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
const WEATHER = {
  type: 'function',
  function: {
    name: 'get_weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};
const COLOUR = {
  type: 'json_schema',
  json_schema: {
    name: 'colour',
    strict: true,
    schema: {
      type: 'object',
      properties: { colour: { type: 'string', enum: ['red', 'blue'] } },
      required: ['colour'],
      additionalProperties: false,
    },
  },
};

let server: ModelServer;
let app: TestApp;
let agent: BuiltAgent;
let offline: BuiltAgent;
/** What the model server was sent last. */
let sent: Record<string, unknown> = {};

beforeAll(async () => {
  server = await startModelServer();
  const { mock } = server;
  const last = (says: string) => ({
    predicate: (request: { messages: Parameters<typeof textOf>[0][] }) => {
      sent = request;
      const message = request.messages.at(-1);
      return message !== undefined && textOf(message).includes(says);
    },
  });
  mock.on(last('weather in Berlin'), {
    toolCalls: [{ name: 'get_weather', arguments: '{"city":"Berlin"}', id: 'call_w' }],
  });
  mock.on(last('21 degrees'), { content: 'It is 21 degrees in Berlin.' });
  mock.on(last('colour of the sky'), { content: '{"colour":"blue"}' });
  mock.on(last('colour of grass'), { content: '{"colour":"green"}' });
  mock.on(
    { predicate: ({ messages }) => messages.some((message) => textOf(message).includes('never mends')) },
    { content: '{"colour":"green"}' },
  );
  mock.on(last('cannot be used'), { content: '{"colour":"red"}' });
  mock.on(last('describe'), { content: 'A pixel.' });
  mock.on(last('be brief'), { content: 'Lorem ipsum', finishReason: 'length' });
  mock.on(last('refused by the provider'), {
    error: { message: 'temperature is too high', type: 'invalid_request_error' },
    status: 400,
  });
  mock.on(last('my name'), { content: 'Your name is Ada.' });
  answersBySum(server);
  app = await startApp(server.openai);
  agent = await registeredAgent(app, { tools: ['calculator'] });
  offline = await registeredAgent(app, { agent_name: 'rules', tools: ['calculator'], project_id: 'proj_rules' });
  await app.http.put(offline.path, { model_id: 'nexus/offline' });
});

afterAll(async () => {
  await app.close();
  await server.stop();
});

const ask = async (body: Record<string, unknown>, http: HttpClient = app.http) => {
  const { status, body: answer, headers } = await http.post('/v1/chat/completions', { model: agent.agent_id, ...body });
  return { status, headers, answer: answer as unknown as Completion };
};
const user = (content: unknown) => ({ role: 'user', content });
const refusal = async (body: Record<string, unknown>, http?: HttpClient) => {
  const { status, answer } = await ask({ messages: [user('hello')], ...body }, http);
  return [status, answer.error?.param, answer.error?.type];
};

/** The data of every event, as text. */
async function chunks(body: Record<string, unknown>): Promise<string[]> {
  const json = JSON.stringify({ model: agent.agent_id, stream: true, ...body });
  const response = await app.http.raw('POST', '/v1/chat/completions', json, { 'content-type': 'application/json' });
  const text = await response.text();
  return text.split('\n\n').flatMap((event) => (event.startsWith('data: ') ? [event.slice(6)] : []));
}

describe('models', () => {
  it('are the agents that can run, by id and by name', async () => {
    const { body } = await app.http.get('/v1/models');
    const { object, data } = body as unknown as { object: string; data: Record<string, unknown>[] };
    expect(object).toBe('list');
    expect(data).toContainEqual({
      id: agent.agent_id,
      object: 'model',
      created: expect.any(Number) as number,
      owned_by: 'default',
    });
    const byName = await app.http.get('/v1/models/obedient');
    expect(byName.body).toMatchObject({ id: agent.agent_id, object: 'model' });
  });

  it('of others do not exist', async () => {
    const { status, body } = await app.http.as('others').get(`/v1/models/${encodeURIComponent(agent.agent_id)}`);
    expect([status, body]).toEqual([
      404,
      {
        error: {
          message: `The model "${agent.agent_id}" does not exist.`,
          type: 'invalid_request_error',
          param: 'model',
          code: 'model_not_found',
        },
      },
    ]);
    expect(await refusal({}, app.http.as('others'))).toEqual([404, 'model', 'invalid_request_error']);
    expect(await refusal({ model: 'obedient' }, app.http.as('others'))).toEqual([
      404,
      'model',
      'invalid_request_error',
    ]);
  });
});

describe('a chat completion', () => {
  it('is an ordinary run, whose own tools stay its own', async () => {
    const { status, answer, headers } = await ask({ model: 'obedient', messages: [user('What is 17 * 23?')] });
    expect([status, answer]).toEqual([
      200,
      {
        id: expect.stringMatching(/^chatcmpl-[0-9A-HJKMNP-TV-Z]{26}$/) as string,
        object: 'chat.completion',
        created: expect.any(Number) as number,
        model: 'obedient',
        choices: [
          {
            index: 0,
            message: { role: 'assistant', content: '17 times 23 is 391.', refusal: null },
            logprobs: null,
            finish_reason: 'stop',
          },
        ],
        usage: { prompt_tokens: 230, completion_tokens: 29, total_tokens: 259 },
        system_fingerprint: 'gpt-4o',
      },
    ]);
    expect(headers.get('x-request-id')).toMatch(/^req_/);
    expect(Number(headers.get('x-ratelimit-remaining-requests'))).toBeGreaterThan(0);
    const { data } = await app.http.get(`/api/v1/invocations/${answer.id.replace('chatcmpl-', 'inv_')}`);
    expect(data).toMatchObject({ status: 'success', input_text: 'What is 17 * 23?', output: '17 times 23 is 391.' });
  });

  it('streams its text, its usage and its end', async () => {
    const all = await chunks({ messages: [user('What is 17 * 23?')], stream_options: { include_usage: true } });
    expect(all.at(-1)).toBe('[DONE]');
    const parsed = all.slice(0, -1).map(
      (chunk) =>
        JSON.parse(chunk) as Record<string, unknown> & {
          choices: { delta: Record<string, string>; finish_reason: string | null }[];
        },
    );
    expect(new Set(parsed.map(({ id }) => id)).size).toBe(1);
    expect(parsed[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '', refusal: null });
    expect(parsed.flatMap(({ choices }) => choices.map(({ delta }) => delta['content'] ?? '')).join('')).toBe(
      '17 times 23 is 391.',
    );
    expect(parsed.at(-2)?.choices[0]?.finish_reason).toBe('stop');
    expect(parsed.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 230, completion_tokens: 29, total_tokens: 259 },
    });
  });

  it('remembers only what it is given', async () => {
    const messages = [
      { role: 'developer', content: 'Speak plainly.' },
      user('I am Ada.'),
      { role: 'assistant', content: 'Hello Ada.' },
      user('What is my name?'),
    ];
    expect((await ask({ messages })).answer.choices[0]?.message.content).toBe('Your name is Ada.');
    const given = sent['messages'] as { role: string; content: unknown }[];
    expect(given.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user']);
    expect(given[0]?.content).toContain('Speak plainly.');
  });

  it("asks for the caller's tools and continues with their results", async () => {
    const question = user('What is the weather in Berlin?');
    const { answer } = await ask({ messages: [question], tools: [WEATHER], tool_choice: 'required' });
    const [choice] = answer.choices;
    expect(choice).toEqual({
      index: 0,
      logprobs: null,
      finish_reason: 'tool_calls',
      message: {
        role: 'assistant',
        content: null,
        refusal: null,
        tool_calls: [
          { id: 'call_w', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Berlin"}' } },
        ],
      },
    });
    expect(sent['tool_choice']).toBe('required');
    const result = { role: 'tool', tool_call_id: 'call_w', content: '21 degrees' };
    const continued = await ask({ messages: [question, choice?.message, result], tools: [WEATHER] });
    expect(continued.answer.choices[0]).toMatchObject({
      finish_reason: 'stop',
      message: { content: 'It is 21 degrees in Berlin.' },
    });
    const { data } = await app.http.get(`/api/v1/invocations/${answer.id.replace('chatcmpl-', 'inv_')}`);
    expect(data).toMatchObject({ finish_reason: 'tool_calls', calls: [{ call_id: 'call_w', tool: 'get_weather' }] });
  });

  it("streams calls of the caller's tools", async () => {
    const all = await chunks({ messages: [user('What is the weather in Berlin?')], tools: [WEATHER] });
    const deltas = all
      .slice(0, -1)
      .map((chunk) => (JSON.parse(chunk) as { choices: { delta: object; finish_reason: string | null }[] }).choices[0]);
    expect(deltas.map((choice) => choice?.delta)).toContainEqual({
      tool_calls: [
        { index: 0, id: 'call_w', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Berlin"}' } },
      ],
    });
    expect(deltas.at(-1)?.finish_reason).toBe('tool_calls');
  });

  it.each(['colour of the sky', 'colour of grass'])('is held to its schema: %s', async (question) => {
    const { answer } = await ask({ messages: [user(question)], response_format: COLOUR });
    const colour = question.includes('sky') ? 'blue' : 'red';
    expect(answer.choices[0]?.message.content).toBe(`{"colour":"${colour}"}`);
    const streamed = await chunks({ messages: [user(question)], response_format: COLOUR });
    expect(streamed.join('')).not.toContain('green');
    expect(streamed.join('')).toContain(JSON.stringify({ content: `{"colour":"${colour}"}` }));
  });

  it('fails rather than give an answer that does not fit its schema', async () => {
    const { status, answer, headers } = await ask({ messages: [user('never mends')], response_format: COLOUR });
    expect([status, answer.error?.type, headers.get('x-should-retry')]).toEqual([502, 'server_error', 'false']);
    expect(answer.error?.message).toContain('must be equal to one of the allowed values (red, blue)');
  });

  it('hands images to a model that reads them', async () => {
    const content = [
      { type: 'text', text: 'describe' },
      { type: 'image_url', image_url: { url: PIXEL } },
    ];
    expect((await ask({ messages: [user(content)] })).answer.choices[0]?.message.content).toBe('A pixel.');
    const [, message] = sent['messages'] as { content: { type: string; image_url?: { url: string } }[] }[];
    expect(message?.content.find(({ type }) => type === 'image_url')?.image_url?.url).toBe(PIXEL);
  });

  it("keeps the caller's settings and says when an answer was cut off at them", async () => {
    const settings = { temperature: 0.3, top_p: 0.5, max_completion_tokens: 5, seed: 7, stop: ['x'] };
    const { answer } = await ask({ messages: [user('be brief')], ...settings });
    expect(answer.choices[0]).toMatchObject({ finish_reason: 'length', message: { content: 'Lorem ipsum' } });
    expect(sent).toMatchObject({ temperature: 0.3, top_p: 0.5, max_tokens: 5, seed: 7, stop: ['x'] });
  });
});

describe('what cannot be honoured', () => {
  it.each([
    [{ n: 2 }, 'n'],
    [{ logprobs: true }, 'logprobs'],
    [{ messages: [] }, 'messages'],
    [{ messages: [{ role: 'system', content: 'x' }] }, 'messages'],
    [{ messages: [user([{ type: 'input_audio', input_audio: {} }])] }, 'messages[0].content[0].type'],
    [
      { messages: [user([{ type: 'image_url', image_url: { url: 'http://127.0.0.1/x.png' } }])] },
      'messages[0].content[0].image_url.url',
    ],
    [{ messages: [user('x'), { role: 'tool', tool_call_id: 'nothing', content: 'y' }] }, 'messages'],
    [{ temperature: 3 }, 'temperature'],
    [{ tools: [{ type: 'custom', custom: { name: 'x' } }] }, 'tools[0].type'],
    [{ tools: [{ type: 'function', function: { name: 'calculator' } }] }, 'tools'],
    [{ tool_choice: 'required' }, 'tool_choice'],
    [
      { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'nonsense' } } } },
      'response_format',
    ],
    [{ model: undefined }, 'model'],
  ])('is named: %j', async (body, param) => {
    expect(await refusal(body)).toEqual([400, param, 'invalid_request_error']);
  });

  it.each([
    [{ response_format: COLOUR }, 'response_format'],
    [{ tools: [WEATHER], tool_choice: 'required' }, 'tool_choice'],
    [{ messages: [user([{ type: 'image_url', image_url: { url: PIXEL } }])] }, 'messages'],
  ])('by the offline model is named: %j', async (body, param) => {
    expect(await refusal({ ...body, model: offline.agent_id })).toEqual([400, param, 'invalid_request_error']);
  });

  it('is named when only the provider of the model knows', async () => {
    const body = { messages: [user('refused by the provider')], temperature: 2 };
    const { status, answer } = await ask(body);
    expect([status, answer.error?.type]).toEqual([400, 'invalid_request_error']);
    expect(answer.error?.message).toContain('temperature is too high');
  });
});

describe('the offline model', () => {
  it("answers, and calls a caller's tool that the message names", async () => {
    const http = { model: 'rules' };
    expect((await ask({ ...http, messages: [user('What is 1234 * 56?')] })).answer.choices[0]?.message.content).toBe(
      '1234 * 56 = 69,104.',
    );
    const question = user('Call get_weather with {"city": "Berlin"}');
    const { answer } = await ask({ ...http, messages: [question], tools: [WEATHER] });
    expect(answer.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { tool_calls: [{ id: 'call_1', function: { name: 'get_weather', arguments: '{"city":"Berlin"}' } }] },
    });
    const messages = [
      question,
      answer.choices[0]?.message,
      { role: 'tool', tool_call_id: 'call_1', content: '21 degrees' },
    ];
    const { answer: said } = await ask({ ...http, messages, tools: [WEATHER] });
    expect(said.choices[0]?.message.content).toContain('21 degrees');
  });
});

describe('errors', () => {
  it.each([
    ['POST', '/v1/chat/completions', '{"model":', 400, 'body'],
    ['POST', '/v1/chat/completions', '[]', 400, 'body'],
    ['GET', '/v1/nothing', undefined, 404, null],
    ['DELETE', '/v1/models', undefined, 405, null],
  ])("of %s %s %s have OpenAI's form", async (method, path, body, status, param) => {
    const response = await app.http.raw(method, path, body, { 'content-type': 'application/json' });
    expect([response.status, await response.json()]).toEqual([
      status,
      {
        error: {
          message: expect.any(String) as string,
          type: 'invalid_request_error',
          param,
          code: expect.any(String) as string,
        },
      },
    ]);
  });

  it('refuse strangers and readers', async () => {
    const stranger = await app.http.anonymous().get('/v1/models');
    expect([stranger.status, stranger.body.error]).toMatchObject([
      401,
      { type: 'authentication_error', code: 'invalid_api_key' },
    ]);
    const reader = app.http.as('default', 'reader', ['viewer']);
    expect(await refusal({}, reader)).toEqual([403, null, 'permission_error']);
    expect((await reader.get('/v1/models')).status).toBe(200);
  });

  it('tell a client of a failed run not to repeat it', async () => {
    const { status, answer, headers } = await ask({ messages: [user('no fixture answers this')] });
    expect([status, answer.error?.type, headers.get('x-should-retry')]).toEqual([500, 'server_error', 'false']);
  });
});
