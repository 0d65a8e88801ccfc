import { TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { CHECKS as PLATFORM_CHECKS } from './checks.js';
import { AuditLog } from './identity/audit/audit-log.js';
import { ReadinessService, StatusService } from './orchestration/overview/status.service.js';
import { Settings } from './platform/config/settings.js';
import { Metrics } from './platform/observability/metrics.js';
import { SystemFiguresService } from './platform/observability/system-figures.js';
import { Clock } from './shared/clock.js';
import {
  type Check,
  defineCheck,
  degraded,
  type Finding,
  healthy,
  unhealthy,
  type View,
  CHECKS,
  Checks,
  NotReadyError,
} from './health/checks.service.js';
import { HealthController } from './health/health.controller.js';

const EVERYWHERE: View[] = ['ready', 'detailed', 'status', 'readiness'];
const CALLER = { org_id: 'acme', secure: true };

class Coffee {
  level = 3;
}

/** The whole of what a new check takes: one entry. */
const coffee = (look: (coffee: Coffee) => ReturnType<Check['look']>, changes: Partial<Check> = {}): Check => ({
  ...defineCheck({
    name: 'coffee',
    shown_in: EVERYWHERE,
    severity: 'fail',
    fix: 'Fill the machine.',
    timeout_ms: 1_000,
    needs: [Coffee],
    look: ([machine]) => look(machine) as Promise<Finding>,
  }),
  ...changes,
});

async function platformWith(...table: Check[]) {
  const fakes = [
    { provide: SystemFiguresService, useValue: { read: () => ({}) } },
    { provide: Settings, useValue: { get: () => '/' } },
    { provide: AuditLog, useValue: { list: () => Promise.resolve({ items: [] }) } },
    { provide: Metrics, useValue: {} },
  ];
  const module = await Test.createTestingModule({
    imports: [TerminusModule.forRoot({ logger: false })],
    controllers: [HealthController],
    providers: [{ provide: CHECKS, useValue: table }, Checks, Clock, Coffee, StatusService, ReadinessService, ...fakes],
  }).compile();
  await module.init();
  const detailed = async () => (await module.get(HealthController).detailed()) as { status: string; checks: object };
  return {
    ready: () => module.get(HealthController).ready(),
    detailed,
    status: () => module.get(StatusService).read('acme'),
    readiness: () => module.get(ReadinessService).read(CALLER),
    isReady: () => module.get(Checks).isReady(),
  };
}

describe('one entry in the table of checks', () => {
  it('appears in the probe, the details, the status and readiness when it is healthy', async () => {
    const platform = await platformWith(coffee(({ level }) => healthy(`${level} cups left`, { level })));
    expect(await platform.ready()).toMatchObject({ status: 'ready' });
    expect(await platform.isReady()).toBe(true);
    expect(await platform.detailed()).toMatchObject({
      status: 'healthy',
      checks: { coffee: { status: 'healthy', message: '3 cups left' } },
    });
    expect(await platform.status()).toMatchObject({
      overall_status: 'healthy',
      components: { coffee: { status: 'healthy', message: '3 cups left' } },
    });
    expect(await platform.readiness()).toMatchObject({
      overall_status: 'production_ready',
      checks: { coffee: { status: 'pass', message: '3 cups left', evidence: { level: 3 } } },
      recommendations: [],
    });
  });

  it('fails every view when it is unhealthy, and readiness names the fix', async () => {
    const platform = await platformWith(coffee(() => unhealthy('Empty')));
    await expect(platform.ready()).rejects.toMatchObject({
      constructor: NotReadyError,
      details: { checks: { coffee: { status: 'down', message: 'Empty' } } },
    });
    expect(await platform.isReady()).toBe(false);
    expect(await platform.detailed()).toMatchObject({
      status: 'degraded',
      checks: { coffee: { status: 'unhealthy' } },
    });
    expect(await platform.status()).toMatchObject({
      overall_status: 'degraded',
      components: { coffee: { status: 'unhealthy' } },
    });
    expect(await platform.readiness()).toMatchObject({
      overall_status: 'not_ready',
      checks: { coffee: { status: 'fail', fix: 'Fill the machine.' } },
      recommendations: ['coffee: Fill the machine.'],
    });
  });

  it.each([
    ['critical', 'critical', 'fail'],
    ['fail', 'degraded', 'fail'],
    ['warning', 'degraded', 'warning'],
  ] as const)('of severity %s makes the status %s and readiness %s', async (severity, overall_status, status) => {
    const platform = await platformWith(coffee(() => degraded('Low'), { severity }));
    expect((await platform.status()).overall_status).toBe(overall_status);
    expect((await platform.readiness()).checks['coffee']).toMatchObject({ status });
  });

  it('that works but is unfit for production fails readiness only', async () => {
    const unfit = { message: 'Instant coffee', fix: 'Buy beans.', severity: 'warning' as const };
    const platform = await platformWith(coffee(() => healthy('3 cups left', {}, { unfit })));
    expect((await platform.status()).components['coffee']).toMatchObject({ status: 'healthy', message: '3 cups left' });
    expect((await platform.readiness()).checks['coffee']).toEqual({
      ...{ status: 'warning', message: 'Instant coffee', evidence: {}, fix: 'Buy beans.' },
    });
  });

  it.each([
    ['hangs', () => new Promise<never>(() => undefined), 'The check did not finish within 0.02 seconds'],
    ['throws', () => Promise.reject(new Error('internals')), 'The check failed to run; see the log'],
  ])('that %s is unhealthy, and a warning of readiness', async (_, look, message) => {
    const platform = await platformWith(coffee(look, { timeout_ms: 20 }));
    expect((await platform.status()).components['coffee']).toMatchObject({ status: 'unhealthy', message });
    expect((await platform.readiness()).checks['coffee']).toMatchObject({ status: 'warning', message, evidence: {} });
    await expect(platform.ready()).rejects.toMatchObject({ details: { checks: { coffee: { message } } } });
  });

  it('is refused at start when its view has another of its name', async () => {
    const entry = coffee(() => healthy('3 cups left'));
    await expect(platformWith(entry, { ...entry, shown_in: ['status'] })).rejects.toThrow('status coffee');
    await expect(
      platformWith({ ...entry, shown_in: ['status'] }, { ...entry, shown_in: ['readiness'] }),
    ).resolves.toBeDefined();
  });
});

it('every check of the platform has a time-out of at most five seconds and a fix', () => {
  const faulty = PLATFORM_CHECKS.filter(({ timeout_ms, fix }) => timeout_ms <= 0 || timeout_ms > 5_000 || fix === '');
  expect(faulty.map(({ name }) => name)).toEqual([]);
});
