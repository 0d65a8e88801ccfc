import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { startApp, type TestApp } from '../../support/app.js';
import type { HttpClient } from '../../support/http.js';
import { apiDocument, importApi, settled, type WireIntegration } from '../../support/imported-api.js';

/** Of the document, about. */
const BYTES = 10_000_000;
const OPERATIONS = 3_000;
const PROPERTIES = 55;

/** Serves documents from a thread of its own: what this thread does is the platform's work alone. */
const SERVER = `
  const { createServer } = require('node:http');
  const { parentPort, workerData } = require('node:worker_threads');
  const server = createServer((request, response) => response.end(workerData[request.url.slice(1)]));
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

let app: TestApp;
let http: HttpClient;
let server: Worker;
let url: string;
let documents: Record<string, string>;

beforeAll(async () => {
  app = await startApp({ NEXUS_ALLOW_PRIVATE_ADDRESSES: 'true' });
  http = app.http.as('large-documents');
  const good = largeDocument();
  documents = {
    good,
    cut: good.slice(0, good.length - 1_000),
    dangling: good.replaceAll('"#/components/schemas/Thing', '"#/components/schemas/Nothing'),
    binary: 'PK\u0003\u0004'.repeat(BYTES / 4),
    nested: '['.repeat(BYTES / 5),
  };
  server = new Worker(SERVER, { eval: true, workerData: documents });
  const [port] = (await once(server, 'message')) as [number];
  url = `http://127.0.0.1:${port}`;
  // Starts the processes and compiles the code: once, and not because of the document.
  await importApi(http, apiDocument('books.openapi-3.1.yaml'));
  await imported('cut');
});
afterAll(async () => {
  await server.terminate();
  await app.close();
});

function largeDocument(): string {
  const properties = Object.fromEntries(
    Array.from({ length: PROPERTIES }, (_, index) => [
      `field_${index}`,
      { type: 'string', description: `Field ${index}` },
    ]),
  );
  const schemas = Object.fromEntries(
    Array.from({ length: OPERATIONS }, (_, index) => [`Thing${index}`, { type: 'object', properties }]),
  );
  const content = (index: number) => ({
    'application/json': { schema: { $ref: `#/components/schemas/Thing${index}` } },
  });
  const paths = Object.fromEntries(
    Array.from({ length: OPERATIONS }, (_, index) => [
      `/things${index}`,
      { get: { operationId: `getThing${index}`, responses: { 200: { description: 'ok', content: content(index) } } } },
    ]),
  );
  return JSON.stringify({ openapi: '3.1.0', info: { title: 'Large', version: '1' }, paths, components: { schemas } });
}

/** CPU time of this thread, in milliseconds. Other processes and a slow disk do not count. */
function cpu(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

/** The longest time that this thread worked without giving other requests a turn. */
async function longestStall(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = cpu();
  let isOver = false;
  const turn = (): void => {
    const now = cpu();
    longest = Math.max(longest, now - last);
    last = cpu();
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  await new Promise((resolve) => setImmediate(resolve));
  isOver = true;
  return longest;
}

/** What one reading of the document takes in this thread, at best. */
function parsing(): number {
  const times = [1, 2, 3].map(() => {
    const started = cpu();
    JSON.parse(documents['good']!);
    return cpu() - started;
  });
  return Math.min(...times);
}

const imported = (name: string) =>
  http.post<WireIntegration>('/api/v1/integrations', { name, source: { url: `${url}/${name}` } });

/**
 * The shortest of at most three longest stalls: a collection of garbage falls into one of them, work on the document into all.
 * @param enough a shorter one ends the search
 */
async function leastStall(work: () => Promise<unknown>, enough: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let time = 0; time < 3 && least >= enough; time++) least = Math.min(least, await longestStall(work));
  return least;
}

it('notices a document that is parsed in this thread', async () => {
  const one = parsing();
  const stall = await leastStall(async () => {
    for (let reading = 0; reading < 3; reading++) JSON.parse(documents['good']!);
  }, one);
  expect(stall).toBeGreaterThan(one);
});

it('imports a document of 10 MB and 3,000 operations while this thread does less than parse it', async () => {
  let made: WireIntegration | undefined;
  const bound = parsing();
  const stall = await leastStall(async () => {
    const answer = await imported('good');
    made = await settled(http, answer.data.integration_id);
  }, bound);
  expect(made).toMatchObject({ status: 'ready', operation_count: OPERATIONS });
  expect(stall).toBeLessThan(bound);
});

it.each(['cut', 'dangling', 'binary', 'nested'])(
  'refuses a large document that is broken (%s) while this thread does less than parse one',
  async (name) => {
    let status = 0;
    const bound = parsing();
    const stall = await leastStall(async () => ({ status } = await imported(name)), bound);
    expect(status).toBe(422);
    expect(stall).toBeLessThan(bound);
  },
);
