import { createHmac } from 'node:crypto';
import { startApp, type TestApp } from '../support/app.js';
import type { BuiltAgent } from '../support/built-agent.js';
import { CountingRuntime } from '../support/counting-runtime.js';
import { eventually } from '../support/http.js';
import { registeredAgent } from '../support/registered-agent.js';
import { leftoversOf, startBeside } from '../support/shared-app.js';
import { type ReceivedCall, WebhookReceiver } from '../support/webhook-receiver.js';

interface RunBody extends Record<string, unknown> {
  invocation_id: string;
  webhook?: { delivery_id: string; status: string; attempts: number; last_status: number | null; last_error: string };
}

const QUICK = { WEBHOOK_RETRY_MS: '10', WEBHOOK_POLL_SECONDS: '1' };

let app: TestApp;
let agent: BuiltAgent;
let receiver: WebhookReceiver;

beforeAll(async () => {
  app = await startApp(QUICK, new CountingRuntime());
  agent = await registeredAgent(app);
  receiver = await WebhookReceiver.start();
});
afterAll(async () => {
  await app.close();
  await receiver.stop();
});

const asked = (url: string, input_text = 'hello') => ({ input_text, background: true, webhook: { url } });
const start = async (path: string, input_text?: string, own = agent): Promise<string> =>
  (await app.http.post<RunBody>(`${own.path}/invoke`, asked(receiver.url(path), input_text))).data.invocation_id;
const record = async (id: string) => (await app.http.get<RunBody>(`/api/v1/invocations/${id}`)).data;
const settled = (id: string) =>
  eventually(
    () => record(id),
    ({ webhook }) => webhook?.status === 'delivered' || webhook?.status === 'failed',
  );
const secretOf = async (org: string): Promise<string> =>
  (await app.http.as(org).get<{ secret: string }>('/api/v1/webhooks/secret')).data.secret;

function signatureOf(secret: string, { headers, body }: ReceivedCall): string {
  const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
}

describe('a webhook', () => {
  it('is told how the run ended, in a call that its secret verifies', async () => {
    const id = await start('/first?token=secret');
    const run = await settled(id);
    const [call] = receiver.at('/first?token=secret');
    if (!call) throw new Error('nobody called');
    const { webhook, trace: _trace, ...whole } = run;
    expect(JSON.parse(call.body)).toEqual({
      type: 'invocation.completed',
      timestamp: run['completed_at'],
      data: whole,
    });
    expect(call.headers['webhook-signature']).toBe(signatureOf(await secretOf('default'), call));
    expect(Math.abs(Number(call.headers['webhook-timestamp']) - Date.now() / 1000)).toBeLessThan(10);
    expect(webhook).toMatchObject({ delivery_id: call.headers['webhook-id'], attempts: 1, last_status: 204 });
    expect(JSON.stringify(webhook)).not.toContain('token');
  });

  it('is told of a failure, too', async () => {
    const id = await start('/failure', 'fail model');
    await settled(id);
    expect(JSON.parse(receiver.at('/failure')[0]?.body ?? '')).toMatchObject({
      type: 'invocation.failed',
      data: { invocation_id: id, error: { reason: 'model' }, output: null },
    });
  });

  it('that fails is tried again with the same id and content, until it answers', async () => {
    receiver.next.push(500, 503);
    const run = await settled(await start('/flaky'));
    expect(run.webhook).toMatchObject({ status: 'delivered', attempts: 3, last_error: null });
    const calls = receiver.at('/flaky');
    expect(calls).toHaveLength(3);
    expect(new Set(calls.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(new Set(calls.map(({ body }) => body)).size).toBe(1);
  });

  it('is given up after five attempts, or at once when it is gone', async () => {
    const [failing, gone] = await Promise.all([start('/500'), start('/410')]);
    expect((await settled(gone)).webhook).toMatchObject({ status: 'failed', attempts: 1, last_status: 410 });
    expect((await settled(failing)).webhook).toMatchObject({
      status: 'failed',
      attempts: 5,
      last_status: 500,
      last_error: 'The receiver returned 500',
    });
    expect(receiver.at('/500')).toHaveLength(5);
    expect(receiver.at('/410')).toHaveLength(1);
  });

  it('is not followed to where it redirects', async () => {
    const run = await settled(await start('/308'));
    expect(run.webhook).toMatchObject({ status: 'failed', last_status: 308 });
  });

  it('is told once by many processes', async () => {
    const other = await startBeside(app, new CountingRuntime(), QUICK);
    try {
      const ids = await Promise.all(Array.from({ length: 20 }, () => start('/many')));
      for (const id of ids) expect((await settled(id)).webhook).toMatchObject({ status: 'delivered', attempts: 1 });
      expect(receiver.at('/many')).toHaveLength(20);
    } finally {
      await other.close();
    }
  });

  it('whose process stops in the middle of a call is told by another one', async () => {
    const leaving = await startBeside(app, new CountingRuntime(), { ...QUICK, BACKGROUND_RUN_GRACE_SECONDS: '0' });
    receiver.next.push('hang');
    const body = asked(receiver.url('/hanging'));
    const { data } = await leaving.http.post<RunBody>(`${agent.path}/invoke`, body);
    await eventually(
      async () => receiver.at('/hanging').length,
      (calls) => calls === 1,
    );
    await leaving.close();
    expect((await settled(data.invocation_id)).webhook).toMatchObject({ status: 'delivered', attempts: 2 });
    expect(receiver.at('/hanging')).toHaveLength(2);
  });

  it('leaves nothing when its agent is deleted', async () => {
    const own = await registeredAgent(app, { agent_name: 'hooked' });
    const ids = [await start('/gone', 'hello', own), await start('/500/later', 'hello', own)];
    await settled(ids[0] ?? '');
    expect((await app.http.delete(own.path)).status).toBe(200);
    expect(await leftoversOf(app, ids)).toEqual({});
  });
});

describe('the address of a webhook', () => {
  it.each([
    ['file:///etc/passwd', 'must be http or https'],
    ['http://169.254.169.254/latest', 'is a cloud metadata address, which is never called'],
    ['http://user:word@example.com', 'must not carry a user name or password'],
    ['nowhere', 'is not a valid address'],
  ])('%s is refused', async (url, reason) => {
    const { status, error } = await app.http.post(`${agent.path}/invoke`, asked(url));
    expect([status, error.details.fields]).toEqual([400, { 'webhook.url': [reason] }]);
  });

  it('needs a background run, and nothing but a url', async () => {
    const invoke = async (body: Record<string, unknown>) =>
      Object.keys((await app.http.post(`${agent.path}/invoke`, body)).error.details.fields ?? {});
    expect(await invoke({ input_text: 'hi', webhook: { url: 'https://example.com' } })).toEqual(['webhook']);
    const unknown = { url: 'https://example.com', colour: 'red' };
    expect(await invoke({ input_text: 'hi', background: true, webhook: unknown })).toEqual(['webhook.colour']);
  });
});

describe('the secret of webhooks', () => {
  it('is each organisation’s own and stays the same', async () => {
    const secrets = [await secretOf('one'), await secretOf('two'), await secretOf('one')];
    expect(secrets[0]).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(secrets[2]).toBe(secrets[0]);
    expect(secrets[1]).not.toBe(secrets[0]);
  });
});
