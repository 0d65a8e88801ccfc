import { startApp, type TestApp } from '../support/app.js';
import type { HttpClient } from '../support/http.js';

let app: TestApp;
let http: HttpClient;

beforeAll(async () => {
  app = await startApp();
  ({ http } = app);
});
afterAll(() => app.close());

type Row = Record<string, unknown> & { date: string };

const rows = async (path: string): Promise<Row[]> => (await http.get<Row[]>(`/api/v1/statistics/${path}`)).data;

describe('the days of statistics', () => {
  it('are each a row, in order, also those without data and across a leap day', async () => {
    const days = await rows('builds?start_date=2024-02-27&end_date=2024-03-02');
    expect(days.map(({ date }) => date)).toEqual([
      '2024-02-27',
      '2024-02-28',
      '2024-02-29',
      '2024-03-01',
      '2024-03-02',
    ]);
    expect(days[0]).toEqual({
      date: '2024-02-27',
      total_builds: 0,
      successful_builds: 0,
      failed_builds: 0,
      avg_duration_minutes: null,
      builds_by_stage: {},
    });
    const [idle] = await rows('invocations?start_date=2024-02-27&end_date=2024-02-27');
    expect(idle).toEqual({
      date: '2024-02-27',
      total_invocations: 0,
      successful_invocations: 0,
      failed_invocations: 0,
      success_rate: null,
      avg_duration_ms: null,
      p50_duration_ms: null,
      p95_duration_ms: null,
      p99_duration_ms: null,
      input_tokens: 0,
      output_tokens: 0,
    });
  });

  it('are the last 30 by default and 366 at most', async () => {
    for (const path of ['builds', 'invocations']) {
      expect(await rows(path)).toHaveLength(30);
      expect(await rows(`${path}?start_date=2024-01-01&end_date=2024-12-31`)).toHaveLength(366);
    }
  });

  it.each([
    ['start_date=2024-03-02&end_date=2024-03-01', 'start_date'],
    ['start_date=2024-01-01&end_date=2025-01-01', 'end_date'],
    ['start_date=2023-02-29', 'start_date'],
    ['start_date=01-02-2024', 'start_date'],
    ['end_date=2024-13-01', 'end_date'],
    ['end_date=today', 'end_date'],
    ['end_date=', 'end_date'],
    ['start_date=2024-01-01T00:00:00Z', 'start_date'],
    ['start_date=2024-01-01&start_date=2024-01-02', 'start_date'],
  ])('refuse %s by name', async (query, field) => {
    for (const path of [`builds?${query}`, `invocations?${query}`, `trends?metric=builds&${query}`]) {
      const { status, error } = await http.get(`/api/v1/statistics/${path}`);
      expect([status, error.code, Object.keys(error.details.fields ?? {})]).toEqual([400, 'VALIDATION_ERROR', [field]]);
    }
  });

  it('refuse a trend of nothing', async () => {
    expect((await http.get('/api/v1/statistics/trends')).error.details.fields).toHaveProperty('metric');
  });
});
