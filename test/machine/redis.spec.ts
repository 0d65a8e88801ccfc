import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../../src/platform/database/embedded/engine-program.js';
import { startDatabase, temporaryDirectory } from '../support/database.js';
import { eventually, HttpClient } from '../support/http.js';
import { migrate, PlatformProcess } from '../support/platform-process.js';

const LIMIT = 20;
const PATH = '/api/v1/orchestration/info';

let redis: ChildProcess;
let database: Awaited<ReturnType<typeof startDatabase>>;
let platforms: PlatformProcess[];

beforeAll(async () => {
  const [port, dir] = [await freePort(), temporaryDirectory()];
  redis = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', dir], {
    stdio: 'ignore',
  });
  redis.once('error', () => {
    throw new Error('this test needs redis-server, of the Debian package of that name');
  });
  database = await startDatabase();
  const shared = {
    NEXUS_DATABASE: 'dynamodb',
    DYNAMODB_ENDPOINT: database.endpoint,
    NEXUS_TABLE_PREFIX: 'redis-',
    NEXUS_DATA_DIR: temporaryDirectory(),
    REDIS_URL: `redis://127.0.0.1:${port}`,
    RATE_LIMIT_ORCHESTRATION_PER_MINUTE: String(LIMIT),
    JWT_SECRET_KEY: 'shared-by-both-processes-0123456789-abcdef',
  };
  migrate(shared);
  platforms = [await PlatformProcess.start(shared), await PlatformProcess.start(shared)];
});
afterAll(async () => {
  for (const platform of platforms) await platform.kill('SIGTERM');
  redis.kill();
  await database.stop();
});

/** The clients of both processes with one and the same token. */
function clients(): HttpClient[] {
  const [first] = platforms;
  const headers = first?.http.headers ?? {};
  return platforms.map(({ http }) => new HttpClient(http.url, headers));
}

it('two processes share one budget, and go on without Redis', async () => {
  const [one, other] = clients();
  if (!one || !other) throw new Error('two platforms are needed');
  const statuses: number[] = [];
  for (let request = 0; request < LIMIT; request++)
    statuses.push((await (request % 2 === 0 ? one : other).raw('GET', PATH)).status);
  expect(statuses).toEqual(Array.from({ length: LIMIT }, () => 200));
  for (const client of [one, other]) {
    const refused = await client.raw('GET', PATH);
    expect(refused.status).toBe(429);
    expect(refused.headers.get('x-ratelimit-limit')).toBe(String(LIMIT));
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  }

  const gone = once(redis, 'exit');
  redis.kill('SIGKILL');
  await gone;
  // Each process counts for itself from now on: looser limits, and nobody is locked out.
  const alone = await eventually(
    () => one.raw('GET', PATH),
    ({ status }) => status === 200,
  );
  expect(Number(alone.headers.get('x-ratelimit-remaining'))).toBeGreaterThan(0);
  expect((await other.raw('GET', '/health/ready')).status).toBe(200);
});
