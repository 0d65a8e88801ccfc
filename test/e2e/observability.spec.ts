import { startApp, type TestApp } from '../support/app.js';
import { type BuiltAgent, builtAgent } from '../support/built-agent.js';
import { eventually, type HttpClient } from '../support/http.js';
import { PrometheusText } from '../support/prometheus-text.js';

let app: TestApp;
let agent: BuiltAgent;
beforeAll(async () => {
  app = await startApp();
  agent = await builtAgent(app.http.as('org-a'));
});
afterAll(() => app.close());

const scrape = async () => new PrometheusText(await (await app.http.raw('GET', '/health/metrics')).text());

describe('metrics of requests', () => {
  it('count and time by route template, method and status', async () => {
    const route = '/api/v1/projects/:project_id';
    const labels = { method: 'GET', route, status: '404' };
    const before = await scrape();
    for (const id of ['proj_a', 'proj_b', 'proj_c']) await app.http.as('org-a').get(`/api/v1/projects/${id}`);
    const after = await scrape();
    const grown = (name: string) => (after.value(name, labels) ?? 0) - (before.value(name, labels) ?? 0);
    expect(grown('http_requests_total')).toBe(3);
    expect(grown('http_request_duration_seconds_count')).toBe(3);
    expect(grown('http_request_duration_seconds_sum')).toBeGreaterThan(0);
    expect(after.value('http_request_duration_seconds_bucket', { ...labels, le: '+Inf' })).toBe(
      after.value('http_request_duration_seconds_count', labels),
    );
    // The scrape itself is being answered while it is written.
    expect(after.value('http_requests_in_flight')).toBe(1);
  });

  it('name the routes of A2A by the whole path', async () => {
    const paths = ['/a2a/agents/none/message:send', '/a2a/tasks/none:subscribe', '/a2a/nowhere'];
    for (const path of paths)
      await app.http.as('org-a').raw('POST', path, '{}', { 'content-type': 'application/json' });
    const routes = (await scrape()).all('http_requests_total').map(({ labels }) => labels['route']);
    expect(routes).toEqual(
      expect.arrayContaining(['/a2a/agents/:agent_id/message:send', '/a2a/tasks/:taskId:subscribe', '/a2a/*path']),
    );
  });

  it('make no series of unknown paths, whatever callers send', async () => {
    const seriesOf = async () =>
      (await scrape()).all('http_requests_total').filter(({ labels }) => labels['route'] !== '/health/metrics').length;
    await app.http.get('/nowhere');
    await app.http.get('/api/v1/nowhere');
    const before = await seriesOf();
    for (let index = 0; index < 20; index++) {
      await app.http.get(`/nowhere-${index}`);
      await app.http.get(`/api/v1/nowhere-${index}?page=${index}`);
    }
    expect(await seriesOf()).toBe(before);
    expect(JSON.stringify((await scrape()).samples)).not.toContain('nowhere-1');
  });
});

describe('metrics of work', () => {
  it('count builds by ending and time each of their steps', async () => {
    const metrics = await scrape();
    expect(metrics.value('nexus_build_runs_total', { ending: 'completed' })).toBe(1);
    const steps = metrics.all('nexus_build_stage_duration_seconds_count');
    expect(
      Object.fromEntries(steps.map(({ labels, value }) => [`${labels['stage']} ${labels['outcome']}`, value])),
    ).toEqual({
      'orchestrator completed': 1,
      'requirements_analysis completed': 1,
      'system_architecture completed': 1,
      'agent_design completed': 1,
      'tool_developer completed': 1,
      'prompt_engineer completed': 1,
      'agent_code_developer completed': 1,
      'agent_deployer completed': 1,
    });
    expect(metrics.value('nexus_build_tokens_total', { direction: 'input' })).toBeGreaterThan(0);
    expect(metrics.value('nexus_builds', { status: 'queued' })).toBe(0);
    expect(metrics.value('nexus_builds', { status: 'running' })).toBe(0);
    expect(metrics.value('nexus_build_queue_oldest_seconds')).toBe(0);
    expect(metrics.value('nexus_builds_stalled')).toBe(0);
  });

  it('count invocations by runtime and outcome, with the tokens that the answer names', async () => {
    const before = await scrape();
    const { data } = await app.http
      .as('org-a')
      .post<{ usage: { input_tokens: number; output_tokens: number } }>(`${agent.path}/invoke`, {
        input_text: 'What is 12 * 34?',
      });
    const after = await scrape();
    const grown = (name: string, labels: Record<string, string>) =>
      (after.value(name, labels) ?? 0) - (before.value(name, labels) ?? 0);
    expect(grown('nexus_invocations_total', { runtime: 'local', outcome: 'success' })).toBe(1);
    expect(grown('nexus_invocation_duration_seconds_count', { runtime: 'local', outcome: 'success' })).toBe(1);
    expect(grown('nexus_invocation_tokens_total', { runtime: 'local', direction: 'input' })).toBe(
      data.usage.input_tokens,
    );
    expect(grown('nexus_invocation_tokens_total', { runtime: 'local', direction: 'output' })).toBe(
      data.usage.output_tokens,
    );
    expect(JSON.stringify(after.samples)).not.toContain(agent.agent_id);
    const model = { provider: 'offline', model: 'nexus/offline' };
    expect(grown('nexus_model_call_duration_seconds_count', { ...model, outcome: 'success' })).toBe(2);
  });

  it('count what the database did, with the capacity that it took', async () => {
    const metrics = await scrape();
    const operations = metrics.all('nexus_dynamodb_calls_total').map(({ labels }) => labels['operation']);
    expect(operations).toEqual(expect.arrayContaining(['GetItem', 'Query', 'TransactWriteItems']) as unknown);
    const calls = metrics
      .all('nexus_dynamodb_calls_total', { operation: 'Query' })
      .reduce((sum, { value }) => sum + value, 0);
    expect(metrics.value('nexus_dynamodb_call_duration_seconds_count', { operation: 'Query' })).toBe(calls);
    const capacity = metrics.all('nexus_dynamodb_consumed_capacity_units_total');
    expect(capacity.map(({ labels }) => labels['table'])).toEqual(
      expect.arrayContaining(['AgentProjects', 'AgentInstances']) as unknown,
    );
    // DynamoDB Local takes nothing for a query that finds nothing.
    expect(capacity.every(({ value }) => value >= 0)).toBe(true);
    const ofProjects = capacity.filter(({ labels }) => labels['table'] === 'AgentProjects');
    expect(Math.max(...ofProjects.map(({ value }) => value))).toBeGreaterThan(0);
    // Nothing was throttled, so nothing is said of it.
    expect(metrics.all('nexus_dynamodb_throttles_total')).toEqual([]);
  });

  it('say that the counters have caught up', async () => {
    await app.http.as('org-a').get('/api/v1/statistics/overview');
    await eventually(
      async () => (await scrape()).value('nexus_statistics_uncounted_age_seconds', { source: 'invocations' }),
      (age) => age === 0,
    );
  });
});

it('tells authenticated callers, and nobody else, what their answer waited for', async () => {
  const timingOf = async (http: HttpClient, path: string, body: object) =>
    (await http.post(path, body)).headers.get('server-timing');
  const run = [`${agent.path}/invoke`, { input_text: 'Hello.' }] as const;
  expect(await timingOf(app.http.as('org-a'), ...run)).toMatch(
    /^total;dur=[\d.]+, db;dur=[\d.]+;desc="\d+ calls", model;dur=[\d.]+;desc="1 call"$/,
  );
  expect(await timingOf(app.http.anonymous(), ...run)).toBeNull();
  const signIn = { email: 'nobody@example.com', password: 'wrong password' };
  expect(await timingOf(app.http.anonymous(), '/api/v1/auth/login', signIn)).toBeNull();
});

it('shows the process as it is', async () => {
  const metrics = await scrape();
  expect(metrics.value('nexus_ready')).toBe(1);
  expect(metrics.value('nexus_disk_free_ratio')).toBeGreaterThan(0);
  expect(metrics.value('nexus_disk_free_ratio')).toBeLessThan(1);
  expect(metrics.value('process_resident_memory_bytes')).toBeGreaterThan(20e6);
  expect(metrics.names).toEqual(
    new Set([...metrics.names, 'nodejs_eventloop_lag_p99_seconds', 'nodejs_gc_duration_seconds_count']),
  );
});
