import { setTimeout as delay } from 'node:timers/promises';
import { startDatabase, temporaryDirectory } from '../support/database.js';
import { eventually } from '../support/http.js';
import { apiDocument, settled, type WireIntegration } from '../support/imported-api.js';
import { leftovers } from '../support/leftovers.js';
import { migrate, PlatformProcess } from '../support/platform-process.js';
import { faultSeed, seeded } from '../support/seeded.js';

const PREFIX = 'faults-';
const SEED = faultSeed();
/** One import takes a fifth of a second: the kills are spread over it and the moment after. */
const KILLS = 4;
const SPREAD_MS = 320;

let database: Awaited<ReturnType<typeof startDatabase>>;
let environment: Record<string, string>;
let platform: PlatformProcess;

beforeAll(async () => {
  database = await startDatabase();
  environment = {
    NEXUS_DATABASE: 'dynamodb',
    DYNAMODB_ENDPOINT: database.endpoint,
    NEXUS_TABLE_PREFIX: PREFIX,
    NEXUS_DATA_DIR: temporaryDirectory(),
    ENGINE_LEASE_SECONDS: '2',
    ENGINE_HEARTBEAT_SECONDS: '1',
    ENGINE_REAPER_SECONDS: '1',
  };
  migrate(environment);
  platform = await PlatformProcess.start(environment);
});
afterAll(async () => {
  await platform.kill('SIGKILL');
  await database.stop();
});

const content = apiDocument('books.openapi-3.1.yaml');

async function killDuring(work: () => Promise<unknown>, after_ms: number): Promise<void> {
  const running = work().catch(() => undefined);
  await delay(after_ms);
  await platform.kill('SIGKILL');
  await running;
  platform = await PlatformProcess.start(environment);
}

it(`ends imports that die with their process: done, or never accepted (seed ${SEED})`, async () => {
  const random = seeded(SEED);
  // A first import starts the worker, which the others find.
  const first = await platform.http.post<WireIntegration>('/api/v1/integrations', {
    name: 'first',
    source: { content },
  });
  await settled(platform.http, first.data.integration_id);
  for (let kill = 0; kill < KILLS; kill++) {
    const name = `killed-${kill}`;
    await killDuring(
      () => platform.http.post('/api/v1/integrations', { name, source: { content } }),
      random() * SPREAD_MS,
    );
    const { data } = await platform.http.get<{ integrations: WireIntegration[] }>('/api/v1/integrations');
    const found = data.integrations.find((one) => one.name === name);
    // Killed before anything was stored: it can be asked for again.
    if (!found) continue;
    const path = `/api/v1/integrations/${found.integration_id}`;
    // Killed before its run was accepted: it can be deleted, and leaves nothing.
    if (found.import !== null) {
      const ended = await settled(platform.http, found.integration_id);
      expect(ended).toMatchObject({ status: 'ready', version: 1, operation_count: 4, import: { status: 'done' } });
      expect((await platform.http.get<{ total: number }>(`${path}/operations`)).data.total).toBe(4);
    }
    expect((await platform.http.delete(path)).status).toBe(200);
    expect(await leftovers(database.endpoint, PREFIX, [found.integration_id])).toEqual({});
  }
});

it(`keeps the version in use when a later import dies with its process (seed ${SEED})`, async () => {
  const random = seeded(SEED + 1);
  const made = await platform.http.post<WireIntegration>('/api/v1/integrations', {
    name: 'again',
    source: { content },
  });
  const { integration_id } = await settled(platform.http, made.data.integration_id);
  const path = `/api/v1/integrations/${integration_id}`;
  let version = 1;
  for (let kill = 0; kill < KILLS; kill++) {
    const source = { content: content.replace('version: 1.2.0', `version: 1.2.${kill + 1}`) };
    await killDuring(() => platform.http.put(`${path}/document`, { source }), random() * SPREAD_MS);
    const { data } = await eventually(
      () => platform.http.get<WireIntegration & { api_version: string }>(path),
      ({ data: found }) => found.import?.status !== 'running',
    );
    expect([version, version + 1]).toContain(data.version);
    const isNew = data.version > version;
    expect(data).toMatchObject({ status: 'ready', operation_count: 4, import: { status: 'done' } });
    if (isNew) expect(data.api_version).toBe(`1.2.${kill + 1}`);
    version = data.version;
    expect((await platform.http.get<{ total: number }>(`${path}/operations`)).data.total).toBe(4);
  }
});
