import { setTimeout as delay } from 'node:timers/promises';
import { startDatabase, temporaryDirectory } from '../support/database.js';
import { publishedFlow } from '../support/flows.js';
import { eventually, type HttpClient } from '../support/http.js';
import { apiDocument, importApi } from '../support/imported-api.js';
import { leftovers } from '../support/leftovers.js';
import { migrate, PlatformProcess } from '../support/platform-process.js';
import { faultSeed, seeded } from '../support/seeded.js';

const PREFIX = 'faults-';
const SEED = faultSeed();
const KILLS = 4;
/** One import of the package takes about a second. */
const SPREAD_MS = 1_200;
/** An import whose process died is undone half a minute after its last sign of life. */
const UNDONE_WITHIN_MS = 180_000;

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

/** Two APIs, an agent and a flow that calls one of the APIs. */
async function exportedPackage(http: HttpClient): Promise<Blob> {
  const books = await importApi(http, apiDocument('books.openapi-3.1.yaml'), { name: 'books' });
  const orders = await importApi(http, apiDocument('orders.swagger-2.0.json'), { name: 'orders' });
  const definition = {
    ...{ agent_name: 'packed', display_name: 'Packed', description: 'Answers questions', role: 'Answers questions' },
    system_prompt: 'You answer questions.',
  };
  const agent = await http.post<{ agent_id: string }>('/api/v1/agents', { definition });
  if (agent.status !== 201) throw new Error(JSON.stringify(agent.error));
  const call = { integration: 'books', operation: 'getBook', input: { id: '1' } };
  const flow_id = await publishedFlow(http, { timeout_seconds: 60, steps: [{ id: 'read', call }] }, 'packed');
  const answer = await fetch(`${http.url}/api/v1/exports`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...http.headers },
    body: JSON.stringify({
      ...{ agent_ids: [agent.data.agent_id], flow_ids: [flow_id], client_languages: [] },
      integration_ids: [books.integration_id, orders.integration_id],
    }),
  });
  if (answer.status !== 200) throw new Error(await answer.text());
  return answer.blob();
}

async function imported(http: HttpClient, archive: Blob): Promise<number> {
  const form = new FormData();
  form.set('file', archive, 'package.zip');
  return (await fetch(`${http.url}/api/v1/imports`, { method: 'POST', headers: http.headers, body: form })).status;
}

/** How many of each kind there are. Archived flows do not count. */
async function counts(http: HttpClient): Promise<number[]> {
  const paths = ['integrations', 'projects', 'agents', 'flows?status=published'];
  const answers = await Promise.all(
    paths.map((path) =>
      http.get<Record<string, unknown[]>>(`/api/v1/${path}${path.includes('?') ? '&' : '?'}limit=100`),
    ),
  );
  return answers.map(({ data }, index) => data[paths[index]!.split('?')[0]!]!.length);
}

it(`takes a package over whole or not at all when its process dies, and again afterwards (seed ${SEED})`, async () => {
  const random = seeded(SEED);
  const archive = await exportedPackage(platform.http);
  const before = await counts(platform.http);
  let whole = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const running = imported(platform.http, archive).catch(() => 0);
    await delay(random() * SPREAD_MS);
    await platform.kill('SIGKILL');
    if ((await running) === 201) whole++;
    platform = await PlatformProcess.start(environment);
  }
  expect(await imported(platform.http, archive)).toBe(201);
  whole++;
  const expected = before.map((count, index) => count + whole * [2, 1, 1, 1][index]!);
  const found = await eventually(
    () => counts(platform.http),
    (now) => JSON.stringify(now) === JSON.stringify(expected),
    UNDONE_WITHIN_MS,
  );
  expect(found).toEqual(expected);
  await eventually(
    () => leftovers(database.endpoint, PREFIX, ['"import_id":"pkg_']),
    (left) => !('PackageImports' in left),
    UNDONE_WITHIN_MS,
  );
});
