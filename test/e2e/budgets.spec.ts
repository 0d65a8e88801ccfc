import type { LanguageModelV4, LanguageModelV4GenerateResult } from '@ai-sdk/provider';
import { type Budget, ledgersOf } from '../../src/budgets/budget.js';
import { BudgetExceededError } from '../../src/budgets/budgets.errors.js';
import { BudgetsRepository } from '../../src/budgets/budgets.repository.js';
import { BudgetsService, type BudgetState } from '../../src/budgets/budgets.service.js';
import { DatabaseConnection } from '../../src/platform/database/client/dynamodb-client.js';
import { startApp, type TestApp } from '../support/app.js';
import { builtAgent, type BuiltAgent } from '../support/built-agent.js';
import { watchDatabase } from '../support/database-calls.js';
import { publishedFlow, runWhen, startRun } from '../support/flows.js';
import { eventually, HttpClient } from '../support/http.js';
import { PrometheusText } from '../support/prometheus-text.js';
import { registeredAgent } from '../support/registered-agent.js';
import { startBeside } from '../support/shared-app.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

/** US dollars per million tokens, so that a token of either model costs one dollar. */
const DOLLAR_A_TOKEN = 1_000_000;
const MODEL = 'test/priced';
const PRICES = {
  MODEL_PRICES: JSON.stringify({
    [MODEL]: { input: DOLLAR_A_TOKEN, output: DOLLAR_A_TOKEN },
    'nexus/offline': { input: 1, output: 1 },
  }),
};
const OUTPUT_TOKENS = 100;
const CALL = {
  prompt: [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'How much?' }] }],
  maxOutputTokens: OUTPUT_TOKENS,
};
/** What is held for the call: a token for each byte of its input, and its whole output. */
const HELD = Buffer.byteLength(JSON.stringify([CALL.prompt, undefined, undefined])) + OUTPUT_TOKENS;

let app: TestApp;
let other: TestApp;
let agent: BuiltAgent;
let receiver: WebhookReceiver;

beforeAll(async () => {
  app = await startApp(PRICES);
  other = await startBeside(app, undefined, PRICES);
  agent = await registeredAgent(app, { agent_name: 'spender' });
  receiver = await WebhookReceiver.start();
});
afterAll(async () => {
  await other.close();
  await app.close();
  await receiver.stop();
});

const service = ({ app: nest }: TestApp) => nest.get(BudgetsService, { strict: false });
const repository = () => app.app.get(BudgetsRepository, { strict: false });
const budgetPath = (scope: string, id: string) => `/api/v1/budgets/${scope}/${encodeURIComponent(id)}`;
const invoke = (own = agent, http = app.http) => http.post(`${own.path}/invoke`, { input_text: 'Say hello.' });

/** Counts its calls and answers when it is let go. */
function gatedModel(usage: { input: number; output: number }) {
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const seen = { calls: 0 };
  const model: LanguageModelV4 = {
    specificationVersion: 'v4',
    provider: 'test',
    modelId: MODEL,
    supportedUrls: {},
    doGenerate: async () => {
      seen.calls += 1;
      await gate;
      return {
        content: [{ type: 'text', text: 'One dollar.' }],
        finishReason: { unified: 'stop', raw: 'stop' },
        usage: {
          inputTokens: { total: usage.input, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
          outputTokens: { total: usage.output, text: undefined, reasoning: undefined },
        },
        warnings: [],
      } satisfies LanguageModelV4GenerateResult;
    },
    doStream: () => Promise.reject(new Error('is not streamed here')),
  };
  return { model, seen, open: () => open() };
}

async function budgetOf(org_id: string, scope: string, id: string): Promise<BudgetState> {
  return service(app).get(org_id, scope as Budget['scope'], id);
}

describe('a hard budget', () => {
  it('lets none of 64 parallel calls of two processes exceed the last cent', async () => {
    const org = 'org-race';
    const limit = HELD * 10 + HELD - 1;
    const set = await app.http
      .as(org)
      .put(budgetPath('organization', org), { usd_per_day: limit, tokens_per_month: limit });
    expect(set.status).toBe(200);
    const { model, seen, open } = gatedModel({ input: 9, output: OUTPUT_TOKENS });
    const metered = [app, other].map((platform) => service(platform).metered(model, { org_id: org }));
    const outcomes = Array.from({ length: 64 }, async (_, index) => metered[index % 2]?.doGenerate(CALL));
    const ended = Promise.allSettled(outcomes);
    const running = await eventually(
      () => budgetOf(org, 'organization', org),
      ({ windows }) => seen.calls === 10 && windows.every(({ tokens }) => tokens.held === HELD * 10),
    );
    expect(running.windows.map(({ usd, tokens }) => [usd.held, tokens.held])).toEqual([
      [HELD * 10, HELD * 10],
      [HELD * 10, HELD * 10],
    ]);
    const refused = outcomes.map((outcome) => outcome.then(() => 'answered').catch((error: unknown) => error));
    // The model answers only when each of the others was refused.
    let decided = 0;
    for (const outcome of refused) void outcome.then(() => (decided += 1));
    await eventually(
      async () => decided,
      (count) => count === 54,
    );
    open();
    const all = await ended;
    expect(seen.calls).toBe(10);
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    const [first] = all.flatMap((one) => (one.status === 'rejected' ? [one.reason as BudgetExceededError] : []));
    expect(first).toBeInstanceOf(BudgetExceededError);
    expect(first?.details).toMatchObject({ scope: 'organization', scope_id: org, unit: 'usd', limit, needed: HELD });
    const after = await budgetOf(org, 'organization', org);
    const spent = { spent: 10 * (9 + OUTPUT_TOKENS), held: 0, limit };
    expect(after.windows.map(({ usd }) => usd)).toEqual([spent, { ...spent, limit: null }]);
    expect(after.windows.map(({ tokens }) => tokens)).toEqual([{ ...spent, limit: null }, spent]);
  });

  it('gives back what a dead process holds', async () => {
    const org = 'org-dead';
    await app.http.as(org).put(budgetPath('organization', org), { tokens_per_day: HELD });
    const [ledger] = ledgersOf(await budgetOf(org, 'organization', org), new Date());
    if (!ledger) throw new Error('The budget has no window');
    const past = Date.now() - 1;
    expect(await repository().hold(ledger, 'of_the_dead', { nano_usd: 0, tokens: HELD, until: past })).toBeUndefined();
    const { model, seen, open } = gatedModel({ input: 5, output: 5 });
    open();
    await service(app).metered(model, { org_id: org }).doGenerate(CALL);
    expect(seen.calls).toBe(1);
    expect((await budgetOf(org, 'organization', org)).windows[0]?.tokens).toEqual({ limit: HELD, spent: 10, held: 0 });
    // The process was not dead, only slow: its call is counted once, however often the write is sent.
    const hold = { nano_usd: 0, tokens: HELD };
    await repository().settle(ledger, 'of_the_dead', hold, { nano_usd: 0, tokens: 7 });
    await repository().settle(ledger, 'of_the_dead', hold, { nano_usd: 0, tokens: 7 });
    expect((await budgetOf(org, 'organization', org)).windows[0]?.tokens.spent).toBe(17);
  });

  it('gives back what a failed call held', async () => {
    const org = 'org-failed';
    await app.http.as(org).put(budgetPath('organization', org), { tokens_per_day: HELD });
    const { model } = gatedModel({ input: 5, output: 5 });
    const broken = { ...model, doGenerate: () => Promise.reject(new Error('The provider is down')) };
    const call = service(app).metered(broken, { org_id: org }).doGenerate(CALL);
    await expect(call).rejects.toThrow('The provider is down');
    expect((await budgetOf(org, 'organization', org)).windows[0]?.tokens).toEqual({ limit: HELD, spent: 0, held: 0 });
  });

  it('refuses a model without a price where it is in US dollars', async () => {
    const org = 'org-unpriced';
    await app.http.as(org).put(budgetPath('organization', org), { usd_per_day: 5 });
    const { model, seen } = gatedModel({ input: 5, output: 5 });
    const call = service(app)
      .metered({ ...model, modelId: 'test/unpriced' }, { org_id: org })
      .doGenerate(CALL);
    await expect(call).rejects.toMatchObject({ code: 'BUDGET_EXCEEDED', details: { model: 'test/unpriced' } });
    expect(seen.calls).toBe(0);
  });
});

describe('budgets over HTTP', () => {
  it('refuse an invocation with 402, record it, and show what is left', async () => {
    const own = await registeredAgent(app, { agent_name: 'limited' });
    await app.http.put(budgetPath('agent', own.agent_id), { tokens_per_day: 1_000_000, usd_per_day: 1 });
    const answered = await invoke(own);
    expect(answered.status).toBe(200);
    const { usage } = answered.data as { usage: { input_tokens: number; output_tokens: number } };
    const used = usage.input_tokens + usage.output_tokens;
    expect(answered.headers.get('budget-policy')).toBe('"agent-day-usd";q=1;w=day, "agent-day-tokens";q=1000000;w=day');
    expect(answered.headers.get('budget')).toMatch(
      new RegExp(`^"agent-day-usd";r=${1 - used / 1_000_000};t=\\d+, "agent-day-tokens";r=${1_000_000 - used};t=\\d+$`),
    );
    await app.http.put(budgetPath('agent', own.agent_id), { tokens_per_day: used + 1 });
    const refused = await invoke(own);
    expect([refused.status, refused.error.code]).toEqual([402, 'BUDGET_EXCEEDED']);
    expect(refused.error.details).toMatchObject({
      scope: 'agent',
      scope_id: own.agent_id,
      window: 'day',
      unit: 'tokens',
      spent: used,
    });
    const { data } = await app.http.get<{ status: string; error: unknown }>(
      `/api/v1/invocations/${String(refused.error.details['invocation_id'])}`,
    );
    expect(data).toMatchObject({ status: 'failed', error: { code: 'BUDGET_EXCEEDED', reason: 'limit' } });
    const statistics = await app.http.get<BudgetState[]>('/api/v1/statistics/budgets');
    expect(statistics.data.find(({ scope_id }) => scope_id === own.agent_id)?.windows[0]?.tokens.spent).toBe(used);
    expect((await app.http.delete(own.path)).status).toBe(200);
    expect((await app.http.get(budgetPath('agent', own.agent_id))).status).toBe(404);
  });

  it('count on the project and the API key of a run', async () => {
    const key = await app.http.post<{ key_id: string; api_key: string }>('/api/v1/api-keys', {
      name: 'Spender',
      roles: ['developer'],
    });
    const { key_id, api_key } = key.data;
    await app.http.put(budgetPath('key', key_id), { tokens_per_month: 1_000_000 });
    const byKey = await app.http
      .anonymous()
      .post(`${agent.path}/invoke`, { input_text: 'Say hello.' }, { 'x-api-key': api_key });
    const { usage } = byKey.data as { usage: { input_tokens: number; output_tokens: number } };
    await invoke();
    const { data } = await app.http.get<BudgetState>(budgetPath('key', key_id));
    expect(data.windows[0]?.tokens.spent).toBe(usage.input_tokens + usage.output_tokens);
    expect((await app.http.delete(`/api/v1/api-keys/${key_id}`)).status).toBe(200);
    expect((await app.http.get(budgetPath('key', key_id))).status).toBe(404);
  });

  it('count builds, and the agents of flow runs, on the API key that started them, and on no other', async () => {
    const org = 'org-started';
    const owner = app.http.as(org);
    const keyed = async (name: string) => {
      const key = await owner.post<{ key_id: string; api_key: string }>('/api/v1/api-keys', {
        name,
        roles: ['developer'],
      });
      const { key_id, api_key } = key.data;
      await owner.put(budgetPath('key', key_id), { tokens_per_month: 100_000_000, enforcement: 'soft' });
      return { http: new HttpClient(app.http.url, { 'x-api-key': api_key }), key_id };
    };
    const spentBy = async (scope: string, id: string) => {
      const { data } = await owner.get<BudgetState>(budgetPath(scope, id));
      return data.windows[0]?.tokens.spent;
    };
    const [first, second] = [await keyed('First'), await keyed('Second')];
    await owner.put(budgetPath('organization', org), { tokens_per_month: 100_000_000, enforcement: 'soft' });
    const { agent_id } = await builtAgent(first.http);
    const built = await spentBy('organization', org);
    expect(built).toBeGreaterThan(1_000);
    expect(await spentBy('key', first.key_id)).toBe(built);

    const flow_id = await publishedFlow(owner, {
      timeout_seconds: 60,
      steps: [{ id: 'ask', agent: { agent_id, input: 'Say hello.' } }],
    });
    const { run_id } = await startRun(second.http, flow_id);
    const run = await runWhen(second.http, run_id);
    expect(run.status).toBe('completed');
    const asked = Number(await spentBy('organization', org)) - Number(built);
    expect(asked).toBeGreaterThan(10);
    expect(await spentBy('key', second.key_id)).toBe(asked);
    expect(await spentBy('key', first.key_id)).toBe(built);
  });

  it.each([
    ['agent', 'proj_none:nothing', { usd_per_day: 1 }, 404, 'RESOURCE_NOT_FOUND'],
    ['organization', 'another', { usd_per_day: 1 }, 404, 'RESOURCE_NOT_FOUND'],
    ['galaxy', 'default', { usd_per_day: 1 }, 400, 'VALIDATION_ERROR'],
    ['organization', 'default', {}, 400, 'VALIDATION_ERROR'],
    ['organization', 'default', { usd_per_day: -1 }, 400, 'VALIDATION_ERROR'],
  ])('%s %s with %j is refused', async (scope, id, body, status, code) => {
    const answer = await app.http.put(budgetPath(scope, id), body);
    expect([answer.status, answer.error.code]).toEqual([status, code]);
  });

  it.each([
    ['project', 'Project'],
    ['agent', 'Agent'],
    ['key', 'API key'],
  ])('of a %s that does not exist is refused by its name', async (scope, type) => {
    const { error } = await app.http.put(budgetPath(scope, 'none'), { usd_per_day: 1 });
    expect([error.message, error.details['type']]).toEqual([`${type} not found`, type]);
  });

  it('without a limit is refused with a reason that stands alone', async () => {
    const { error } = await app.http.put(budgetPath('organization', 'default'), {});
    expect(error.details.fields).toEqual({
      usd_per_day: ['is required unless another limit is set; DELETE removes the budget'],
    });
  });
});

describe('a soft budget', () => {
  it('reports each threshold once, by webhook and metric, and refuses nothing', async () => {
    const org = 'org-soft';
    const body = { tokens_per_day: 100, enforcement: 'soft', webhook_url: receiver.url('/budget') };
    await app.http.as(org).put(budgetPath('organization', org), body);
    const { model, open } = gatedModel({ input: 5, output: 50 });
    open();
    const metered = service(app).metered(model, { org_id: org });
    await metered.doGenerate(CALL);
    await metered.doGenerate(CALL);
    const calls = await eventually(
      async () => receiver.at('/budget'),
      ({ length }) => length === 3,
    );
    const told = calls.map((call) => JSON.parse(call.body) as { type: string; data: Record<string, unknown> });
    expect(told.map(({ type }) => type)).toEqual(Array.from({ length: 3 }, () => 'budget.threshold_reached'));
    expect(told.map(({ data }) => data['threshold_percent']).sort((a, b) => Number(a) - Number(b))).toEqual([
      50, 80, 100,
    ]);
    expect(calls[0]?.headers['webhook-signature']).toMatch(/^v1,/);
    const text = new PrometheusText(await (await app.http.raw('GET', '/health/metrics')).text());
    for (const threshold of ['50', '80', '100'])
      expect(
        text.value('nexus_budget_thresholds_total', { scope: 'organization', window: 'day', threshold }),
      ).toBeGreaterThanOrEqual(1);
    await metered.doGenerate(CALL);
    expect((await budgetOf(org, 'organization', org)).windows[0]).toMatchObject({ used_percent: 165 });
    expect(receiver.at('/budget')).toHaveLength(3);
  });
});

it('costs no database call where no budget is set', async () => {
  const before = performance.now();
  await invoke();
  const seen: string[] = [];
  watchDatabase(app.app.get(DatabaseConnection, { strict: false }).client, (_, input) => {
    if (input.includes('PlatformBudgets')) seen.push(input);
  });
  for (let count = 0; count < 5; count += 1) await invoke();
  // The list that a process keeps is renewed in the background, every five seconds at most.
  expect(seen.length).toBeLessThanOrEqual(Math.floor((performance.now() - before) / 5_000));
});
