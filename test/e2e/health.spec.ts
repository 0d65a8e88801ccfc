import { type Check, CHECKS } from '../../src/health/checks.service.js';
import { DatabaseConnection } from '../../src/platform/database/client/dynamodb-client.js';
import { startApp, type TestApp } from '../support/app.js';
import { eventually } from '../support/http.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

const TIMESTAMP = expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/) as unknown;
const NUMBER = expect.any(Number) as unknown;
const check = (status: string) => ({ status, message: expect.any(String) as unknown });

describe('a probe', () => {
  it.each([
    ['/health', { status: 'healthy', version: '1.0.0', timestamp: TIMESTAMP }],
    ['/health/live', { status: 'alive', timestamp: TIMESTAMP }],
    ['/health/ready', { status: 'ready', timestamp: TIMESTAMP }],
  ])('%s answers in the envelope without a principal', async (path, expected) => {
    const { status, data, body } = await app.http.get(path);
    expect({ status, data }).toEqual({ status: 200, data: expected });
    expect(body).toMatchObject({ success: true, request_id: expect.stringMatching(/^req_/) as unknown });
  });

  it('shows every check and figure in detail', async () => {
    const { status, data } = await app.http.get<{ system: Record<string, number> }>('/health/detailed');
    expect(status).toBe(200);
    expect(data).toEqual({
      status: expect.stringMatching(/^(healthy|degraded)$/) as unknown,
      version: '1.0.0',
      timestamp: TIMESTAMP,
      checks: {
        database: check('healthy'),
        aws_credentials: check('configured'),
        mail: check('not_required'),
        build_engine: check('healthy'),
        model_provider: check('healthy'),
        disk: { status: expect.any(String) as unknown, message: expect.stringMatching(/% free$/) as unknown },
      },
      system: {
        cpu_percent: NUMBER,
        memory_percent: NUMBER,
        process_memory_mb: NUMBER,
        uptime_seconds: NUMBER,
        event_loop_lag_ms: NUMBER,
      },
    });
    expect(data.system['memory_percent']).toBeLessThanOrEqual(100);
    expect(data.system['process_memory_mb']).toBeGreaterThan(10);
  });

  it('costs no database call when it only says that the process lives; else a hundred cost what one does', async () => {
    const asked: unknown[] = [];
    let arrived = 0;
    const count = () => (arrived += 1);
    const { client } = app.app.get(DatabaseConnection, { strict: false });
    client.middlewareStack.add(
      (next, context) => async (args) => {
        if (context.commandName === 'DescribeTableCommand') asked.push((args.input as { TableName: string }).TableName);
        // No answer before the last of the hundred has come.
        await eventually(
          () => Promise.resolve(arrived),
          (seen) => seen >= 100,
        );
        return next(args);
      },
      { step: 'initialize', name: 'counting' },
    );
    const hundred = (path: string) => Promise.all(Array.from({ length: 100 }, () => app.http.get(path)));
    await hundred('/health');
    await hundred('/health/live');
    expect(asked).toEqual([]);
    const checks = app.app.get<Check[]>(CHECKS, { strict: false }).filter(({ shown_in }) => shown_in.includes('ready'));
    const limits = checks.map(({ timeout_ms }) => timeout_ms);
    // On a busy machine a hundred requests take longer than the second that a check of the database may take.
    for (const one of checks) Object.assign(one, { timeout_ms: 60_000 });
    app.app.getHttpServer().on('request', count);
    const answers = await hundred('/health/ready');
    app.app.getHttpServer().off('request', count);
    client.middlewareStack.remove('counting');
    for (const [index, one] of checks.entries()) Object.assign(one, { timeout_ms: limits[index] });
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(new Set(asked).size).toBe(asked.length);
  });

  it('has one method', async () => {
    expect(await app.http.post('/health', {})).toMatchObject({ status: 405, error: { code: 'METHOD_NOT_ALLOWED' } });
    expect((await app.http.get('/health/pulse')).status).toBe(404);
  });
});

describe('metrics', () => {
  it('are Prometheus text that counts requests by route template', async () => {
    await app.http.get('/api/v1/projects/proj_secret');
    const response = await app.http.raw('GET', '/health/metrics');
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const lines = (await response.text()).split('\n').filter((line) => line !== '');
    const comment = /^# (HELP|TYPE) [a-zA-Z_:][a-zA-Z0-9_:]* .+$/;
    const label = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\]|\\\\.)*"';
    const sample = new RegExp(
      `^[a-zA-Z_:][a-zA-Z0-9_:]*(\\{${label}(,${label})*\\})? ([-+]?\\d[\\d.eE+-]*|[Nn][aA][Nn]|[+-]Inf)$`,
    );
    expect(lines.filter((line) => !comment.test(line) && !sample.test(line))).toEqual([]);
    expect(lines).toEqual(
      expect.arrayContaining([
        expect.stringMatching(
          /^http_requests_total\{method="GET",route="[^"]*:project_id",status="404"\} \d+$/,
        ) as unknown,
        expect.stringMatching(/^nexus_builds_running 0$/) as unknown,
        expect.stringMatching(/^process_cpu_seconds_total /) as unknown,
      ]),
    );
    expect(lines.join('\n')).not.toContain('proj_secret');
  });
});

describe('the stages', () => {
  it.each(['/stages/info', '/api/v1/stages/info'])('are told at %s without a principal', async (path) => {
    const { data } = await app.http.get<{
      stages: { stage_name: string; weight: number; sub_stages: { sub_stage_name: string; weight: number }[] }[];
    }>(path);
    expect(data.stages.map(({ stage_name, weight }) => [stage_name, weight])).toEqual([
      ['orchestrator', 5],
      ['requirements_analysis', 10],
      ['system_architecture', 15],
      ['agent_design', 15],
      ['agent_developer_manager', 45],
      ['agent_deployer', 10],
    ]);
    expect(data.stages[4]?.sub_stages.map(({ sub_stage_name, weight }) => [sub_stage_name, weight])).toEqual([
      ['tool_developer', 0.4],
      ['prompt_engineer', 0.3],
      ['agent_code_developer', 0.3],
    ]);
  });
});
