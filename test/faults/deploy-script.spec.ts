import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { freePort } from '../../src/platform/database/embedded/engine-program.js';
import { startDatabase, temporaryDirectory } from '../support/database.js';
import { eventually } from '../support/http.js';
import { migrate } from '../support/platform-process.js';

const NOT_RUNNING = 3;

let database: Awaited<ReturnType<typeof startDatabase>>;
let environment: Record<string, string>;

beforeAll(async () => {
  database = await startDatabase();
});
beforeEach(async () => {
  environment = {
    PATH: process.env['PATH'] ?? '',
    ENVIRONMENT: 'production',
    API_HOST: '127.0.0.1',
    API_PORT: String(await freePort()),
    NEXUS_DATABASE: 'dynamodb',
    DYNAMODB_ENDPOINT: database.endpoint,
    NEXUS_TABLE_PREFIX: 'deployed-',
    NEXUS_DATA_DIR: temporaryDirectory(),
    NEXUS_RUN_DIR: temporaryDirectory(),
    JWT_SECRET_KEY: 'q8F0m3Wn7Zr1Tx5Vb9Kd2Ls6Hp4Gy0Uc8Je',
    NEXUS_ADMIN_PASSWORD: 'an administrator of tests',
    WEB_CONCURRENCY: '2',
    SHUTDOWN_DRAIN_SECONDS: '0',
  };
});
afterEach(() => deploy('stop'));
afterAll(() => database.stop());

/** Runs the script as a person would. */
async function deploy(...args: string[]): Promise<{ code: number; said: string }> {
  const script = spawn('scripts/deploy.sh', args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = Promise.all([text(script.stdout), text(script.stderr)]);
  const [code] = (await once(script, 'exit')) as [number];
  return { code, said: (await said).join('') };
}

const url = (): string => `http://127.0.0.1:${environment['API_PORT']}`;

describe('scripts/deploy.sh', () => {
  it('starts several processes on one port, replaces them, and stops them', async () => {
    migrate({ ...environment, NEXUS_TABLE_PREFIX: 'deployed-' });
    expect(await deploy('status')).toEqual({ code: NOT_RUNNING, said: 'not running\n' });
    const started = await deploy('start');
    expect(started).toMatchObject({ code: 0, said: expect.stringContaining('processes: 2') as string });
    expect((await fetch(`${url()}/health/ready`)).status).toBe(200);
    expect(await deploy('start')).toMatchObject({
      code: 1,
      said: expect.stringContaining('is already running') as string,
    });
    expect((await deploy('reload')).code).toBe(0);
    await eventually(
      () => deploy('logs'),
      ({ said }) => said.includes('rolling restart finished'),
    );
    expect(await deploy('status')).toMatchObject({ code: 0, said: expect.stringContaining('ready') as string });
    expect((await deploy('restart')).code).toBe(0);
    expect(await deploy('stop')).toMatchObject({ code: 0, said: expect.stringContaining('stopped') as string });
    expect((await deploy('status')).code).toBe(NOT_RUNNING);
    await expect(fetch(url())).rejects.toThrow('fetch failed');
  });

  it('refuses to start with settings that are wrong, and says all that is', async () => {
    Object.assign(environment, { JWT_SECRET_KEY: 'short', NEXUS_DATABASE: 'embedded' });
    const { code, said } = await deploy('start');
    expect(code).toBe(1);
    expect(said).toContain('JWT_SECRET_KEY: ');
    expect(said).toContain('NEXUS_DATABASE: ');
    expect(said).toContain('WEB_CONCURRENCY: ');
  });

  it('says why it does not get ready', async () => {
    Object.assign(environment, { NEXUS_TABLE_PREFIX: 'never-made-', NEXUS_READY_WITHIN_SECONDS: '1' });
    expect(await deploy('start')).toMatchObject({
      code: 1,
      said: expect.stringContaining('it is running but was not ready within 1 s (') as string,
    });
    // How soon a process can answer at all depends on the machine.
    const answered = await eventually(
      () => deploy('status'),
      ({ said }) => !said.includes('no answer'),
    );
    expect(answered.code).toBe(1);
    expect(answered.said).toContain('run npm run db:migrate');
  });

  it('refuses a port that another program has', async () => {
    Object.assign(environment, { API_PORT: new URL(database.endpoint).port });
    expect(await deploy('start')).toEqual({
      code: 1,
      said: `deploy.sh: port ${environment['API_PORT']} is in use by another program\n`,
    });
  });
});
