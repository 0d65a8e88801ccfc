import { startApp, type TestApp } from '../support/app.js';
import { type BuiltAgent, builtAgent } from '../support/built-agent.js';
import { readEvents } from '../support/sse.js';

interface MessageBody extends Record<string, unknown> {
  message_id: string;
  role: string;
  content: string;
  user_message_id: string;
}

let app: TestApp;
let agent: BuiltAgent;

beforeAll(async () => {
  app = await startApp();
  agent = await builtAgent(app.http);
});
afterAll(() => app.close());

const open = async (body: Record<string, unknown> = {}): Promise<string> => {
  const { status, data } = await app.http.post<{ session_id: string }>(`${agent.path}/sessions`, body);
  expect(status).toBe(201);
  return `/api/v1/sessions/${data.session_id}`;
};
const say = (path: string, content: string) => app.http.post<MessageBody>(`${path}/messages`, { content });
const messages = async (path: string, query = ''): Promise<MessageBody[]> =>
  (await app.http.get<{ messages: MessageBody[] }>(`${path}/messages${query}`)).data.messages;

describe('a session', () => {
  it('is opened with defaults or wishes, within its limits', async () => {
    const { data } = await app.http.post(`${agent.path}/sessions`, {});
    expect(data).toMatchObject({
      agent_id: agent.agent_id,
      user_id: 'developer',
      status: 'active',
      conversation_mode: 'normal',
      metadata: {},
      message_count: 0,
    });
    expect(data['display_name']).toMatch(/^Session \d{4}-\d{2}-\d{2} \d{2}:\d{2}$/);
    const wishes = {
      user_id: 'ada',
      display_name: 'x'.repeat(120),
      conversation_mode: 'eval',
      metadata: { order: 4711 },
    };
    expect((await app.http.post(`${agent.path}/sessions`, wishes)).data).toMatchObject(wishes);
    const refused = [
      { display_name: 'x'.repeat(121) },
      { conversation_mode: 'loud' },
      { metadata: [] },
      { metadata: { text: 'x'.repeat(16 * 1024) } },
      { org_id: 'acme' },
    ];
    for (const body of refused) {
      const { status, error } = await app.http.post(`${agent.path}/sessions`, body);
      expect({ status, fields: Object.keys(error.details.fields ?? {}) }).toEqual({
        status: 400,
        fields: Object.keys(body),
      });
    }
  });

  it('remembers a name and a figure over several turns', async () => {
    const path = await open();
    await say(path, 'My name is Grace and my budget is 1200 euros.');
    expect((await say(path, 'What is 15% of my budget?')).data.content).toContain('180');
    const third = await say(path, 'What is my name?');
    expect(third.data.content).toContain('Grace');
    expect(third.data).toMatchObject({
      role: 'assistant',
      metadata: { model: 'nexus/offline', invocation_id: expect.stringMatching(/^inv_/) as unknown },
    });
    expect((await app.http.get(path)).data).toMatchObject({ message_count: 6 });
    const all = await messages(path);
    expect(all.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant', 'user', 'assistant']);
    expect(all.at(-2)?.message_id).toBe(third.data.user_message_id);
    expect(await messages(path, '?order=desc')).toEqual([...all].reverse());
  });

  it('answers 50 messages at once, none lost and none interleaved', async () => {
    const path = await open();
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => say(path, `What is ${index} + 1000?`)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const all = await messages(path, '?limit=200');
    expect(all).toHaveLength(100);
    for (let index = 0; index < 100; index += 2) {
      const [question, answer] = [all[index], all[index + 1]];
      expect([question?.role, answer?.role]).toEqual(['user', 'assistant']);
      const number = Number(/What is (\d+)/.exec(question?.content ?? '')?.[1]);
      expect(answer?.content.replace(',', '')).toContain(String(number + 1000));
      const reply = answers.find(({ data }) => data.user_message_id === question?.message_id);
      expect(reply?.data.message_id).toBe(answer?.message_id);
    }
  });

  it('only stores a system message, and refuses messages that are wrong', async () => {
    const path = await open();
    const { status, data } = await app.http.post<MessageBody>(`${path}/messages`, {
      content: 'The customer is upset.',
      role: 'system',
    });
    expect({ status, role: data.role }).toEqual({ status: 200, role: 'system' });
    expect(await messages(path)).toHaveLength(1);
    for (const body of [
      { content: '' },
      { content: 'x'.repeat(100_001) },
      { content: 'hi', role: 'assistant' },
      { content: 'hi', to: 'you' },
    ])
      expect((await app.http.post(`${path}/messages`, body)).status).toBe(400);
    for (const query of ['?limit=0', '?limit=201', '?order=up', '?last_key=x'])
      expect((await app.http.get(`${path}/messages${query}`)).status).toBe(400);
    expect((await app.http.post(`${path}/messages?on_busy=shout`, { content: 'hi' })).status).toBe(400);
  });

  it('is paged without repetition, oldest first', async () => {
    const path = await open();
    for (const content of ['one', 'two', 'three']) await app.http.post(`${path}/messages`, { content, role: 'system' });
    const first = (await app.http.get<{ messages: MessageBody[]; last_key: string }>(`${path}/messages?limit=2`)).data;
    const second = (
      await app.http.get<{ messages: MessageBody[]; last_key: null }>(
        `${path}/messages?limit=2&last_key=${encodeURIComponent(first.last_key)}`,
      )
    ).data;
    expect([...first.messages, ...second.messages].map(({ content }) => content)).toEqual(['one', 'two', 'three']);
    expect(second.last_key).toBeNull();
  });

  it('streams an answer', async () => {
    const path = await open();
    const init = {
      method: 'POST',
      headers: { accept: 'text/event-stream', 'content-type': 'application/json' },
      body: '{"content":"What is 9 * 9?"}',
    };
    const events = await readEvents(`${app.url}${path}/messages`, init);
    expect(events.at(-1)).toMatchObject({
      event: 'done',
      data: { role: 'assistant', session_id: path.split('/').at(-1) },
    });
    expect(String(events.at(-1)?.data['content'])).toContain('81');
    expect(await messages(path)).toHaveLength(2);
  });

  it('is listed with the last active first, and gone after its deletion', async () => {
    const [older, newer] = [await open(), await open()];
    await app.http.post(`${older}/messages`, { content: 'wake up', role: 'system' });
    const { data } = await app.http.get<{ sessions: { session_id: string }[] }>(`${agent.path}/sessions?limit=2`);
    expect(data.sessions.map(({ session_id }) => `/api/v1/sessions/${session_id}`)).toEqual([older, newer]);
    expect((await app.http.as('rival').get(older)).status).toBe(404);
    expect((await app.http.as('rival').post(`${older}/messages`, { content: 'hi' })).status).toBe(404);
    expect((await app.http.as('rival').delete(older)).status).toBe(404);
    expect((await app.http.delete(older)).data).toEqual({ deleted: { sessions: 1, messages: 1 } });
    for (const path of [older, `${older}/messages`]) expect((await app.http.get(path)).status).toBe(404);
    expect((await say(older, 'hello')).status).toBe(404);
    expect((await app.http.delete(older)).status).toBe(404);
  });
});
