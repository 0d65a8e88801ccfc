import type { AgentEvent, AgentRun } from '../../src/runtimes/agent-runtime.js';
import { startApp, type TestApp } from '../support/app.js';
import { ObedientRuntime } from '../support/obedient-runtime.js';
import { registeredAgent } from '../support/registered-agent.js';
import { publishedFlow, ranFlow, runWhen, startRun } from '../support/flows.js';
import { type Service, shop, SHOP_DOCUMENT } from '../support/tool-services.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

/** Each run costs what its input says, at most what its limits allow. */
class PricedRuntime extends ObedientRuntime {
  readonly limits: (number | undefined)[] = [];

  override async *run(run: AgentRun): AsyncGenerator<AgentEvent> {
    const price = Number(/^cost (\S+)$/.exec(run.input)?.[1] ?? 0);
    this.limits.push(run.definition.limits.max_cost_usd);
    for await (const event of super.run(run))
      yield event.type === 'done' ? { ...event, result: { ...event.result, cost_usd: price } } : event;
  }
}

let app: TestApp;
let store: Service;
let receiver: WebhookReceiver;
let agent_id: string;
const runtime = new PricedRuntime();

beforeAll(async () => {
  [app, store, receiver] = await Promise.all([startApp({}, runtime), shop(), WebhookReceiver.start()]);
  ({ agent_id } = await registeredAgent(app));
  await app.http.post('/api/v1/tools', {
    ...{ kind: 'openapi', name: 'shop', description: 'The shop', agent_id },
    config: { document: SHOP_DOCUMENT, server_url: store.url },
    credential: { type: 'bearer', token: 'a-secret-of-the-shop' },
  });
});
afterAll(async () => {
  await app.close();
  await Promise.all([store.close(), receiver.stop()]);
});

const retry = { max_attempts: 2, initial_seconds: 0.01 };

describe('definitions', () => {
  it('are kept with their faults, validated with every fault, and refused by publish with every reason', async () => {
    const definition = {
      steps: [
        { id: 'a', call: { integration: 'shop', operation: 'getOrder', input: { number: '1' } } },
        { id: 'b', call: { integration: 'shop', operation: 'addCategory', input: { body: { name: 'x' } } } },
        { id: 'c', call: { integration: 'store', operation: 'x' } },
        { id: 'd', agent: { agent_id: 'proj_x:nobody', input: 'hi' } },
        { id: 'e', flow: { flow_id: 'flow_x' } },
        { id: 'f', webhook: { url: 'ftp://a.example' } },
        { id: 'g', call: { integration: 'shop', operation: 'fly' } },
        { id: 'h', tool: { name: 'calculator', input: { expression: '1 + 1' } } },
      ],
    };
    const created = await app.http.post<{ flow_id: string; faults: unknown[] }>('/api/v1/flows', {
      name: 'faulty',
      definition,
    });
    expect({ status: created.status, faults: created.data.faults }).toEqual({ status: 201, faults: [] });
    const validated = await app.http.post<{ valid: boolean; faults: { path: string; code: string }[] }>(
      '/api/v1/flows/validate',
      { definition },
    );
    const reasons = [
      'timeout_seconds timeout',
      'steps[1].idempotency_key idempotency_key',
      'steps[1].retry retry',
      'steps[2].call.integration reference',
      'steps[3].agent.agent_id reference',
      'steps[4].flow.flow_id reference',
      'steps[5].webhook.url reference',
      'steps[5].idempotency_key idempotency_key',
      'steps[5].retry retry',
      'steps[6].call.operation reference',
    ];
    expect(validated.data.faults.map(({ path, code }) => `${path} ${code}`)).toEqual(reasons);
    const { status, error } = await app.http.post(`/api/v1/flows/${created.data.flow_id}/publish`);
    const faults = error.details['faults'] as { path: string; code: string }[];
    expect({ status, code: error.code }).toEqual({ status: 422, code: 'DOCUMENT_INVALID' });
    expect(faults.map(({ path, code }) => `${path} ${code}`)).toEqual(reasons);
    const run = await app.http.post(`/api/v1/flows/${created.data.flow_id}/runs`);
    expect({ status: run.status, code: run.error.code }).toEqual({ status: 400, code: 'INVALID_STATE' });
  });

  it('change by revision, keep published versions, and can be restored', async () => {
    const flow_id = await publishedFlow(app.http, { timeout_seconds: 60, steps: [{ id: 'a', transform: '1' }] }, 'v');
    const path = `/api/v1/flows/${flow_id}`;
    const definition = { timeout_seconds: 60, steps: [{ id: 'a', transform: '2' }] };
    const stale = await app.http.put(path, { revision: 1, definition });
    expect({ status: stale.status, revision: stale.error.details['revision'] }).toEqual({ status: 409, revision: 2 });
    expect((await app.http.put(path, { revision: 2, definition })).data).toMatchObject({ status: 'draft', version: 1 });
    expect((await startRun(app.http, flow_id, { wait_seconds: 10 })).steps[0]?.output).toBe(1);
    expect((await app.http.post(`${path}/publish`)).data).toMatchObject({ status: 'published', version: 2 });
    const second = await startRun(app.http, flow_id, { wait_seconds: 10 });
    const first = await startRun(app.http, flow_id, { wait_seconds: 10, version: 1 });
    expect([second.steps[0]?.output, first.steps[0]?.output]).toEqual([2, 1]);
    const versions = await app.http.get<{ versions: { version: number }[] }>(`${path}/versions`);
    expect(versions.data.versions.map(({ version }) => version)).toEqual([2, 1]);
    const restored = await app.http.post(`${path}/versions/1/restore`);
    expect(restored.data).toMatchObject({ status: 'draft', definition: { steps: [{ transform: '1' }] } });
    expect((await app.http.get(`${path}/versions/9`)).status).toBe(404);
    expect((await app.http.delete(path)).data).toMatchObject({ status: 'archived' });
    expect((await app.http.post(`${path}/runs`)).status).toBe(400);
  });

  it('go in and out as YAML', async () => {
    const yaml = `
name: From YAML
definition:
  timeout_seconds: 60
  steps:
    - id: a
      transform: "1 + 1"
  output: "\${{ steps.a.output }}"
`;
    const headers = { 'content-type': 'application/yaml' };
    const created = await app.http.raw('POST', '/api/v1/flows', yaml, headers);
    const { data } = (await created.json()) as { data: { flow_id: string; revision: number } };
    expect(created.status).toBe(201);
    const path = `/api/v1/flows/${data.flow_id}`;
    const read = await app.http.raw('GET', path, undefined, { accept: 'application/yaml' });
    const text = await read.text();
    expect(read.headers.get('content-type')).toContain('application/yaml');
    expect(text).toContain('transform: 1 + 1');
    const changed = await app.http.raw('PUT', path, text.replace('1 + 1', '2 + 2'), headers);
    expect(changed.status).toBe(200);
    await app.http.post(`${path}/publish`);
    expect((await startRun(app.http, data.flow_id, { wait_seconds: 10 })).output).toBe(4);
    const bomb = `a: &a [x, x, x, x, x, x, x, x]\n${'bcdefgh'
      .split('')
      .map((name, at) => `${name}: &${name} [${Array.from({ length: 8 }, () => `*${'abcdefgh'[at]}`).join(', ')}]`)
      .join('\n')}`;
    for (const text of [bomb, 'a: [', '- 1', 'a: !!js/function "x"']) {
      const refused = await app.http.raw('POST', '/api/v1/flows', text, headers);
      expect([text.slice(0, 10), refused.status]).toEqual([text.slice(0, 10), 400]);
    }
  });

  it('belong to their organization, and viewers only read', async () => {
    const flow_id = await publishedFlow(app.http, { timeout_seconds: 60, steps: [{ id: 'a', transform: '1' }] });
    const { run_id } = await startRun(app.http, flow_id, { wait_seconds: 10 });
    const stranger = app.http.as('stranger');
    const paths = [`/api/v1/flows/${flow_id}`, `/api/v1/flow-runs/${run_id}`, `/api/v1/flows/${flow_id}/runs`];
    const answers = await Promise.all(paths.map((path) => stranger.get(path)));
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
    const viewer = app.http.as('default', 'viewer', ['viewer']);
    expect((await viewer.get(`/api/v1/flow-runs/${run_id}`)).status).toBe(200);
    expect((await viewer.post(`/api/v1/flows/${flow_id}/runs`, {})).status).toBe(403);
    const listed = await app.http.get<{ runs: { run_id: string }[] }>(
      `/api/v1/flow-runs?status=completed&flow_id=${flow_id}`,
    );
    expect(listed.data.runs.map((run) => run.run_id)).toEqual([run_id]);
  });
});

describe('steps that reach outside', () => {
  it('call operations with their credential and key, run agents, code and tools, and sign webhooks', async () => {
    const run = await ranFlow(
      app.http,
      {
        steps: [
          { id: 'order', call: { integration: 'shop', operation: 'getOrder', input: { number: '${{ input.n }}' } } },
          {
            ...{ id: 'category', needs: ['order'], idempotency_key: 'cat-${{ input.n }}', retry },
            call: {
              integration: 'shop',
              operation: 'addCategory',
              input: { body: { name: '${{ steps.order.output.state }}' } },
            },
          },
          { id: 'judge', needs: ['order'], agent: { agent_id, input: 'Is ${{ steps.order.output.number }} fine?' } },
          {
            id: 'code',
            needs: ['order'],
            code: { source: 'const run = (input) => ({ twice: input.n + input.n });', input: { n: '${{ input.n }}' } },
          },
          { id: 'sum', tool: { name: 'calculator', input: { expression: '20 + 1' } } },
          {
            ...{ id: 'tell', needs: ['judge'], idempotency_key: 'tell-${{ input.n }}', retry },
            webhook: { url: receiver.url('/200'), body: { answer: '${{ steps.judge.output.text }}' } },
          },
        ],
        output: {
          category: '${{ steps.category.output.name }}',
          answer: '${{ steps.judge.output.text }}',
          twice: '${{ steps.code.output.twice }}',
          sum: '${{ steps.sum.output.result }}',
        },
      },
      { input: { n: 'A7' } },
    );
    expect(run).toMatchObject({
      status: 'completed',
      output: { category: 'shipped', answer: '0: Is A7 fine?', twice: 'A7A7', sum: '21' },
    });
    expect(store.seen.at(-1)).toMatchObject({ path: '/categories', authorization: 'Bearer a-secret-of-the-shop' });
    const [call] = receiver.at('/200');
    expect(call?.headers).toMatchObject({
      'webhook-id': `${run.run_id}.tell`,
      'webhook-signature': expect.stringMatching(/^v1,/) as string,
      'idempotency-key': 'tell-A7',
    });
    expect(JSON.stringify(run)).not.toContain('a-secret-of-the-shop');
    const invocation = run.steps.find(({ step_id }) => step_id === 'judge')?.attempts[0]?.request_id;
    expect((await app.http.get(`/api/v1/invocations/${invocation}`)).status).toBe(200);
  });

  it('are left out by a dry run where they write, cost or wait, and say so', async () => {
    const [calls, seen] = [receiver.calls.length, store.seen.length];
    const flow_id = await publishedFlow(app.http, {
      timeout_seconds: 600,
      steps: [
        { id: 'order', call: { integration: 'shop', operation: 'getOrder', input: { number: '5' } } },
        {
          ...{ id: 'category', needs: ['order'], idempotency_key: 'x', retry },
          call: { integration: 'shop', operation: 'addCategory', input: { body: { name: 'x' } } },
        },
        { id: 'judge', agent: { agent_id, input: 'hi' } },
        { id: 'person', approval: {} },
        { id: 'wait', wait: { seconds: 3600 } },
        { id: 'tell', webhook: { url: receiver.url('/200') }, idempotency_key: 'x', retry },
      ],
    });
    const run = await startRun(app.http, flow_id, { dry_run: true, wait_seconds: 20 });
    expect(run.status).toBe('completed');
    expect(run.steps.map(({ step_id, note }) => [step_id, note !== undefined])).toEqual([
      ['order', false],
      ['category', true],
      ['judge', true],
      ['person', true],
      ['wait', true],
      ['tell', true],
    ]);
    expect(store.seen.slice(seen).map(({ method }) => method)).toEqual(['GET']);
    expect(receiver.calls).toHaveLength(calls);
  });

  it('stop before a run exceeds its budget', async () => {
    const agent = (id: string, needs: string[] = []) => ({ id, needs, agent: { agent_id, input: 'cost 0.4' } });
    const flow_id = await publishedFlow(app.http, {
      timeout_seconds: 600,
      steps: [agent('a'), agent('b'), agent('c', ['a', 'b']), agent('d', ['c'])],
    });
    runtime.limits.length = 0;
    const { run_id } = await startRun(app.http, flow_id, { max_cost_usd: 1 });
    const run = await runWhen(app.http, run_id);
    expect(run).toMatchObject({ status: 'failed', error: { code: 'BUDGET_EXCEEDED', step_id: 'd' } });
    expect(runtime.limits.map((limit) => limit?.toFixed(2))).toEqual(['1.00', '0.60', '0.20']);
  });
});
