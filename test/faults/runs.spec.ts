import { startDatabase, temporaryDirectory } from '../support/database.js';
import { type BuiltAgent, builtAgent } from '../support/built-agent.js';
import { eventually } from '../support/http.js';
import { migrate, PlatformProcess, recountStatistics } from '../support/platform-process.js';
import { readEvents } from '../support/sse.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

interface RunBody extends Record<string, unknown> {
  invocation_id: string;
  status: string;
  webhook?: { status: string };
}

let database: Awaited<ReturnType<typeof startDatabase>>;
let receiver: WebhookReceiver;
let shared: Record<string, string>;
const running: PlatformProcess[] = [];

beforeAll(async () => {
  database = await startDatabase();
  receiver = await WebhookReceiver.start();
  shared = {
    NEXUS_DATABASE: 'dynamodb',
    DYNAMODB_ENDPOINT: database.endpoint,
    NEXUS_TABLE_PREFIX: 'runs-',
    NEXUS_DATA_DIR: temporaryDirectory(),
    RUN_LEASE_SECONDS: '3',
    RUN_SWEEP_SECONDS: '1',
    ENGINE_LEASE_SECONDS: '3',
    ENGINE_HEARTBEAT_SECONDS: '1',
    ENGINE_REAPER_SECONDS: '1',
    WEBHOOK_POLL_SECONDS: '1',
  };
  migrate(shared);
});
afterEach(() => Promise.all(running.splice(0).map((platform) => platform.kill('SIGKILL'))));
afterAll(async () => {
  await receiver.stop();
  await database.stop();
});

interface Two {
  /** Has no slot for background runs: what it takes is under way until it is gone. */
  first: PlatformProcess;
  second: PlatformProcess;
  agent: BuiltAgent;
}

async function two(): Promise<Two> {
  const [first, second] = await Promise.all([
    PlatformProcess.start({ ...shared, BACKGROUND_RUN_SLOTS: '0' }),
    PlatformProcess.start(shared),
  ]);
  running.push(first, second);
  return { first, second, agent: await builtAgent(second.http) };
}

const record = async ({ second }: Two, id: string) =>
  (await second.http.get<RunBody>(`/api/v1/invocations/${id}`)).data;
const eventsOf = (from: PlatformProcess, id: string, lastEventId: string) =>
  readEvents(`${from.http.url}/api/v1/invocations/${id}/events`, { headers: { 'last-event-id': lastEventId } });
const start = async ({ agent }: Two, from: PlatformProcess, input_text: string): Promise<string> => {
  const body = { input_text, background: true, webhook: { url: receiver.url('/run') } };
  return (await from.http.post<RunBody>(`${agent.path}/invoke`, body)).data.invocation_id;
};

describe('runs of two processes', () => {
  it('are resumed from the other one, exactly', async () => {
    const { first, second, agent } = await two();
    const headers = { accept: 'text/event-stream', 'content-type': 'application/json' };
    const body = '{"input_text":"What is 12 * 12?"}';
    const heard = await readEvents(`${first.http.url}${agent.path}/invoke`, { method: 'POST', headers, body });
    const id = String(heard[0]?.data['invocation_id']);
    expect(heard.at(-1)).toMatchObject({ event: 'done', data: { invocation_id: id } });
    for (const position of [0, 1, heard.length - 1])
      expect(await eventsOf(second, id, String(position))).toEqual(heard.slice(position));
    await first.kill('SIGKILL');
    expect(await eventsOf(second, id, '0')).toEqual(heard);
  });

  it('are ended as interrupted when their process is killed, told to followers and webhooks, and counted once', async () => {
    const platforms = await two();
    const { first, second } = platforms;
    const id = await start(platforms, first, 'What is 2 + 2?');
    const following = eventsOf(second, id, '0');
    await eventually(
      () => record(platforms, id),
      ({ status }) => status === 'running',
    );
    await first.kill('SIGKILL');
    const interrupted = { status: 'failed', error: { reason: 'interrupted' } };
    expect(
      await eventually(
        () => record(platforms, id),
        ({ status }) => status !== 'running',
      ),
    ).toMatchObject(interrupted);
    expect(await following).toMatchObject([
      { id: '1', event: 'error', data: { details: { reason: 'interrupted', invocation_id: id } } },
    ]);
    const told = await eventually(
      () => record(platforms, id),
      ({ webhook }) => webhook?.status === 'delivered',
    );
    expect(told).toMatchObject({ webhook: { attempts: 1 } });
    const calls = receiver.calls.map(({ body }) => JSON.parse(body) as { type: string; data: RunBody });
    const own = calls.filter(({ data }) => data.invocation_id === id);
    expect(own).toMatchObject([{ type: 'invocation.failed', data: { invocation_id: id, ...interrupted } }]);
    const finished = await start(platforms, second, 'What is 3 + 3?');
    expect(
      await eventually(
        () => record(platforms, finished),
        ({ status }) => status !== 'running',
      ),
    ).toMatchObject({
      status: 'success',
      output: expect.stringContaining('6') as string,
    });
    expect(await second.kill('SIGTERM')).toBe(0);
    expect(recountStatistics(shared)).toEqual({ status: 0, output: '0 differences found\n' });
  });

  it('that showed life are not ended, however long they wait', async () => {
    const platforms = await two();
    const { first } = platforms;
    const id = await start(platforms, first, 'What is 4 + 4?');
    const since = Date.now();
    await eventually(
      () => record(platforms, id),
      ({ status }) => status !== 'running' || Date.now() - since > 5_000,
    );
    expect(await record(platforms, id)).toMatchObject({ status: 'running' });
    expect(await first.kill('SIGTERM')).toBe(0);
    expect(await record(platforms, id)).toMatchObject({
      status: 'failed',
      error: { message: 'The platform was stopped before the agent answered' },
    });
  });
});
