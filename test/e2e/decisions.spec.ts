import { AuditLog } from '../../src/identity/audit/audit-log.js';
import { startApp, type TestApp } from '../support/app.js';
import { eventually, type HttpClient } from '../support/http.js';
import { type ModelServer, startModelServer } from '../support/model-server.js';
import { ObedientRuntime } from '../support/obedient-runtime.js';
import { registeredAgent } from '../support/registered-agent.js';

interface Decision {
  decision_id: string;
  decision: string;
  rationale: string;
  model: string;
  implementation_plan: { phase: string; activities: string[] }[];
  analysis: {
    risk: { overall: number; partnership: number };
    simulation: { probability_roi_positive: number };
    partnerships: { id: string; health: string; score: number | null }[];
    alternatives: { name: string }[];
    recommended: string | null;
    missing_inputs: string[];
    track_record: { outcomes: number; brier_score: number | null };
    words: { source: string; reason: string | null };
  };
  outcome: { success: boolean; recorded_by: string } | null;
  context: Record<string, unknown>;
}
interface History {
  decisions: { decision_id: string; decision: string; outcome: unknown }[];
  total: number;
  last_key: string | null;
  calibration: {
    decisions: number;
    outcomes: number;
    brier_score: number | null;
    bias: { cost: { mean_error_percent: number | null } };
    by_decision: Record<string, number>;
  };
}

const API = '/api/v1/orchestration';
const CONTEXT = {
  business_goal: 'Sell in Portugal',
  customer_impact: 20_000,
  estimated_cost: 100,
  expected_revenue: 400,
};

let app: TestApp;
let organisations = 0;
beforeAll(async () => {
  app = await startApp({ PARTNERSHIP_TICK_MS: '50' }, new ObedientRuntime());
});
afterAll(() => app.close());

/** Each test has an organisation of its own. */
function newcomer(): { http: HttpClient; org_id: string } {
  const org_id = `decider-${++organisations}`;
  return { http: app.http.as(org_id, 'ada'), org_id };
}
const bare = <T>({ body }: { body: unknown }): T => body as T;
const decide = async (http: HttpClient, context: unknown = CONTEXT): Promise<Decision> => {
  const answer = await http.post(`${API}/decisions`, { context });
  expect([answer.status, answer.error]).toEqual([201, undefined]);
  return bare(answer);
};
const history = async (http: HttpClient, query = ''): Promise<History> =>
  bare(await http.get(`${API}/decisions${query}`));

describe('a decision', () => {
  it('is answered with all that it rests on, kept as it was answered, and audited', async () => {
    const { http, org_id } = newcomer();
    const made = await decide(http, { ...CONTEXT, weather: { sky: ['blue', null] } });
    expect(made).toMatchObject({
      decision_id: expect.stringMatching(/^dec_/) as unknown,
      decision: 'APPROVE_IMMEDIATE',
      model: 'nexus/computed',
      created_by: 'ada',
      analysis: {
        priority: 'high',
        risk: { overall: 0.275 },
        returns: { roi_percent: 300 },
        assumed_inputs: { estimated_days: 30 },
        track_record: { outcomes: 0, brier_score: null, reason: 'no outcome has been recorded yet' },
        words: { source: 'computed', reason: null },
      },
      outcome: null,
      context: { weather: { sky: ['blue', null] } },
    });
    expect(bare(await http.get(`${API}/decisions/${made.decision_id}`))).toEqual(made);
    const { items } = await app.app.get(AuditLog).list(org_id, { action: 'decision.created', limit: 10 });
    expect(items).toMatchObject([{ actor: 'ada', target: made.decision_id }]);
  });

  it('approves nothing by default', async () => {
    const { decision, analysis } = await decide(newcomer().http, { description: 'Should we?' });
    expect(decision).toBe('DEFER_OR_REJECT');
    expect(analysis.missing_inputs).toEqual(['estimated_cost', 'expected_revenue']);
  });

  it('draws the same for the same context, and otherwise for another seed', async () => {
    const { http } = newcomer();
    const [first, second] = [await decide(http), await decide(http)];
    expect(second.analysis).toEqual(first.analysis);
    const other = bare<Decision>(await http.post(`${API}/decisions`, { context: CONTEXT, seed: 5 }));
    expect(other.analysis.simulation).not.toEqual(first.analysis.simulation);
  });

  it('compares alternatives', async () => {
    const { analysis } = await decide(newcomer().http, {
      ...CONTEXT,
      alternatives: [{ name: 'Stay', estimated_cost: 1, expected_revenue: 1 }],
    });
    expect(analysis.alternatives.map(({ name }) => name)).toEqual(['Sell in Portugal', 'Stay']);
    expect(analysis.recommended).toBe('Sell in Portugal');
  });

  it.each([
    ['no body', undefined, 'context'],
    ['an empty context', '{"context":{}}', 'context'],
    ['a context that is a list', '{"context":[]}', 'context'],
    ['a negative cost', '{"context":{"estimated_cost":-1}}', 'context.estimated_cost'],
    ['1e308', '{"context":{"estimated_cost":1e308}}', 'context'],
    ['a text for a number', '{"context":{"estimated_cost":"12"}}', 'context.estimated_cost'],
    [
      '200 alternatives',
      JSON.stringify({ context: { alternatives: Array.from({ length: 200 }, () => ({ a: 1 })) } }),
      'context.alternatives',
    ],
    ['more than 64 KB', JSON.stringify({ context: { text: 'x'.repeat(70_000) } }), 'context'],
    ['a seed that is none', '{"context":{"a":1},"seed":-1}', 'seed'],
    ['a field that does not exist', '{"context":{"a":1},"decision":"APPROVE_IMMEDIATE"}', 'decision'],
  ])('is refused for %s', async (_, body, field) => {
    const { http } = newcomer();
    const response = await http.raw('POST', `${API}/decisions`, body, { 'content-type': 'application/json' });
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as { error: { code: string; details: { fields: object } } };
    expect(error.code).toBe('VALIDATION_ERROR');
    expect(Object.keys(error.details.fields).join(' ')).toContain(field);
    expect((await history(http)).calibration.decisions).toBe(0);
  });

  it('is no number that JSON does not have', async () => {
    const body = '{"context":{"estimated_cost":NaN}}';
    const response = await newcomer().http.raw('POST', `${API}/decisions`, body, {
      'content-type': 'application/json',
    });
    expect(response.status).toBe(400);
  });

  it('is nobody else’s, and nothing for a developer', async () => {
    const { http, org_id } = newcomer();
    const { decision_id } = await decide(http);
    const rival = newcomer().http;
    expect((await rival.get(`${API}/decisions/${decision_id}`)).status).toBe(404);
    expect((await rival.post(`${API}/decisions/${decision_id}/outcome`, { success: true })).status).toBe(404);
    expect((await history(rival)).decisions).toEqual([]);
    const { last_key } = await decide(http).then(() => history(http, '?limit=1'));
    expect((await rival.get(`${API}/decisions?last_key=${encodeURIComponent(last_key ?? '')}`)).status).toBe(400);
    const developer = app.http.as(org_id, 'dev', ['developer']);
    expect((await developer.get(`${API}/decisions`)).error.code).toBe('PERMISSION_DENIED');
    expect((await developer.post(`${API}/decisions`, { context: CONTEXT })).status).toBe(403);
  });
});

describe('the history', () => {
  it('is paged, newest first, and counts exactly when many decide at once', async () => {
    const { http } = newcomer();
    const made = await Promise.all(Array.from({ length: 12 }, () => decide(http)));
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = await history(http, `?limit=5${cursor}`);
      seen.push(...page.decisions.map(({ decision_id }) => decision_id));
      cursor = page.last_key ? `&last_key=${encodeURIComponent(page.last_key)}` : '';
    } while (cursor);
    expect(seen).toEqual(
      made
        .map(({ decision_id }) => decision_id)
        .sort()
        .reverse(),
    );
    expect((await history(http)).calibration).toMatchObject({
      decisions: 12,
      by_decision: { APPROVE_IMMEDIATE: 12, DEFER_OR_REJECT: 0 },
    });
  });

  it('counts for each organisation its own when several decide at once', async () => {
    const all = [newcomer(), newcomer(), newcomer()];
    const many = 30;
    await Promise.all(Array.from({ length: many }, (_, index) => decide((all[index % 3] ?? newcomer()).http)));
    const counted = await Promise.all(all.map(({ http }) => history(http, '?limit=50')));
    expect(counted.map(({ total, calibration }) => [total, calibration.decisions])).toEqual([
      [10, 10],
      [10, 10],
      [10, 10],
    ]);
  });

  it('keeps score: what came of decisions is told once and shows in the next ones', async () => {
    const { http, org_id } = newcomer();
    const first = await decide(http);
    const p = first.analysis.simulation.probability_roi_positive;
    const path = `${API}/decisions/${first.decision_id}/outcome`;
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => http.post(path, { success: true, actual_cost: 120, actual_days: 45 })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409]);
    const { outcome } = bare<Decision>(await http.get(`${API}/decisions/${first.decision_id}`));
    expect(outcome).toMatchObject({ success: true, actual_cost: 120, actual_revenue: null, recorded_by: 'ada' });

    const second = await decide(http);
    await http.post(`${API}/decisions/${second.decision_id}/outcome`, { success: false, actual_cost: 80 });
    const { calibration } = await history(http);
    expect(calibration).toMatchObject({ decisions: 2, outcomes: 2, successes: 1, scored: 2 });
    expect(calibration.brier_score).toBeCloseTo(((1 - p) ** 2 + p ** 2) / 2, 4);
    expect(calibration.bias).toMatchObject({
      cost: { mean_error_percent: 0, outcomes: 2 },
      revenue: { mean_error_percent: null, outcomes: 0 },
      time: { mean_error_percent: 50, outcomes: 1 },
    });
    const third = await decide(http);
    expect(third.analysis.track_record).toMatchObject({ outcomes: 2, brier_score: calibration.brier_score });
    const { items } = await app.app.get(AuditLog).list(org_id, { action: 'decision.outcome', limit: 10 });
    expect(items).toHaveLength(2);
  });

  it.each([
    ['no success', {}, 'success'],
    ['a success that is a text', { success: 'yes' }, 'success'],
    ['a negative cost', { success: true, actual_cost: -1 }, 'actual_cost'],
    ['a century', { success: true, actual_days: 40_000 }, 'actual_days'],
  ])('takes no outcome with %s', async (_, outcome, field) => {
    const { http } = newcomer();
    const { decision_id } = await decide(http);
    const { status, error } = await http.post(`${API}/decisions/${decision_id}/outcome`, outcome);
    expect([status, Object.keys(error.details.fields ?? {})]).toEqual([400, [field]]);
  });
});

it('a decision follows how the partner does that it leans on', async () => {
  const { http, org_id } = newcomer();
  const agent = await registeredAgent(app, { org_id, project_id: `proj_${org_id}`, build_id: `bld_${org_id}` });
  const probe = { agent_ids: [agent.agent_id], interval_seconds: 1 };
  expect((await http.put(`${API}/partnerships/grok_brand`, { probe })).status).toBe(200);
  const leaning = { ...CONTEXT, affects_brand: true };
  const invoke = (input_text: string, times: number) =>
    Promise.all(Array.from({ length: times }, () => http.post(`${agent.path}/invoke`, { input_text })));
  const healthOfPartner = async () =>
    bare<{ partnerships: Record<string, { health: string; requests: number }> }>(await http.get(`${API}/health`))
      .partnerships['grok_brand'];

  expect((await decide(http, leaning)).analysis.partnerships).toMatchObject([{ health: 'unknown', score: null }]);

  await invoke('hello', 4);
  await eventually(healthOfPartner, (reading) => reading?.requests === 4);
  const well = await decide(http, leaning);
  expect(well.analysis.partnerships).toMatchObject([{ id: 'grok_brand', health: 'excellent', risk_added: 0 }]);
  expect(well.decision).toBe('APPROVE_IMMEDIATE');

  await invoke('fail model', 36);
  await eventually(healthOfPartner, (reading) => reading?.requests === 40);
  const badly = await decide(http, leaning);
  expect(badly.analysis.partnerships).toMatchObject([{ id: 'grok_brand', health: 'poor' }]);
  expect(badly.analysis.risk.overall).toBeGreaterThan(0.3);
  expect(badly.decision).toBe('APPROVE_SCHEDULED');
  expect(badly.rationale).toContain('raises the risk');
});

describe('with a language model', () => {
  let server: ModelServer;
  let modelled: TestApp;
  beforeAll(async () => {
    server = await startModelServer();
    modelled = await startApp({ ...server.openai });
  });
  afterAll(async () => {
    await modelled.close();
    await server.stop();
  });
  beforeEach(() => server.mock.clearFixtures());

  const phases = ['Planning', 'Development', 'Deployment'].map((phase) => ({
    phase,
    activities: ['As the team sees fit'],
  }));
  const words = (rationale: string) => ({
    rationale,
    success_metrics: ['It pays'],
    risk_mitigation: ['Look twice'],
    phases,
  });

  it('the model writes the words', async () => {
    const rationale = 'Spending 100 to earn 400 returns 300 %, and the risk is small.';
    server.mock.on({}, { content: JSON.stringify(words(rationale)) });
    const made = await decide(modelled.http);
    expect(made).toMatchObject({
      rationale,
      model: 'gpt-4o',
      decision: 'APPROVE_IMMEDIATE',
      analysis: { words: { source: 'model', reason: null } },
    });
    expect(made.implementation_plan.map(({ activities }) => activities)).toEqual(
      phases.map(({ activities }) => activities),
    );
  });

  it.each([
    [
      'makes up a figure',
      { content: JSON.stringify(words('This returns 987654 % without any doubt.')) },
      'contradicted',
    ],
    ['does not keep to the form', { content: 'Sure! Here is my answer.' }, 'could not write'],
    ['is out of order', { error: { message: 'overloaded', type: 'server_error' }, status: 503 }, 'could not write'],
  ])('that %s the words are computed', async (_, answer, reason) => {
    server.mock.on({}, answer);
    const made = await decide(modelled.http);
    expect(made.model).toBe('nexus/computed');
    expect(made.analysis.words).toMatchObject({
      source: 'computed',
      reason: expect.stringContaining(reason) as unknown,
    });
    expect(made.rationale).toContain('the priority is high');
  });
});
