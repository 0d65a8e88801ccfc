import { startApp, type TestApp } from '../support/app.js';
import type { BuiltAgent } from '../support/built-agent.js';
import { type ModelServer, startModelServer } from '../support/model-server.js';
import { registeredAgent } from '../support/registered-agent.js';
import { textOf } from '../support/scripted-openai.js';
import { readEvents } from '../support/sse.js';

const SCHEMA = {
  type: 'object',
  properties: { total: { type: 'number' } },
  required: ['total'],
  additionalProperties: false,
};
const TOTAL = '{"total":12}';

let app: TestApp;
let model: ModelServer;
let agent: BuiltAgent;
/** What the model was asked to answer in. */
const formats: unknown[] = [];

beforeAll(async () => {
  model = await startModelServer();
  model.mock.on({}, ({ response_format, messages }) => {
    formats.push(response_format);
    const [question = '', ...repeats] = messages.filter(({ role }) => role === 'user').map(textOf);
    if (question.includes('never fits')) return { content: '{"total":"twelve"}' };
    return { content: question.includes('mend it') && repeats.length === 0 ? '{"sum":12}' : TOTAL };
  });
  app = await startApp(model.openai);
  agent = await registeredAgent(app);
  const set = await app.http.put(agent.path, { output_schema: SCHEMA });
  expect(set).toMatchObject({ status: 200, data: { output_schema: SCHEMA } });
});
afterAll(async () => {
  await app.close();
  await model.stop();
});

const ask = (input_text: string) => app.http.post<{ output: string }>(`${agent.path}/invoke`, { input_text });

describe('the output schema of an agent', () => {
  it('is what its model is asked for, and what every answer fits', async () => {
    formats.length = 0;
    expect((await ask('add it up')).data.output).toBe(TOTAL);
    expect(formats).toMatchObject([{ type: 'json_schema', json_schema: { schema: SCHEMA } }]);
  });

  it('sends an answer that does not fit back once, and fails the run when the next does not fit either', async () => {
    expect((await ask('mend it')).data.output).toBe(TOTAL);
    const failed = await ask('never fits');
    expect(failed).toMatchObject({ status: 502, error: { details: { reason: 'model', fault: 'malformed' } } });
    expect(failed.error.message).toContain('total must be number');
  });

  it('holds in every door, and no caller can ask for another', async () => {
    const headers = { 'content-type': 'application/json' };
    const post = async (path: string, body: unknown) =>
      (await (await app.http.raw('POST', path, JSON.stringify(body), headers)).json()) as Record<string, unknown>;
    const events = await readEvents(`${app.url}${agent.path}/invoke`, {
      method: 'POST',
      headers: { ...headers, accept: 'text/event-stream' },
      body: JSON.stringify({ input_text: 'mend it' }),
    });
    expect(events.filter(({ event }) => event === 'delta').map(({ data }) => data['text'])).toEqual([TOTAL]);
    const messages = [{ role: 'user', content: 'add it up' }];
    const chat = { model: agent.agent_id, messages };
    expect(await post('/v1/chat/completions', chat)).toMatchObject({ choices: [{ message: { content: TOTAL } }] });
    expect(await post('/v1/responses', { model: agent.agent_id, input: 'add it up' })).toMatchObject({
      output: [{ content: [{ text: TOTAL }] }],
    });
    const json_schema = { name: 'other', schema: { type: 'object' } };
    const other = await post('/v1/chat/completions', {
      ...chat,
      response_format: { type: 'json_schema', json_schema },
    });
    expect(other).toMatchObject({ error: { param: 'response_format' } });
    const object = await post('/v1/chat/completions', { ...chat, response_format: { type: 'json_object' } });
    expect(object).toMatchObject({ choices: [{ message: { content: TOTAL } }] });
  });

  it('is refused where it cannot be kept', async () => {
    const fields = async (body: unknown, path = agent.path) => (await app.http.put(path, body)).error.details.fields;
    expect(await fields({ output_schema: { type: 'nothing' } })).toHaveProperty('output_schema');
    expect(await fields({ output_schema: { description: 'x'.repeat(20_000) } })).toHaveProperty('output_schema');
    const moved = await app.http.put(`${agent.path}/runtime`, { runtime: 'http', endpoint_url: model.url });
    expect(moved.error.details.fields).toHaveProperty('runtime');
    const other = await registeredAgent(app, { agent_name: 'free' });
    await app.http.put(other.path, { output_schema: SCHEMA });
    expect((await app.http.put(other.path, { output_schema: {} })).data).toMatchObject({ output_schema: null });
  });
});
