import { createHmac } from 'node:crypto';
import { DynamoDb } from '../../src/platform/database/client/dynamodb.js';
import { startApp, type TestApp } from '../support/app.js';
import { type FlowRunView, publishedFlow, runWhen, startRun } from '../support/flows.js';
import { eventually } from '../support/http.js';

interface Trigger {
  trigger_id: string;
  hook_path: string;
  secret: string;
  next_times: string[];
  last_run_id: string | null;
}

let app: TestApp;

beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

const create = (flow_id: string, kind: string, config: object, enabled = true) =>
  app.http.post<Trigger>(`/api/v1/flows/${flow_id}/triggers`, { kind, config, enabled });
const echo = () =>
  publishedFlow(app.http, {
    timeout_seconds: 60,
    steps: [{ id: 'a', transform: '${{ input }}' }],
    output: '${{ steps.a.output }}',
  });
const runsOf = async (flow_id: string): Promise<FlowRunView[]> =>
  (await app.http.get<{ runs: FlowRunView[] }>(`/api/v1/flows/${flow_id}/runs`)).data.runs;

describe('webhook triggers', () => {
  it('start a run for a signed call, once for each delivery, and remember nothing of others', async () => {
    const flow_id = await echo();
    const { status, data } = await create(flow_id, 'webhook', {
      verification: { kind: 'github' },
      input: { action: '${{ body.action }}', event: '${{ headers["x-github-event"] }}', page: '${{ query.page }}' },
    });
    expect({ status, secret: data.secret.length }).toEqual({ status: 201, secret: 43 });
    const body = '{"action": "opened"}';
    const headers = (secret: string, delivery: string) => ({
      'content-type': 'application/json',
      'x-github-event': 'issues',
      'x-github-delivery': delivery,
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    });
    const stranger = app.http.anonymous();
    const send = (secret: string, delivery: string) =>
      stranger.raw('POST', `${data.hook_path}?page=2`, body, headers(secret, delivery));
    expect((await send('another secret', 'd-1')).status).toBe(401);
    expect(await runsOf(flow_id)).toEqual([]);
    const taken = await send(data.secret, 'd-1');
    const answer = (await taken.json()) as { data: { run_ids: string[] } };
    expect(taken.status).toBe(202);
    const run = await runWhen(app.http, answer.data.run_ids[0] ?? '');
    expect(run).toMatchObject({
      output: { action: 'opened', event: 'issues', page: '2' },
      trigger: { kind: 'webhook', id: data.trigger_id },
    });
    expect((await send(data.secret, 'd-1')).status).toBe(409);
    expect((await send(data.secret, 'd-2')).status).toBe(202);
    expect(await runsOf(flow_id)).toHaveLength(2);
    const shown = await app.http.raw('GET', `/api/v1/flows/${flow_id}/triggers/${data.trigger_id}`);
    expect(await shown.text()).not.toContain(data.secret);
  });

  it('answer the challenge by which Slack checks an address, and read the fields of its forms', async () => {
    const flow_id = await echo();
    const secret = 'a signing secret of Slack';
    const config = { verification: { kind: 'slack', secret }, input: { said: '${{ body.text }}' } };
    const { data } = await create(flow_id, 'webhook', config);
    const stranger = app.http.anonymous();
    const send = (body: string, type: string, key = secret): Promise<Response> => {
      const time = String(Math.floor(Date.now() / 1000));
      const signature = createHmac('sha256', key).update(`v0:${time}:${body}`).digest('hex');
      return stranger.raw('POST', data.hook_path, body, {
        'content-type': type,
        'x-slack-request-timestamp': time,
        'x-slack-signature': `v0=${signature}`,
      });
    };
    const check = JSON.stringify({
      type: 'url_verification',
      challenge: '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P',
    });
    expect((await send(check, 'application/json', 'another secret')).status).toBe(401);
    const checked = await send(check, 'application/json');
    expect([checked.status, checked.headers.get('content-type'), await checked.text()]).toEqual([
      ...[200, 'text/plain; charset=utf-8', '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P'],
    ]);
    expect(await runsOf(flow_id)).toEqual([]);
    const command = await send('command=%2Fweather&text=94070+now', 'application/x-www-form-urlencoded');
    const { data: started } = (await command.json()) as { data: { run_ids: string[] } };
    expect((await runWhen(app.http, started.run_ids[0] ?? '')).output).toEqual({ said: '94070 now' });
  });

  it('answer 404 alike when they are unknown, disabled or deleted', async () => {
    const flow_id = await echo();
    const disabled = await create(flow_id, 'webhook', { verification: { kind: 'none' } }, false);
    const deleted = await create(flow_id, 'webhook', { verification: { kind: 'none' } });
    await app.http.delete(`/api/v1/flows/${flow_id}/triggers/${deleted.data.trigger_id}`);
    const stranger = app.http.anonymous();
    const answers = await Promise.all(
      [disabled.data.hook_path, deleted.data.hook_path, '/api/v1/hooks/hook_unknown'].map((path) =>
        stranger.post(path, {}),
      ),
    );
    expect(answers.map(({ status, error }) => [status, error.code])).toEqual(
      answers.map(() => [404, 'RESOURCE_NOT_FOUND']),
    );
  });
});

describe('schedules', () => {
  const table = () => app.app.get(DynamoDb, { strict: false });
  const keyOf = (flow_id: string, trigger_id: string) => ({
    owner: `FLOW#default#${flow_id}`,
    item: `TRIGGER#${trigger_id}`,
  });

  /** What would be due next Monday is due now: the clock of this process cannot be moved. */
  async function makeDue(flow_id: string, trigger_id: string): Promise<string> {
    const due_at = new Date(Date.now() - 1_000).toISOString();
    await table().update({
      TableName: 'Flows',
      Key: keyOf(flow_id, trigger_id),
      UpdateExpression: 'SET due_at = :at',
      ExpressionAttributeValues: { ':at': due_at },
    });
    return due_at;
  }

  it.each([
    ['skip', ['waiting']],
    ['queue', ['queued', 'waiting']],
    ['allow', ['waiting', 'waiting']],
  ])('%s a time that comes while the run of an earlier one goes on', async (overlap, statuses) => {
    const step = { id: 'a', wait_for: { signal: 'go' } };
    const flow_id = await publishedFlow(app.http, { timeout_seconds: 60, steps: [step] });
    const { data } = await create(flow_id, 'schedule', { cron: '0 9 * * 1', overlap });
    for (let time = 1; time <= 2; time++) {
      const due_at = await makeDue(flow_id, data.trigger_id);
      await eventually(
        () => table().get<{ due_at: string }>('Flows', keyOf(flow_id, data.trigger_id)),
        (trigger) => trigger !== undefined && trigger.due_at > due_at,
      );
      await eventually(
        () => runsOf(flow_id),
        (runs) => runs.some(({ status }) => status === 'waiting'),
      );
    }
    const isAsWanted = (runs: FlowRunView[]): boolean =>
      runs
        .map(({ status }) => status)
        .sort()
        .join() === statuses.join();
    const runs = await eventually(() => runsOf(flow_id), isAsWanted);
    expect(runs).toHaveLength(statuses.length);
  });

  it('tell their next five times and start runs when they are due', async () => {
    const flow_id = await echo();
    const weekly = await create(flow_id, 'schedule', { cron: '0 9 * * 1', timezone: 'Asia/Tokyo', input: { n: 1 } });
    expect(weekly.data.next_times).toHaveLength(5);
    for (const at of weekly.data.next_times) expect(at).toMatch(/T00:00:00\.000Z$/);
    const due_at = await makeDue(flow_id, weekly.data.trigger_id);
    const path = `/api/v1/flows/${flow_id}/triggers/${weekly.data.trigger_id}`;
    const { data } = await eventually(
      () => app.http.get<Trigger>(path),
      (answer) => answer.data.last_run_id !== null,
    );
    const run = await runWhen(app.http, data.last_run_id ?? '');
    expect(run).toMatchObject({ output: { n: 1, scheduled_at: due_at }, trigger: { kind: 'schedule' } });
    expect(await runsOf(flow_id)).toHaveLength(1);
  });

  it('are refused with the field that is wrong', async () => {
    const { status, error } = await create(await echo(), 'schedule', { cron: 'often', timezone: 'Nowhere' });
    expect({ status, fields: Object.keys(error.details.fields ?? {}) }).toEqual({
      status: 400,
      fields: ['config.cron', 'config.timezone'],
    });
  });
});

describe('event triggers', () => {
  it('start a run for the end of another that passes the filter', async () => {
    const failing = await publishedFlow(app.http, {
      timeout_seconds: 60,
      steps: [
        { id: 'a', transform: '1 / input.by' },
        { id: 'b', transform: 'input.x.y' },
      ],
    });
    const [watching, other] = [await echo(), await echo()];
    await create(watching, 'event', { type: 'flow_run.failed', filter: `event.flow_id == "${failing}"` });
    await create(other, 'event', { type: 'flow_run.failed', filter: 'event.flow_id == "flow_none"' });
    const failed = await startRun(app.http, failing, { input: { by: 1 }, wait_seconds: 10 });
    expect(failed.status).toBe('failed');
    const [run] = await eventually(
      () => runsOf(watching),
      (runs) => runs.length > 0,
    );
    const ended = await runWhen(app.http, run?.run_id ?? '');
    expect(ended.output).toMatchObject({ event: { type: 'flow_run.failed', run_id: failed.run_id, status: 'failed' } });
    expect(await runsOf(other)).toEqual([]);
  });
});
