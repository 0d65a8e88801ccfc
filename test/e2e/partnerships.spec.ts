import { AuditLog } from '../../src/identity/audit/audit-log.js';
import { startApp, type TestApp } from '../support/app.js';
import type { BuiltAgent } from '../support/built-agent.js';
import { eventually, type HttpClient } from '../support/http.js';
import { ObedientRuntime } from '../support/obedient-runtime.js';
import { PartnerServer } from '../support/partner-server.js';
import { registeredAgent } from '../support/registered-agent.js';

interface Reading extends Record<string, unknown> {
  health: string;
  score: number | null;
  reachable?: boolean;
  uptime?: number;
}
interface Health {
  status: string;
  score: number | null;
  window: string;
  partnerships: Record<string, Reading>;
}
interface Metrics {
  partnership_type: string;
  metrics: Record<string, number | null>;
  reasons: Record<string, string>;
  trends: Record<string, string | null>;
  timestamp: string;
}
interface Record_ {
  id: string;
  revision: number;
  deliverables: { name: string; progress: number; status: string }[];
}

const API = '/api/v1/orchestration';
const SEEDED = ['claude_strategic', 'cursor_technical', 'grok_brand', 'perplexity_research'];

let platform: TestApp;
let partner: PartnerServer;
let organisations = 0;

beforeAll(async () => {
  platform = await startApp({ PARTNERSHIP_TICK_MS: '50' }, new ObedientRuntime());
});
afterAll(() => platform.close());
beforeEach(async () => {
  partner = await PartnerServer.start();
});
afterEach(() => partner.stop());

/** Each test has an organisation of its own. */
const newcomer = (): HttpClient => {
  const org_id = `org-${++organisations}`;
  const http = platform.http.as(org_id);
  organisationOf.set(http, org_id);
  return http;
};
const organisationOf = new WeakMap<HttpClient, string>();
const orgOf = (http: HttpClient): string => organisationOf.get(http) ?? '';

const bare = <T>({ body }: { body: unknown }): T => body as T;
const health = async (http: HttpClient, query = ''): Promise<Health> => bare(await http.get(`${API}/health${query}`));
const reading = async (http: HttpClient, id: string): Promise<Reading> => {
  const found = (await health(http)).partnerships[id];
  if (!found) throw new Error(`${id} is not in the health`);
  return found;
};

async function agentOf(http: HttpClient): Promise<BuiltAgent> {
  const org_id = orgOf(http);
  return registeredAgent(platform, { org_id, project_id: `proj_${org_id}`, build_id: `bld_${org_id}` });
}

async function invoke(http: HttpClient, { path }: BuiltAgent, input_text: string, times: number): Promise<void> {
  for (let time = 0; time < times; time++) await http.post(`${path}/invoke`, { input_text });
}

const create = (http: HttpClient, changes: Record<string, unknown> = {}) =>
  http.post(`${API}/partnerships`, {
    id: 'gemini_visual',
    name: 'Visual Intelligence',
    partnership_type: 'visual_intelligence',
    ai_partner: 'Gemini',
    ...changes,
  });

describe('an organisation begins', () => {
  it('with four partnerships, none of them measured', async () => {
    const http = newcomer();
    expect(await health(http)).toMatchObject({
      status: 'unknown',
      score: null,
      window: '24h',
      partnerships: Object.fromEntries(
        SEEDED.map((id) => [
          id,
          { health: 'unknown', score: null, reason: 'no probe is set: link agents or a health_url' },
        ]),
      ),
    });
    const metrics = bare<Metrics[]>(await http.get(`${API}/metrics`));
    expect(metrics.map(({ partnership_type }) => partnership_type)).toEqual([
      'strategy',
      'technical_excellence',
      'brand_amplification',
      'research',
    ]);
    for (const one of metrics) {
      expect(new Set(Object.values(one.metrics))).toEqual(new Set([null]));
      expect(Object.keys(one.reasons)).toEqual(Object.keys(one.metrics));
    }
    const list = bare<{ id: string; health: string; progress: number }[]>(await http.get(`${API}/partnerships`));
    expect(list.map(({ id }) => id)).toEqual(SEEDED);
    expect(list[0]).toMatchObject({ health: 'poor', progress: 0 });
  });

  it('and a deleted one of them does not come back', async () => {
    const http = newcomer();
    expect((await http.delete(`${API}/partnerships/grok_brand`)).body).toEqual({ id: 'grok_brand', deleted: true });
    expect((await http.delete(`${API}/partnerships/grok_brand`)).status).toBe(404);
    expect(Object.keys((await health(http)).partnerships)).toEqual(SEEDED.filter((id) => id !== 'grok_brand'));
    expect((await http.get(`${API}/partnerships/grok_brand/status`)).error).toMatchObject({
      code: 'RESOURCE_NOT_FOUND',
    });
  });
});

describe('a partnership that is linked to an agent', () => {
  it('does as well as its agent does, for its own faults only', async () => {
    const http = newcomer();
    const agent = await agentOf(http);
    const probe = { agent_ids: [agent.agent_id], interval_seconds: 1 };
    const linked = await http.put(`${API}/partnerships/cursor_technical`, { probe });
    expect(linked.status).toBe(200);
    expect(await reading(http, 'cursor_technical')).toMatchObject({ health: 'unknown', requests: 0 });

    await invoke(http, agent, 'hello', 6);
    await invoke(http, agent, 'fail limit', 2);
    const well = await eventually(
      () => reading(http, 'cursor_technical'),
      ({ requests }) => requests === 8,
    );
    expect(well).toMatchObject({ uptime: 100, success_rate: 100, health: 'excellent' });
    expect(well['response_time_p95']).toBeGreaterThan(0);
    expect(well.score).toBeCloseTo((200 + 100 - Number(well['response_time_p95']) / 10) / 3, 0);
    expect(await health(http)).toMatchObject({ status: 'healthy', score: well.score });

    await invoke(http, agent, 'fail model', 3);
    await invoke(http, agent, 'fail timeout', 2);
    await invoke(http, agent, 'break', 3);
    const badly = await eventually(
      () => reading(http, 'cursor_technical'),
      ({ requests }) => requests === 16,
    );
    expect(badly).toMatchObject({ uptime: 50, success_rate: 42.86, health: 'fair' });
    expect(await health(http)).toMatchObject({ status: 'critical' });
    const notes = await eventually(
      async () => {
        return (await platform.app.get(AuditLog).list(orgOf(http), { action: 'partnership.status_changed', limit: 10 }))
          .items;
      },
      (items) => items.length >= 1,
    );
    expect(notes[0]).toMatchObject({ actor: 'partnership-probes', target: 'cursor_technical' });

    const past = async (window: string) =>
      bare<{ points: Record<string, unknown>[] }>(
        await http.get(`${API}/partnerships/cursor_technical/history?window=${window}`),
      ).points;
    const [hours, slices] = [await past('24h'), await past('1h')];
    expect(hours[0]?.['at']).toMatch(/T\d\d:00:00\.000Z$/);
    expect(slices[0]?.['at']).toMatch(/T\d\d:\d[05]:00\.000Z$/);
    const all = (points: Record<string, unknown>[]) => points.reduce((sum, { requests }) => sum + Number(requests), 0);
    expect([all(hours), all(slices)]).toEqual([16, 16]);
    expect(hours.every(({ uptime }) => Number(uptime) >= 0 && Number(uptime) <= 100)).toBe(true);
    expect(bare(await http.get(`${API}/partnerships/cursor_technical/history?window=7d`))).toMatchObject({
      window: '7d',
    });
    expect((await http.get(`${API}/partnerships/none/history`)).status).toBe(404);

    const one = bare<Metrics>(await http.get(`${API}/metrics/technical_excellence?window=1h`));
    expect(one.metrics).toMatchObject({ uptime: 50, success_rate: 42.86, requests: 16 });
  });

  it('answers in the time that its agent takes', async () => {
    const http = newcomer();
    const agent = await agentOf(http);
    await create(http, { probe: { agent_ids: [agent.agent_id] } });
    await invoke(http, agent, 'wait 300', 3);
    const slow = await eventually(
      () => reading(http, 'gemini_visual'),
      ({ requests }) => requests === 3,
    );
    expect(slow['response_time_p50']).toBeGreaterThanOrEqual(285);
    expect(slow['response_time_p95']).toBeLessThan(1_000);
  });

  it('cannot be linked to an agent that is not there, or is another organisation’s', async () => {
    const [http, other] = [newcomer(), newcomer()];
    const { agent_id } = await agentOf(other);
    for (const id of [agent_id, 'proj_none:nobody']) {
      const { status, error } = await create(http, { probe: { agent_ids: [id] } });
      expect(status).toBe(400);
      expect(error.details.fields?.['probe.agent_ids']?.[0]).toContain(id);
    }
  });
});

describe('a partner that is polled', () => {
  const polled = (http: HttpClient, changes: Record<string, unknown> = {}) =>
    create(http, { probe: { health_url: partner.url, interval_seconds: 1, timeout_ms: 5_000, ...changes } });

  it('is degraded within its interval when it stops, and recovers', async () => {
    const http = newcomer();
    expect((await polled(http)).status).toBe(201);
    await eventually(
      () => health(http),
      ({ status, partnerships }) => status === 'healthy' && Number(partnerships['gemini_visual']?.['requests']) >= 3,
    );
    partner.manner = 'badly';
    const calls = partner.calls;
    const ill = await eventually(
      () => health(http),
      ({ status }) => status !== 'healthy',
    );
    expect(ill.status).toBe('degraded');
    expect(ill.partnerships['gemini_visual']).toMatchObject({ health: 'fair', reachable: false });
    expect(partner.calls - calls).toBeLessThanOrEqual(2);
    partner.manner = 'well';
    const recovering = await eventually(
      () => reading(http, 'gemini_visual'),
      ({ reachable, score }) => reachable === true && Number(score) > 85,
    );
    expect(recovering.uptime).toBeLessThan(100);
    expect((await health(http)).status).toBe('healthy');
  });

  it.each([
    ['hangs', 'The server did not respond in time', false],
    ['endless', 'returned 200', true],
  ] as const)('and %s costs nothing but its time-out', async (manner, reason, up) => {
    const http = newcomer();
    partner.manner = manner;
    await polled(http, manner === 'hangs' ? { timeout_ms: 500 } : {});
    const record = await eventually(
      async () => bare<{ last_probe: unknown }>(await http.get(`${API}/partnerships/gemini_visual`)),
      ({ last_probe }) => last_probe !== null,
    );
    expect(record.last_probe).toMatchObject({ up, reason });
  });

  it('is not polled any more when it is deleted, disabled or loses its address', async () => {
    const http = newcomer();
    await polled(http);
    await eventually(
      () => Promise.resolve(partner.calls),
      (calls) => calls >= 1,
    );
    partner.manner = 'hangs';
    const before = partner.calls;
    await eventually(
      () => Promise.resolve(partner.calls),
      (calls) => calls > before,
    );
    expect((await http.delete(`${API}/partnerships/gemini_visual`)).status).toBe(200);
    const gone = partner.calls;
    partner.manner = 'well';
    const stays = await PartnerServer.start();
    try {
      await create(http, { probe: { health_url: stays.url, interval_seconds: 1 } });
      await eventually(
        () => Promise.resolve(stays.calls),
        (calls) => calls >= 3,
      );
      expect(partner.calls).toBe(gone);
      expect((await reading(http, 'gemini_visual')).uptime).toBe(100);
      expect((await http.put(`${API}/partnerships/gemini_visual`, { enabled: false })).status).toBe(200);
      expect(await reading(http, 'gemini_visual')).toMatchObject({
        health: 'unknown',
        reason: 'the partnership is disabled',
      });
    } finally {
      await stays.stop();
    }
  });
});

describe('progress and business metrics', () => {
  it('follow what is reported', async () => {
    const http = newcomer();
    const path = `${API}/partnerships/grok_brand`;
    for (const [name, completion_percentage] of [
      ['positioning', 85],
      ['content_library', 90],
      ['influencers', 65],
      ['social_commerce', 70],
    ] as const)
      expect(
        (await http.put(`${path}/deliverables/${name}`, { completion_percentage, status: 'in_progress' })).status,
      ).toBe(200);
    expect((await http.get(`${path}/status`)).body).toMatchObject({ health: 'good', progress: 77.5 });
    const unknown = await http.put(`${path}/deliverables/nothing`, { completion_percentage: 1, status: 'x' });
    expect(unknown.status).toBe(404);
    expect(unknown.error.details['deliverables']).toContain('positioning');

    await http.put(path, {
      success_metrics: [
        { name: 'social_engagement', target: 300, unit: '%', direction: 'higher' },
        { name: 'reply_hours', target: 2, unit: 'h', direction: 'lower' },
      ],
    });
    const push = (metric: string, value: number, measured_at?: string) =>
      http.post(`${path}/measurements`, { metric, value, ...(measured_at ? { measured_at } : {}) });
    expect((await push('social_engagement', 240, '2026-11-01T00:00:00Z')).status).toBe(201);
    await push('social_engagement', 270, '2026-11-02T00:00:00Z');
    await push('social_engagement', 10, '2026-10-02T00:00:00Z');
    await push('reply_hours', 2.5);
    await push('mentions', 17);
    const { metrics, trends } = bare<Metrics>(await http.get(`${API}/metrics/brand_amplification`));
    expect(metrics).toMatchObject({ social_engagement: 270, reply_hours: 2.5, mentions: 17, uptime: null });
    expect(trends).toEqual({ social_engagement: 'improving', reply_hours: null, mentions: null });
    expect(await reading(http, 'grok_brand')).toMatchObject({ score: 85, health: 'good' });
  });

  it('are not lost when two change a partnership at once', async () => {
    const http = newcomer();
    const path = `${API}/partnerships/cursor_technical`;
    const names = ['microservices', 'personalisation_engine', 'payments', 'mobile_platform'];
    const answers = await Promise.all([
      ...names.map((name) =>
        http.put(`${path}/deliverables/${name}`, { completion_percentage: 60, status: 'on_track' }),
      ),
      ...names.map((name, index) => http.post(`${path}/measurements`, { metric: name, value: index })),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 201, 201, 201, 201]);
    const record = bare<Record_>(await http.get(path));
    expect(record.deliverables.map(({ progress }) => progress)).toEqual([60, 60, 60, 60]);
    expect(record.revision).toBe(5);
    expect((await http.put(path, { name: 'Late', revision: 4 })).error.code).toBe('RESOURCE_CONFLICT');
    expect((await http.put(path, { name: 'In time', revision: 5 })).body).toMatchObject({
      name: 'In time',
      revision: 6,
    });
  });
});

describe('what is refused', () => {
  const PARTNERSHIP = `${API}/partnerships/cursor_technical`;
  const BAD: [string, string, string, unknown, string][] = [
    [
      'progress of 101',
      'PUT',
      `${PARTNERSHIP}/deliverables/payments`,
      { completion_percentage: 101, status: 'x' },
      'completion_percentage',
    ],
    [
      'negative progress',
      'PUT',
      `${PARTNERSHIP}/deliverables/payments`,
      { completion_percentage: -1, status: 'x' },
      'completion_percentage',
    ],
    [
      'progress as text',
      'PUT',
      `${PARTNERSHIP}/deliverables/payments`,
      { completion_percentage: '50', status: 'x' },
      'completion_percentage',
    ],
    ['no status', 'PUT', `${PARTNERSHIP}/deliverables/payments`, { completion_percentage: 50 }, 'status'],
    ['a value of 1e308', 'POST', `${PARTNERSHIP}/measurements`, { metric: 'm', value: 1e308 }, 'value'],
    ['a value as text', 'POST', `${PARTNERSHIP}/measurements`, { metric: 'm', value: '1' }, 'value'],
    ['no value', 'POST', `${PARTNERSHIP}/measurements`, { metric: 'm', value: null }, 'value'],
    ['a metric of the platform', 'POST', `${PARTNERSHIP}/measurements`, { metric: 'uptime', value: 1 }, 'metric'],
    ['a metric that is no name', 'POST', `${PARTNERSHIP}/measurements`, { metric: '__proto__', value: 1 }, 'metric'],
    [
      'the future',
      'POST',
      `${PARTNERSHIP}/measurements`,
      { metric: 'm', value: 1, measured_at: '2999-01-01T00:00:00Z' },
      'measured_at',
    ],
    [
      'no time',
      'POST',
      `${PARTNERSHIP}/measurements`,
      { metric: 'm', value: 1, measured_at: 'yesterday' },
      'measured_at',
    ],
    ['an interval of 0', 'PUT', PARTNERSHIP, { probe: { interval_seconds: 0 } }, 'probe.interval_seconds'],
    ['an interval of 3601', 'PUT', PARTNERSHIP, { probe: { interval_seconds: 3601 } }, 'probe.interval_seconds'],
    ['no list of agents', 'PUT', PARTNERSHIP, { probe: { agent_ids: null } }, 'probe.agent_ids'],
    [
      'a target of 0',
      'PUT',
      PARTNERSHIP,
      { success_metrics: [{ name: 'm', target: 0, unit: '', direction: 'higher' }] },
      'success_metrics.0.target',
    ],
    ['a file as address', 'PUT', PARTNERSHIP, { probe: { health_url: 'file:///etc/passwd' } }, 'probe.health_url'],
    [
      'a metadata address',
      'PUT',
      PARTNERSHIP,
      { probe: { health_url: 'http://169.254.169.254/' } },
      'probe.health_url',
    ],
    ['no address', 'PUT', PARTNERSHIP, { probe: { health_url: 'not an address' } }, 'probe.health_url'],
    [
      'a password in the address',
      'PUT',
      PARTNERSHIP,
      { probe: { health_url: 'http://a:b@example.com/' } },
      'probe.health_url',
    ],
    ['an unknown window', 'GET', `${API}/health?window=2h`, undefined, 'window'],
    ['an unknown type', 'GET', `${API}/metrics/nothing`, undefined, 'type'],
    [
      'an id that is none',
      'POST',
      `${API}/partnerships`,
      { id: 'No!', name: 'n', partnership_type: 't', ai_partner: 'a' },
      'id',
    ],
    ['an unknown field', 'PUT', PARTNERSHIP, { score: 100 }, 'score'],
  ];

  it.each(BAD)('%s (%s)', async (_, method, path, body, field) => {
    const answer = await platform.http
      .as('org-bad')
      .raw(method, path, body === undefined ? undefined : JSON.stringify(body), {
        'content-type': 'application/json',
      });
    const { error } = (await answer.json()) as {
      error: { code: string; details: { fields: Record<string, string[]> } };
    };
    expect([answer.status, error.code]).toEqual([400, 'VALIDATION_ERROR']);
    expect(Object.keys(error.details.fields)).toContain(field);
  });

  it('an unknown type, with the valid ones named', async () => {
    const { error } = await newcomer().get(`${API}/metrics/nothing`);
    expect(error.details['valid_types']).toEqual([
      'strategy',
      'technical_excellence',
      'brand_amplification',
      'research',
    ]);
  });

  it('an id that is taken, and what belongs to another organisation', async () => {
    const [http, other] = [newcomer(), newcomer()];
    expect((await create(http)).status).toBe(201);
    expect((await create(http)).error.code).toBe('RESOURCE_CONFLICT');
    const path = `${API}/partnerships/gemini_visual`;
    const answers = await Promise.all([
      other.get(path),
      other.get(`${path}/status`),
      other.put(path, { name: 'Mine' }),
      other.delete(path),
      other.post(`${path}/measurements`, { metric: 'm', value: 1 }),
      other.put(`${path}/deliverables/d`, { completion_percentage: 1, status: 'x' }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404, 404]);
    expect((await http.get(`${path}/status`)).body).toMatchObject({ name: 'Visual Intelligence' });
  });
});

describe('where private addresses are not called', () => {
  it('an address is refused when it is saved, and when a name leads there', async () => {
    const strict = await startApp({ NEXUS_ALLOW_PRIVATE_ADDRESSES: 'false', PARTNERSHIP_TICK_MS: '50' });
    try {
      const { port } = new URL(partner.url);
      for (const health_url of [partner.url, `http://localhost:${port}/`, 'http://[::1]/', 'http://10.0.0.1/']) {
        const { status, error } = await create(strict.http, { probe: { health_url } });
        expect(status).toBe(400);
        expect(error.details.fields?.['probe.health_url']?.[0]).toContain('private');
      }
      expect(partner.calls).toBe(0);
    } finally {
      await strict.close();
    }
  });
});
