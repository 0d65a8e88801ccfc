import { startApp, type TestApp } from '../support/app.js';
import type { BuiltAgent } from '../support/built-agent.js';
import { incompressible } from '../support/incompressible.js';
import { ObedientRuntime } from '../support/obedient-runtime.js';
import { registeredAgent } from '../support/registered-agent.js';

interface MessageBody extends Record<string, unknown> {
  message_id: string;
  role: string;
  content: string;
}

let app: TestApp;
let agent: BuiltAgent;

beforeAll(async () => {
  app = await startApp({}, new ObedientRuntime());
  agent = await registeredAgent(app);
});
afterAll(() => app.close());

const open = async (body: Record<string, unknown> = {}): Promise<string> =>
  `/api/v1/sessions/${(await app.http.post<{ session_id: string }>(`${agent.path}/sessions`, body)).data.session_id}`;
const say = (path: string, body: Record<string, unknown>) => app.http.post<MessageBody>(`${path}/messages`, body);
const list = async (path: string, query = '') =>
  (await app.http.get<{ messages: MessageBody[]; total: number; last_key: string | null }>(`${path}/messages${query}`))
    .data;

describe('the limits of a session', () => {
  it('take 16 KB of metadata and not a byte more, also for a message', async () => {
    const fits = { text: 'x'.repeat(16 * 1024 - '{"text":""}'.length) };
    const tooLarge = { text: `${fits.text}x` };
    expect((await app.http.post(`${agent.path}/sessions`, { metadata: fits })).data).toMatchObject({ metadata: fits });
    const path = await open();
    expect((await say(path, { content: 'x', role: 'system', metadata: fits })).status).toBe(200);
    for (const refused of [
      await app.http.post(`${agent.path}/sessions`, { metadata: tooLarge }),
      await say(path, { content: 'x', metadata: tooLarge }),
    ])
      expect([refused.status, Object.keys(refused.error.details.fields ?? {})]).toEqual([400, ['metadata']]);
  });

  it('keep metadata as they are', async () => {
    const metadata = { nested: { list: [1, null, 'drei'], empty: {} }, 'key with.dots': true, unicode: '数' };
    expect((await app.http.get(await open({ metadata }))).data['metadata']).toEqual(metadata);
  });

  it('refuse metadata that no table can hold, by name', async () => {
    const deep = JSON.parse('['.repeat(40) + ']'.repeat(40)) as unknown;
    for (const metadata of [{ deep }, { large: 1e200 }]) {
      const { status, error } = await app.http.post(`${agent.path}/sessions`, { metadata });
      expect([status, Object.keys(error.details.fields ?? {})]).toEqual([400, ['metadata']]);
    }
  });

  it('take null for what need not be there', async () => {
    const nothing = { user_id: null, display_name: null, conversation_mode: null, metadata: null };
    const { status, data } = await app.http.post(`${agent.path}/sessions`, nothing);
    expect([status, data['user_id'], data['conversation_mode'], data['metadata']]).toEqual([
      201,
      'developer',
      'normal',
      {},
    ]);
    const path = `/api/v1/sessions/${String(data['session_id'])}`;
    expect((await say(path, { content: 'note', role: 'system', metadata: null })).data['metadata']).toEqual({});
  });

  it('refuse a session of an agent that does not exist', async () => {
    expect((await app.http.post('/api/v1/agents/none:none/sessions', {})).status).toBe(404);
    expect((await app.http.get('/api/v1/agents/none:none/sessions')).status).toBe(404);
  });

  it('answer 404 for an id that no record can have', async () => {
    for (const id of ['x'.repeat(3000), '%F0%9F%98%80', '..%2Fadmin']) {
      expect((await app.http.get(`/api/v1/sessions/${id}`)).status).toBe(404);
      expect((await app.http.post(`/api/v1/sessions/${id}/messages`, { content: 'hi' })).status).toBe(404);
      expect((await app.http.delete(`/api/v1/sessions/${id}`)).status).toBe(404);
    }
  });
});

describe('messages of a session', () => {
  it('take 100,000 characters of any script', async () => {
    const path = await open();
    const content = '語'.repeat(100_000);
    expect((await say(path, { content, role: 'system' })).status).toBe(200);
    expect((await list(path)).messages[0]?.content).toBe(content);
  });

  it('may hold any character, and half of one as a replacement', async () => {
    const path = await open();
    const whole = 'NUL \u0000, emoji 😀, right-to-left مرحبا, half ';
    const { data } = await say(path, { content: `${whole}\ud83d`, role: 'system' });
    expect(data.content).toBe(`${whole}\ufffd`);
    expect((await list(path)).messages[0]?.content).toBe(`${whole}\ufffd`);
  });

  it('are all remembered however long they are', async () => {
    const path = await open();
    for (let seed = 1; seed <= 8; seed++)
      expect((await say(path, { content: incompressible(100_000, seed), role: 'system' })).status).toBe(200);
    expect((await say(path, { content: 'hello' })).data.content).toBe('8: hello');
    expect((await list(path)).total).toBe(10);
  });

  it('carry what the invocation was', async () => {
    const path = await open();
    const { data } = await say(path, { content: 'hello', metadata: { from: 'phone' } });
    const { invocation_id } = data['metadata'] as { invocation_id: string };
    const { data: invocation } = await app.http.get(`/api/v1/invocations/${invocation_id}`);
    expect(data).toEqual({
      message_id: expect.stringMatching(/^msg_/) as unknown,
      session_id: path.split('/').at(-1),
      role: 'assistant',
      content: '0: hello',
      metadata: {
        invocation_id,
        duration_ms: invocation['duration_ms'],
        model: 'test/obedient',
        usage: { input_tokens: 1, output_tokens: 2 },
      },
      created_at: expect.any(String) as unknown,
      user_message_id: expect.stringMatching(/^msg_/) as unknown,
    });
    expect(invocation).toMatchObject({ session_id: data['session_id'], input_text: 'hello', output: '0: hello' });
    expect((await list(path)).messages[0]).toMatchObject({
      message_id: data['user_message_id'],
      metadata: { from: 'phone' },
    });
  });

  it('are 100 a page by default and 200 at most, in both directions', async () => {
    const path = await open();
    for (let index = 1; index <= 101; index++) await say(path, { content: `note ${index}`, role: 'system' });
    const first = await list(path);
    expect([first.total, first.messages[0]?.content]).toEqual([100, 'note 1']);
    const rest = await list(path, `?last_key=${encodeURIComponent(first.last_key ?? '')}`);
    expect(rest).toMatchObject({ total: 1, messages: [{ content: 'note 101' }], last_key: null });
    expect(await list(path, '?limit=200')).toMatchObject({ total: 101, last_key: null });
    const newest = await list(path, '?limit=2&order=desc');
    expect(newest.messages.map(({ content }) => content)).toEqual(['note 101', 'note 100']);
    const older = await list(path, `?limit=2&order=desc&last_key=${encodeURIComponent(newest.last_key ?? '')}`);
    expect(older.messages.map(({ content }) => content)).toEqual(['note 99', 'note 98']);
    const turned = await app.http.get(`${path}/messages?last_key=${encodeURIComponent(newest.last_key ?? '')}`);
    expect([turned.status, Object.keys(turned.error.details.fields ?? {})]).toEqual([400, ['last_key']]);
  });

  it('include notes in what the agent is told', async () => {
    const path = await open();
    await say(path, { content: 'The customer is upset.', role: 'system' });
    expect((await say(path, { content: 'hello' })).data.content).toBe('1: hello');
  });

  it('are refused when the session is closed, and are still there to read', async () => {
    const path = await open();
    const session_id = path.split('/').at(-1);
    await app.http.post(`${agent.path}/invoke`, { input_text: 'bye', session_id, end_session: true });
    for (const role of ['user', 'system'])
      expect(await say(path, { content: 'hello?', role })).toMatchObject({
        status: 400,
        error: { code: 'INVALID_STATE', details: { current_state: 'closed' } },
      });
    expect((await app.http.get(path)).data).toMatchObject({ status: 'closed', message_count: 2 });
    expect((await list(path)).total).toBe(2);
  });

  it('are sent once for one idempotency key', async () => {
    const path = await open();
    const headers = { 'idempotency-key': 'once' };
    const first = await app.http.post(`${path}/messages`, { content: 'pay' }, headers);
    const again = await app.http.post(`${path}/messages`, { content: 'pay' }, headers);
    expect(again.data).toEqual(first.data);
    expect((await list(path)).total).toBe(2);
  });
});

describe('the list of sessions', () => {
  it('is paged, last active first, for one agent and organisation', async () => {
    const own = await registeredAgent(app, { agent_name: 'listed' });
    const ids: string[] = [];
    for (let index = 0; index < 3; index++)
      ids.push((await app.http.post<{ session_id: string }>(`${own.path}/sessions`, {})).data.session_id);
    await app.http.post(`/api/v1/sessions/${String(ids[0])}/messages`, { content: 'wake up' });
    const first = await app.http.get<{ sessions: { session_id: string }[]; last_key: string }>(
      `${own.path}/sessions?limit=2`,
    );
    const second = await app.http.get<{ sessions: { session_id: string }[]; last_key: null }>(
      `${own.path}/sessions?limit=2&last_key=${encodeURIComponent(first.data.last_key)}`,
    );
    const seen = [...first.data.sessions, ...second.data.sessions].map(({ session_id }) => session_id);
    expect(seen).toEqual([ids[0], ids[2], ids[1]]);
    expect(second.data.last_key).toBeNull();
    expect((await app.http.as('rival').get(`${own.path}/sessions`)).status).toBe(404);
  });
});
