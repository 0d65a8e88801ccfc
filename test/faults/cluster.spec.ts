import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtAgent } from '../support/built-agent.js';
import { startDatabase, temporaryDirectory } from '../support/database.js';
import { eventually } from '../support/http.js';
import { Load } from '../support/load.js';
import { migrate, PlatformProcess, recountStatistics } from '../support/platform-process.js';

const WORKERS = 2;

let database: Awaited<ReturnType<typeof startDatabase>>;
let shared: Record<string, string>;
let platform: PlatformProcess;

beforeAll(async () => {
  database = await startDatabase();
  shared = {
    NEXUS_DATABASE: 'dynamodb',
    DYNAMODB_ENDPOINT: database.endpoint,
    NEXUS_TABLE_PREFIX: 'cluster-',
    NEXUS_DATA_DIR: temporaryDirectory(),
    SHUTDOWN_DRAIN_SECONDS: '1',
    WEB_CONCURRENCY: String(WORKERS),
  };
  migrate(shared);
});
beforeEach(async () => {
  const directory = temporaryDirectory();
  platform = await PlatformProcess.start({ ...shared, LOG_FILE: join(directory, 'nexus.log'), LOG_LEVEL: 'INFO' });
  // It answers as soon as one of them does; what happens to the others before they do is another story.
  const log = join(directory, 'nexus.1.log');
  await eventually(
    async () => existsSync(log) && readFileSync(log, 'utf8').includes(`${WORKERS} processes share port`),
    Boolean,
  );
});
afterEach(() => platform.kill('SIGKILL'));
afterAll(() => database.stop());

const workers = (): string[] =>
  readFileSync(`/proc/${platform.pid}/task/${platform.pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
const isAlive = (pid: string): boolean => spawnSync('kill', ['-0', pid]).status === 0;

describe('several processes on one port', () => {
  it('are replaced by SIGHUP without one failed request, and end with SIGTERM, all of them', async () => {
    const old = await eventually(
      async () => workers(),
      ({ length }) => length === WORKERS,
    );
    const load = new Load(platform.http, (await builtAgent(platform.http)).path, 4);
    platform.hangUp();
    const successors = await eventually(
      async () => workers(),
      (now) => now.length === WORKERS && !now.some((pid) => old.includes(pid)),
    );
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(load.acknowledged).toBeGreaterThan(0);
    expect(await platform.kill('SIGTERM')).toBe(0);
    expect([...old, ...successors].filter(isAlive)).toEqual([]);
    expect(recountStatistics(shared)).toEqual({ status: 0, output: '0 differences found\n' });
  });

  it('go on when one is killed, which is started again', async () => {
    const [victim = '', survivor = ''] = await eventually(
      async () => workers(),
      ({ length }) => length === WORKERS,
    );
    process.kill(Number(victim), 'SIGKILL');
    const now = await eventually(
      async () => workers(),
      (pids) => pids.length === WORKERS && !pids.includes(victim),
    );
    expect(now).toContain(survivor);
    expect((await platform.http.get('/api/v1/auth/me')).status).toBe(200);
    await platform.kill('SIGKILL');
    // Workers without a primary end by themselves: nothing would look after them.
    await eventually(
      async () => now.filter(isAlive),
      ({ length }) => length === 0,
    );
  });
});
