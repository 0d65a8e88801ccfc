import { request as httpRequest } from 'node:http';
import { DatabaseConnection } from '../../src/platform/database/client/dynamodb-client.js';
import { startApp, type TestApp } from '../support/app.js';
import type { BuiltAgent } from '../support/built-agent.js';
import { CountingRuntime } from '../support/counting-runtime.js';
import { watchDatabase } from '../support/database-calls.js';
import { eventually } from '../support/http.js';
import { registeredAgent } from '../support/registered-agent.js';
import { leftoversOf, startBeside } from '../support/shared-app.js';
import { type ReceivedEvent, readEvents } from '../support/sse.js';

const STREAM = { accept: 'text/event-stream', 'content-type': 'application/json' };

let app: TestApp;
/** Another process would know no more than this one: nothing but the database. */
let other: TestApp;
let agent: BuiltAgent;
const runtime = new CountingRuntime();

beforeAll(async () => {
  app = await startApp({}, runtime);
  other = await startBeside(app, new CountingRuntime());
  agent = await registeredAgent(app);
});
afterAll(async () => {
  await other.close();
  await app.close();
});

const post = (input_text: string) => ({
  method: 'POST',
  headers: { ...app.http.headers, ...STREAM },
  body: JSON.stringify({ input_text }),
});
const stream = (input_text: string, atMost?: number) =>
  readEvents(`${app.url}${agent.path}/invoke`, post(input_text), atMost);
const idOf = (events: ReceivedEvent[]): string => String(events[0]?.data['invocation_id']);
const follow = (from: TestApp, id: string, lastEventId?: string) =>
  readEvents(`${from.url}/api/v1/invocations/${id}/events`, {
    headers: lastEventId === undefined ? {} : { 'last-event-id': lastEventId },
  });
const record = async (id: string) => (await app.http.get(`/api/v1/invocations/${id}`)).data;

describe('the events of a streamed run', () => {
  it('are the same from any process, after any of them', async () => {
    const heard = await stream('count 30 every 10');
    expect(heard.map(({ id }) => Number(id))).toEqual(Array.from({ length: 32 }, (_, index) => index + 1));
    for (const from of [app, other])
      for (const position of [0, 1, 17, 31])
        expect(await follow(from, idOf(heard), String(position))).toEqual(heard.slice(position));
    expect(await follow(other, idOf(heard))).toEqual(heard);
  });

  it('are stored whole when the run is over before anything was', async () => {
    const heard = await stream('hello');
    expect(heard.map(({ event }) => event)).toEqual(['start', 'delta', 'done']);
    expect(await follow(other, idOf(heard), '1')).toEqual(heard.slice(1));
  });

  it('are answered with 204 when the last one was received, which ends an EventSource', async () => {
    const heard = await stream('hello');
    for (const from of [app, other]) {
      const path = `/api/v1/invocations/${idOf(heard)}/events`;
      expect((await from.http.raw('GET', path, undefined, { 'last-event-id': '3' })).status).toBe(204);
    }
  });

  it('end with an error after the caller went away, which stopped the model', async () => {
    const heard = await stream('count 501 every 10', 5);
    const id = idOf(heard);
    const missed = await follow(other, id, '5');
    expect(missed[0]?.id).toBe('6');
    expect(missed.at(-1)).toMatchObject({
      event: 'error',
      data: { code: 'AGENT_INVOCATION_FAILED', details: { reason: 'cancelled', invocation_id: id } },
    });
    const numbers = missed.map((event) => Number(event.id));
    expect(numbers).toEqual(numbers.map((_, index) => index + 6));
    expect(runtime.stopped).toContain('count 501 every 10');
    expect(await record(id)).toMatchObject({ status: 'failed', error: { reason: 'cancelled' } });
  });

  it('can be followed while they happen, from this process and from another', async () => {
    const first = await new Promise<string>((resolve) => {
      void readWhile('count 40 every 20', (event) => resolve(String(event.data['invocation_id'])));
    });
    const [here, there] = await Promise.all([follow(app, first), follow(other, first)]);
    expect(here).toHaveLength(42);
    expect(there).toEqual(here);
    expect(await record(first)).toMatchObject({ status: 'success', usage: { output_tokens: 40 } });
  });

  it('are nobody else’s', async () => {
    const heard = await stream('hello');
    const path = `/api/v1/invocations/${idOf(heard)}/events`;
    expect((await app.http.as('rival').raw('GET', path)).status).toBe(404);
    expect((await app.http.raw('GET', '/api/v1/invocations/inv_none/events')).status).toBe(404);
    for (const id of ['x', '-1', '1.5', '9999999999'])
      expect((await app.http.raw('GET', path, undefined, { 'last-event-id': id })).status).toBe(400);
  });

  it('are gone with their agent, also while it runs', async () => {
    const own = await registeredAgent(app, { agent_name: 'short-lived' });
    const path = `${app.url}${own.path}/invoke`;
    const ended = await readEvents(path, post('count 20 every 10'));
    const running = readEvents(path, post('count 502 every 10'));
    await eventually(
      async () => (await app.http.get<{ invocations: { status: string }[] }>(`${own.path}/invocations`)).data,
      ({ invocations }) => invocations[0]?.status === 'running',
    );
    const { data } = await app.http.delete<{ deleted: { invocations: number } }>(own.path);
    expect(data.deleted.invocations).toBe(2);
    const cut = await running;
    expect(cut.at(-1)).toMatchObject({ event: 'error', data: { details: { reason: 'cancelled' } } });
    expect(await leftoversOf(app, [idOf(ended), idOf(cut)])).toEqual({});
  });
});

describe('the events of a run that was not streamed', () => {
  it('are its last one, and nothing of it is stored', async () => {
    const { data } = await app.http.post<{ invocation_id: string }>(`${agent.path}/invoke`, { input_text: 'plain' });
    const events = await follow(other, data.invocation_id);
    expect(events).toEqual([{ id: '1', event: 'done', data }]);
    const found = await leftoversOf(app, [data.invocation_id]);
    expect(Object.keys(found)).toEqual(['AgentInvocations']);
  });
});

describe('a run without listeners', () => {
  it('writes once, and a streamed one twice', async () => {
    const commands: string[] = [];
    const unwatch = watchDatabase(
      app.app.get(DatabaseConnection, { strict: false }).client,
      // The agent is read again when its copy is half a second old; statistics and webhooks have times of their own.
      (operation, input) => {
        const { TableName = '' } = JSON.parse(input) as { TableName?: string };
        if (operation === 'PutItem') commands.push(`PutItem ${TableName.replace(/^test-\w+-/, '')}`);
      },
    );
    const calls = async (ask: () => Promise<unknown>): Promise<string[]> => {
      commands.length = 0;
      await ask();
      return commands.filter((command) => command.includes(' Agent'));
    };
    const plain = () => app.http.post(`${agent.path}/invoke`, { input_text: 'plain' });
    await plain();
    const recorded = ['PutItem AgentInvocations'];
    expect(await calls(plain)).toEqual(recorded);
    expect(await calls(() => stream('plain'))).toEqual([...recorded, 'PutItem AgentInvocationEvents']);
    unwatch();
  });
});

describe('a conversation', () => {
  it('streams events that can be resumed', async () => {
    const { data } = await app.http.post<{ session_id: string }>(`${agent.path}/sessions`, {});
    const url = `${app.url}/api/v1/sessions/${data.session_id}/messages`;
    const heard = await readEvents(url, { ...post(''), body: '{"content":"count 12 every 15"}' });
    expect(heard.at(-1)).toMatchObject({ event: 'done', data: { role: 'assistant', session_id: data.session_id } });
    expect(await follow(other, idOf(heard), '4')).toEqual(heard.slice(4));
  });
});

describe('a reader that does not read', () => {
  it('holds the model back instead of filling the memory', async () => {
    const words = 'count 3000 every 0 of 50000';
    runtime.counted = 0;
    const request = httpRequest(`${app.url}${agent.path}/invoke`, {
      method: 'POST',
      headers: { ...app.http.headers, ...STREAM },
    });
    request.end(JSON.stringify({ input_text: words }));
    const response = await new Promise<NodeJS.ReadableStream>((resolve) => request.once('response', resolve));
    response.pause();
    const counts: number[] = [];
    await eventually(
      async () => counts[counts.push(runtime.counted) - 1],
      () => counts.length > 30 && counts.at(-1)! > 1 && counts.at(-1) === counts.at(-25),
    );
    expect(runtime.counted).toBeLessThan(1_000);
    request.destroy();
    await eventually(
      async () => runtime.stopped,
      (stopped) => stopped.includes(words),
    );
    const { data } = await app.http.get<{ invocations: { invocation_id: string }[] }>(
      `${agent.path}/invocations?limit=1`,
    );
    const stored = await follow(other, data.invocations[0]?.invocation_id ?? '');
    expect(stored.map(({ id }) => Number(id))).toEqual(stored.map((_, index) => index + 1));
    expect(stored.at(-1)).toMatchObject({ event: 'error', data: { details: { reason: 'cancelled' } } });
  });
});

/** Listens to the end, and tells the first event at once. */
async function readWhile(input_text: string, onFirst: (event: ReceivedEvent) => void): Promise<void> {
  const response = await fetch(`${app.url}${agent.path}/invoke`, post(input_text));
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const wasEmpty = !text.includes('\n\n');
    text += chunk;
    const line = /data: (.*)\n\n/.exec(text)?.[1];
    if (wasEmpty && line) onFirst({ id: '1', event: 'start', data: JSON.parse(line) as Record<string, unknown> });
  }
}
