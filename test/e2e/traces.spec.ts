import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Tracing } from '../../src/platform/observability/tracing/tracing.js';
import { OutgoingHttp } from '../../src/platform/outgoing/outgoing-http.js';
import { startApp, type TestApp } from '../support/app.js';
import { type BuiltAgent, builtAgent } from '../support/built-agent.js';
import { eventually } from '../support/http.js';
import { OtlpReceiver, type ReceivedSpan } from '../support/otlp-receiver.js';

const QUESTION = 'What is 12345 * 6789?';
const SERVER = 2;
const CLIENT = 3;

let receiver: OtlpReceiver;
let app: TestApp;
let agent: BuiltAgent;
beforeAll(async () => {
  receiver = await OtlpReceiver.start();
  process.env['OTEL_BSP_SCHEDULE_DELAY'] = '50';
  app = await startApp({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, OTEL_SERVICE_NAME: 'nexus-under-test' });
  agent = await builtAgent(app.http.as('org-a'));
});
afterAll(async () => {
  await app.close();
  await receiver.stop();
  delete process.env['OTEL_BSP_SCHEDULE_DELAY'];
});

const traceId = (n: number) => n.toString(16).padStart(32, 'c');
const traceparent = (n: number) => ({ traceparent: `00-${traceId(n)}-00f067aa0ba902b7-01` });

/** All spans of a trace, once the one of the request, which ends last, has arrived. */
async function spansOf(n: number): Promise<ReceivedSpan[]> {
  return eventually(
    async () => receiver.ofTrace(traceId(n)),
    (spans) => spans.some(({ kind }) => kind === SERVER),
  );
}

function only(spans: ReceivedSpan[], name: string): ReceivedSpan {
  const [found, ...more] = spans.filter((span) => span.name === name);
  if (!found || more.length > 0) throw new Error(`not one ${name} among: ${spans.map((span) => span.name).join(', ')}`);
  return found;
}

describe('a traced invocation', () => {
  it('is one trace from the caller through HTTP, database and agent to model and tool', async () => {
    const { status } = await app.http
      .as('org-a')
      .post(`${agent.path}/invoke`, { input_text: QUESTION }, traceparent(1));
    expect(status).toBe(200);
    const spans = await spansOf(1);

    const request = only(spans, 'POST /api/v1/agents/:agent_id/invoke');
    expect(request).toMatchObject({
      kind: SERVER,
      parent_id: '00f067aa0ba902b7',
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/api/v1/agents/:agent_id/invoke',
        'http.response.status_code': 200,
      },
    });

    const invoked = spans.find(({ name }) => name.startsWith('invoke_agent '));
    expect(invoked).toMatchObject({
      parent_id: request.span_id,
      attributes: {
        'gen_ai.operation.name': 'invoke_agent',
        'gen_ai.agent.id': agent.agent_id,
        'gen_ai.response.model': 'nexus/offline',
        'nexus.runtime': 'local',
        'nexus.outcome': 'success',
      },
    });

    const chats = spans.filter(({ name }) => name === 'chat nexus/offline');
    expect(chats).toHaveLength(2);
    for (const chat of chats)
      expect(chat).toMatchObject({
        kind: CLIENT,
        parent_id: invoked?.span_id,
        attributes: {
          'gen_ai.operation.name': 'chat',
          'gen_ai.request.model': 'nexus/offline',
          'gen_ai.response.model': 'nexus/offline',
          'gen_ai.usage.input_tokens': expect.any(Number) as unknown,
          'gen_ai.usage.output_tokens': expect.any(Number) as unknown,
        },
      });
    expect(only(spans, 'execute_tool calculator')).toMatchObject({
      parent_id: invoked?.span_id,
      attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'calculator' },
    });

    const calls = spans.filter(({ attributes }) => attributes['db.system.name'] === 'aws.dynamodb');
    expect(calls.map(({ attributes }) => attributes['db.operation.name'])).toEqual(
      expect.arrayContaining(['PutItem']) as unknown,
    );
    expect(new Set(calls.map(({ parent_id }) => parent_id))).toEqual(new Set([request.span_id]));
    expect(calls.flatMap(({ attributes }) => attributes['aws.dynamodb.table_names'])).toEqual(
      expect.arrayContaining(['AgentInvocations']) as unknown,
    );
  });

  it('says nothing of what was said', async () => {
    await app.http.as('org-a').post(`${agent.path}/invoke`, { input_text: QUESTION }, traceparent(2));
    expect(JSON.stringify(await spansOf(2))).not.toMatch(/12345|6789|83810205/);
  });

  it('gives its trace id to the error that the caller sees', async () => {
    const { error, status } = await app.http
      .as('org-a')
      .post('/api/v1/agents/nobody/invoke', { input_text: QUESTION }, traceparent(3));
    expect({ status, trace_id: error.trace_id }).toEqual({ status: 404, trace_id: traceId(3) });
    const [request] = (await spansOf(3)).filter(({ kind }) => kind === SERVER);
    expect(request).toMatchObject({ status: 0, attributes: { 'http.response.status_code': 404 } });
  });
});

it('begins a trace where the caller has none, and sends it to the collector as the service that it is', async () => {
  const { error } = await app.http.as('org-a').get('/api/v1/projects/proj_none');
  expect(error.trace_id).toMatch(/^[\da-f]{32}$/);
  await eventually(
    async () => receiver.ofTrace(error.trace_id),
    (spans) => spans.some(({ kind, parent_id }) => kind === SERVER && parent_id === undefined),
  );
  expect([...receiver.paths]).toEqual(['POST /v1/traces application/json']);
  expect([...receiver.services]).toEqual(['nexus-under-test']);
});

it('traces no probes', async () => {
  await app.http.raw('GET', '/health/ready', undefined, traceparent(5));
  await app.http.as('org-a').post('/api/v1/agents/nobody/invoke', { input_text: 'x' }, traceparent(6));
  await spansOf(6);
  expect(receiver.ofTrace(traceId(5))).toEqual([]);
});

it('is whole for streamed answers too', async () => {
  const response = await app.http
    .as('org-a')
    .raw('POST', `${agent.path}/invoke`, JSON.stringify({ input_text: QUESTION }), {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...traceparent(8),
    });
  expect(await response.text()).toContain('event: done');
  const spans = await spansOf(8);
  const request = spans.find(({ kind }) => kind === SERVER);
  const invoked = spans.find(({ name }) => name.startsWith('invoke_agent '));
  expect(invoked?.parent_id).toBe(request?.span_id);
  const below = spans.filter(({ name }) => /^(chat|execute_tool) /.test(name));
  expect(below.map(({ name }) => name).sort()).toEqual([
    'chat nexus/offline',
    'chat nexus/offline',
    'execute_tool calculator',
  ]);
  expect(below.every(({ parent_id }) => parent_id === invoked?.span_id)).toBe(true);
});

it('makes each build a trace of its own, with its steps and their model calls', async () => {
  const builds = await eventually(
    async () => receiver.spans.filter(({ name }) => name === 'build'),
    (found) => found.length > 0,
  );
  const [build] = builds;
  expect(builds).toHaveLength(1);
  expect(build).toMatchObject({ parent_id: undefined, attributes: { 'nexus.project_id': agent.project_id } });
  const spans = receiver.ofTrace(build?.trace_id ?? '');
  const steps = spans.filter(({ name }) => name.startsWith('build_stage '));
  expect(steps).toHaveLength(8);
  expect(steps.every(({ parent_id }) => parent_id === build?.span_id)).toBe(true);
  const chats = spans.filter(({ name }) => name === 'chat nexus/offline');
  expect(chats.length).toBeGreaterThan(0);
  const ids = new Set(steps.map(({ span_id }) => span_id));
  expect(chats.filter(({ parent_id }) => !ids.has(parent_id ?? ''))).toEqual([]);
});

it('goes on at other hosts, and marks calls that fail', async () => {
  const headers: Record<string, unknown>[] = [];
  const host = createServer((request, response) => {
    headers.push(request.headers);
    response.end('hello');
  });
  host.listen(0, '127.0.0.1');
  await once(host, 'listening');
  const url = `http://127.0.0.1:${(host.address() as AddressInfo).port}/hook/s3cr3t?key=s3cr3t`;
  const call = () =>
    app.app.get(Tracing).within('caller', {}, async (span) => {
      await app.app
        .get(OutgoingHttp)
        .request({ url, timeout_ms: 2_000, max_bytes: 100 })
        .catch(() => undefined);
      return span.spanContext().traceId;
    });
  const trace_id = await call();
  host.closeAllConnections();
  host.close();
  await once(host, 'close');
  const failed_id = await call();
  const spans = await eventually(
    async () => receiver.spans.filter((span) => [trace_id, failed_id].includes(span.trace_id)),
    (found) => found.length === 4,
  );
  const [answered, refused] = [trace_id, failed_id].map((id) =>
    spans.find(({ name, trace_id: of }) => name === 'GET' && of === id),
  );
  expect(headers[0]?.['traceparent']).toBe(`00-${trace_id}-${answered?.span_id ?? ''}-01`);
  expect(answered).toMatchObject({ kind: CLIENT, status: 0, attributes: { 'http.response.status_code': 200 } });
  expect(refused).toMatchObject({ status: 2, attributes: { 'error.type': 'TypeError' } });
  expect(JSON.stringify(spans)).not.toContain('s3cr3t');
});
