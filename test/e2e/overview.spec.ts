import { UpdateContinuousBackupsCommand, UpdateTableCommand } from '@aws-sdk/client-dynamodb';
import { AuditLog } from '../../src/identity/audit/audit-log.js';
import { DatabaseConnection } from '../../src/platform/database/client/dynamodb-client.js';
import { startApp, type TestApp } from '../support/app.js';
import { temporaryDirectory } from '../support/database.js';
import { eventually, type HttpClient } from '../support/http.js';
import { startModelServer } from '../support/model-server.js';
import { PlatformProcess } from '../support/platform-process.js';
import { ObedientRuntime } from '../support/obedient-runtime.js';
import { startRecoverableDatabase } from '../support/recoverable-database.js';
import { registeredAgent } from '../support/registered-agent.js';

interface Finding {
  status: 'pass' | 'warning' | 'fail';
  message: string;
  evidence: Record<string, unknown>;
  fix?: string;
}
interface Readiness {
  overall_status: string;
  readiness_score: number;
  checks: Record<string, Finding>;
  summary: { total_checks: number; passed: number; warnings: number; failed: number };
  recommendations: string[];
}
interface Status {
  overall_status: string;
  components: Record<string, { status: string; latency_ms: number; message: string }>;
  resource_usage: Record<string, number | null>;
  recent_activity: { timestamp: string; event: string; status: string; target?: string }[];
  last_check: string;
  next_check: string;
}

const API = '/api/v1/orchestration';
const bare = <T>({ body }: { body: unknown }): T => body as T;
const namesOf = ({ checks }: Readiness, status: string): string[] =>
  Object.entries(checks).flatMap(([name, finding]) => (finding.status === status ? [name] : []));

describe('as it starts', () => {
  let app: TestApp;
  let http: HttpClient;
  beforeAll(async () => {
    app = await startApp({ RATE_LIMIT_ORCHESTRATION_PER_MINUTE: '5000', LOG_LEVEL: 'INFO' });
    http = app.http.as('org-a', 'ada');
  });
  afterAll(() => app.close());

  it('shows how every component does, what the process takes, and what was done last', async () => {
    await http.post(`${API}/decisions`, { context: { description: 'Should we?' } });
    const status = await eventually(
      async () => bare<Status>(await http.get(`${API}/status`)),
      ({ recent_activity }) => recent_activity.some(({ event }) => event === 'decision.created'),
    );
    expect(status.overall_status).toBe('healthy');
    expect(Object.keys(status.components)).toEqual([
      ...['database', 'build_engine', 'model_provider', 'runtimes', 'authentication', 'metrics_collector'],
      'partnership_probes',
    ]);
    for (const component of Object.values(status.components)) {
      expect(component).toMatchObject({ status: 'healthy', message: expect.stringMatching(/\w/) as unknown });
      expect(component.latency_ms).toBeGreaterThanOrEqual(0);
    }
    const { disk_percent, memory_percent, process_memory_mb } = status.resource_usage;
    expect([disk_percent, memory_percent].every((one) => Number(one) > 0 && Number(one) < 100)).toBe(true);
    expect(process_memory_mb).toBeGreaterThan(20);
    expect(Date.parse(status.next_check) - Date.parse(status.last_check)).toBe(4_000);
    const rival = bare<Status>(await app.http.as('org-b').get(`${API}/status`));
    expect(rival.recent_activity.filter(({ event }) => event === 'decision.created')).toEqual([]);
  });

  it('costs a hundred callers one look at the components', async () => {
    const asked: string[] = [];
    const { client } = app.app.get(DatabaseConnection, { strict: false });
    client.middlewareStack.add(
      (next, context) => (args) => {
        if (context.commandName === 'DescribeTableCommand') asked.push((args.input as { TableName: string }).TableName);
        return next(args);
      },
      { step: 'initialize', name: 'counting' },
    );
    const seen = await Promise.all(Array.from({ length: 100 }, () => http.get(`${API}/status`)));
    client.middlewareStack.remove('counting');
    expect(seen.map(({ status }) => status)).toEqual(seen.map(() => 200));
    expect(asked.length).toBeLessThanOrEqual(2 * new Set(asked).size);
  });

  it('shows operators the settings, without secrets, and audits who read them', async () => {
    const admin = app.http.as('default', 'ada');
    await admin.put(`${API}/partnerships/grok_brand`, { priority: 'low' });
    const { configuration, version } = bare<{
      configuration: Record<string, Record<string, unknown>>;
      version: string;
    }>(await admin.get(`${API}/config`));
    expect(version).toBe('1.0.0');
    expect(configuration['api_settings']).toMatchObject({
      rate_limit_orchestration_per_minute: 5000,
      max_payload_bytes: 10_485_760,
      cors_enabled: false,
    });
    expect(configuration['security_settings']).toMatchObject({
      access_token_seconds: 900,
      refresh_token_seconds: 604_800,
      max_login_attempts: 5,
      lockout_seconds: 900,
    });
    expect(configuration['orchestration_settings']).toMatchObject({ build_slots: 4, model_provider: 'offline' });
    expect(configuration['partnership_settings']).toMatchObject({ grok_brand: { enabled: true, priority: 'low' } });
    const { items } = await app.app.get(AuditLog).list('default', { action: 'config.read', limit: 10 });
    expect(items).toMatchObject([{ actor: 'ada' }]);
    const manager = app.http.as('default', 'mona', ['orchestration_manager']);
    expect((await manager.get(`${API}/config`)).status).toBe(403);
    expect((await manager.get(`${API}/status`)).status).toBe(200);
    expect((await http.get(`${API}/config`)).status).toBe(403);
    const transfer = '/api/v1/organizations/default/transfer';
    expect((await admin.post(transfer, { user_id: 'ada' })).status).toBe(200);
    const second = app.http.as('default', 'second');
    const operator = app.http.as('default', 'operator', ['system_admin']);
    const readers = [admin, operator, second];
    expect(await Promise.all(readers.map(async (reader) => (await reader.get(`${API}/config`)).status))).toEqual([
      200, 200, 403,
    ]);
  });

  it('says what it is, and who asks', async () => {
    const manager = app.http.as('org-i', 'mona', ['orchestration_manager']);
    await manager.post(`${API}/decisions`, { context: { description: 'Should we?' } });
    const info = bare<Record<string, unknown> & { features: string[]; statistics: Record<string, number> }>(
      await manager.get(`${API}/info`),
    );
    expect(info).toMatchObject({
      system: 'Nexus',
      version: '1.0.0',
      status: 'operational',
      partnerships: 4,
      api_version: 'v1',
      user: {
        id: 'mona',
        role: 'orchestration_manager',
        permissions: ['viewer', 'developer', 'orchestration_manager'],
      },
    });
    expect(info.features).toEqual(expect.arrayContaining(['projects', 'orchestration', 'models of offline']));
    expect(info.statistics).toMatchObject({ availability_percent: 100, active_partnerships: 0, total_decisions: 1 });
    expect(info.statistics['success_rate']).toBe(100);
    expect(info.statistics['avg_response_time_ms']).toBeGreaterThan(0);
  });

  it('documents every route of the group out of the OpenAPI document', async () => {
    const docs = bare<{ endpoints: Record<string, Record<string, unknown>>; rate_limiting: object }>(
      await http.get(`${API}/docs/endpoints`),
    );
    const document = (await (await http.raw('GET', '/docs-json')).json()) as { paths: Record<string, object> };
    const expected = Object.entries(document.paths).flatMap(([path, methods]) =>
      path.startsWith(API) ? Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`) : [],
    );
    const listed = Object.values(docs.endpoints).map(({ method, path }) => `${String(method)} ${String(path)}`);
    expect(listed.sort()).toEqual(expected.sort());
    expect(listed.length).toBeGreaterThanOrEqual(11);
    expect(docs).toMatchObject({
      base_url: API,
      authentication: {
        type: 'Bearer',
        required_roles: ['orchestration_manager', 'admin', 'system_admin'],
        token_expiry: 900,
        refresh_available: true,
      },
      rate_limiting: { limit: 5000 },
    });
    expect(docs.endpoints['getOrchestrationConfig']).toMatchObject({ authentication: 'admin' });
  });

  it('is not ready for production, and says what to do about each thing', async () => {
    const readiness = bare<Readiness>(await http.get(`${API}/deployment/readiness`));
    expect(readiness.overall_status).toBe('not_ready');
    expect(namesOf(readiness, 'fail')).toEqual(
      expect.arrayContaining(['environment', 'backups', 'tls', 'model_provider']) as unknown,
    );
    expect(namesOf(readiness, 'pass')).toEqual(
      expect.arrayContaining([
        ...['security_headers', 'error_handling', 'logging', 'monitoring', 'api_documentation', 'cors', 'build_engine'],
      ]) as unknown,
    );
    expect(readiness.checks['environment']?.message).toBe('The process runs with ENVIRONMENT=test');
    const { total_checks, passed, warnings, failed } = readiness.summary;
    expect([total_checks, passed + warnings + failed]).toEqual([15, 15]);
    expect(readiness.readiness_score).toBe(Math.round((passed / 15) * 1000) / 10);
    for (const { status, fix } of Object.values(readiness.checks)) expect(fix === undefined).toBe(status === 'pass');
    expect(readiness.recommendations).toHaveLength(15 - passed);
  });
});

it('has examples of every route, and documents all routes, as it ships', async () => {
  const shipped = await PlatformProcess.start({ NEXUS_DATA_DIR: temporaryDirectory() });
  try {
    const { endpoints } = bare<{ endpoints: Record<string, Record<string, unknown>> }>(
      await shipped.http.get(`${API}/docs/endpoints`),
    );
    expect(endpoints['createDecision']).toMatchObject({
      method: 'POST',
      authentication: 'orchestration_manager',
      request_example: { context: { business_goal: 'Sell in Portugal' } },
      response_example: { decision: 'APPROVE_IMMEDIATE', analysis: { risk: { mean: 0.275 } } },
    });
    const { checks } = bare<Readiness>(await shipped.http.get(`${API}/deployment/readiness`));
    expect(checks['api_documentation']).toMatchObject({ status: 'pass', evidence: { undocumented: [] } });
  } finally {
    await shipped.kill('SIGTERM');
  }
});

it('becomes ready for production by what the checks name, and by nothing else', async () => {
  const [database, models] = [await startRecoverableDatabase(), await startModelServer()];
  const app = await startApp(
    {
      ...models.openai,
      DYNAMODB_ENDPOINT: database.endpoint,
      ENVIRONMENT: 'production',
      JWT_SECRET_KEY: 'q8F0m3Wn7Zr1Tx5Vb9Kd2Ls6Hp4Gy0Uc8Je',
      NEXUS_BCRYPT_ROUNDS: '12',
      LOG_LEVEL: 'INFO',
      RATE_LIMIT_PER_MINUTE: '600',
      RATE_LIMIT_AUTH_PER_MINUTE: '20',
      RATE_LIMIT_ORCHESTRATION_PER_MINUTE: '500',
      TRUSTED_PROXIES: 'loopback',
      SHUTDOWN_DRAIN_SECONDS: '0',
    },
    new ObedientRuntime(),
  );
  try {
    const http = app.http.as('org-p', 'ada');
    const byTls = { 'x-forwarded-proto': 'https' };
    const ask = async (): Promise<Readiness> =>
      (await (await http.raw('GET', `${API}/deployment/readiness`, undefined, byTls)).json()) as Readiness;

    const before = await ask();
    expect(before.overall_status).toBe('not_ready');
    expect(namesOf(before, 'fail')).toEqual(['database', 'backups']);
    expect(namesOf(before, 'warning')).toEqual(['partnerships']);
    const overHttp = bare<Readiness>(await http.get(`${API}/deployment/readiness`));
    expect(overHttp.checks['tls']).toMatchObject({ status: 'warning', evidence: { request_by_tls: false } });

    const { administration } = app.app.get(DatabaseConnection, { strict: false });
    for (const TableName of before.checks['database']?.evidence['unprotected'] as string[])
      await administration.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: true }));
    for (const TableName of before.checks['backups']?.evidence['without_recovery'] as string[])
      await administration.send(
        new UpdateContinuousBackupsCommand({
          TableName,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        }),
      );
    const tablesDone = await eventually(ask, (now) => namesOf(now, 'fail').length === 0);
    expect(tablesDone.overall_status).toBe('ready_with_warnings');

    const [first = '', ...others] = tablesDone.checks['partnerships']?.evidence['unmeasured'] as string[];
    const agent = await registeredAgent(app, { org_id: 'org-p', project_id: 'proj_p', build_id: 'bld_p' });
    await http.put(`${API}/partnerships/${first}`, { probe: { agent_ids: [agent.agent_id] } });
    for (const id of others) await http.put(`${API}/partnerships/${id}`, { enabled: false });
    expect((await http.post(`${agent.path}/invoke`, { input_text: 'hello' })).status).toBe(200);
    const ready = await eventually(ask, ({ overall_status }) => overall_status === 'production_ready');
    expect(ready).toMatchObject({
      readiness_score: 100,
      summary: { total_checks: 15, passed: 15, warnings: 0, failed: 0 },
      recommendations: [],
    });
  } finally {
    await app.close();
    await database.stop();
    await models.stop();
  }
});
