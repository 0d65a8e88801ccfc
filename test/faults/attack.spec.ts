import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import type { AddressInfo } from 'node:net';
import { builtAgent } from '../support/built-agent.js';
import { temporaryDirectory } from '../support/database.js';
import type { HttpClient } from '../support/http.js';
import { PlatformProcess } from '../support/platform-process.js';

const LOOP_DELAY_MS = 200;
const SLOWEST_READ_MS = 1_000;
const MEMORY_MB = 512;
const ROUNDS = 3;
const LOOK_MS = 50;
const json = { 'content-type': 'application/json' };

/** One kind of attack: sends its request and answers the status. */
type Attack = () => Promise<number>;

let platform: PlatformProcess;
let yaml: Server;
beforeAll(async () => {
  platform = await PlatformProcess.start({
    NEXUS_DATA_DIR: temporaryDirectory(),
    // The budget of sign-in would keep most of these requests from doing any harm.
    RATE_LIMIT_AUTH_PER_MINUTE: '1000000',
  });
  yaml = createServer((_request, response) => response.end(YAML_ALIASES)).listen(0, '127.0.0.1');
  await once(yaml, 'listening');
});
afterAll(async () => {
  yaml.close();
  await platform.kill('SIGTERM');
});

const keys = (count: number): string =>
  JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 1])));

/** Bodies of strangers, which blocked the process for 5 to 60 seconds each. */
function strangers(http: HttpClient): Record<string, Attack> {
  const send = (path: string, body: string, headers: Record<string, string> = {}) => {
    const bytes = Buffer.from(body);
    return async () =>
      (await fetch(http.url + path, { method: 'POST', headers: { ...json, ...headers }, body: bytes })).status;
  };
  const login = '/api/v1/auth/login';
  return {
    'many keys': send(login, keys(80_000)),
    'as many keys as fit': send(login, keys(9_500)),
    'as many keys as are let through': send(login, keys(999)),
    '700,000 keys': send(login, keys(700_000)),
    'a list of 1.6 million': send(login, `[${'1,'.repeat(1_600_000)}1]`),
    'brackets on an unknown path': send('/api/v1/nothing', '['.repeat(10_000_000)),
    'brackets in a body that is read': send(login, '['.repeat(100_000)),
    'one long string': send(login, `{"email":"${'\\u0041'.repeat(16_000)}`),
    'objects in a list': send(login, `{"email":[${'{},'.repeat(990)}{}]}`),
    'an unknown encoding': send(login, '{}', { 'content-encoding': 'foo' }),
  };
}

/** Bodies of a member, to routes that take more. */
function members({ url, headers }: HttpClient, path: string): Record<string, Attack> {
  const send = (route: string, body: unknown) => {
    const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    return async () =>
      (await fetch(url + route, { method: 'POST', headers: { ...json, ...headers }, body: bytes })).status;
  };
  const document = Object.fromEntries(Array.from({ length: 1_900 }, (_, index) => [`p${index}`, JSON.parse(keys(9))]));
  return {
    'a document of 19,000 keys': send('/api/v1/tools', {
      kind: 'openapi',
      name: 'a',
      description: 'b',
      config: document,
    }),
    'a document of 2 MB of brackets': send('/api/v1/tools', '['.repeat(2_000_000)),
    'a document of 10 MB': send('/api/v1/tools', '['.repeat(10_000_000)),
    'a list that is too long': send('/api/v1/orchestration/partnerships', { deliverables: Array(990).fill({}) }),
    'a state of 64 levels': send(`${path}/invoke`, {
      input_text: 'x',
      session_state: JSON.parse(`${'{"a":'.repeat(62)}1${'}'.repeat(62)}`) as unknown,
    }),
  };
}

/** Messages whose tools ran for 2 to 34 seconds in the loop of all tenants. */
function messages(http: HttpClient, path: string): Record<string, Attack> {
  const say = (input_text: string) => async () => (await http.post(`${path}/invoke`, { input_text })).status;
  return {
    'a query that doubles': say(`query: ${Array(30).fill('to_string([@])').join('|')} {"a":"\\\\\\""}`),
    'arc tangents': say(`What is ${Array(9_000).fill('atan(0.2)').join('+')}?`),
    'digits to summarize': say(`summarize: ${'1'.repeat(90_000)}`),
    'digits and letters': say(`${'1a'.repeat(45_000)}?`),
    'spaces before a sum': say(`${' '.repeat(90_000)}what is 1+1`),
  };
}

const DOUBLED = {
  type: 'object',
  properties: { value: { $ref: '#/$defs/s0' } },
  $defs: Object.fromEntries(
    Array.from({ length: 23 }, (_, level) => [
      `s${level}`,
      level === 22 ? { type: 'string' } : { anyOf: [1, 2].map(() => ({ $ref: `#/$defs/s${level + 1}` })) },
    ]),
  ),
};
const UNIQUE = { type: 'object', properties: { value: { type: 'array', uniqueItems: true } } };
const CIRCULAR = { type: 'object', properties: { value: { allOf: [{ $ref: '#/properties/value' }] } } };
const ITSELF = { type: 'object', allOf: [{ $ref: '#' }] };
const YAML_ALIASES = [
  'openapi: 3.1.0',
  'info: {title: t, version: "1"}',
  'paths: {}',
  'a0: &a0 [x, x, x, x, x, x, x, x, x]',
  ...Array.from(
    { length: 9 },
    (_, level) => `a${level + 1}: &a${level + 1} [${Array(9).fill(`*a${level}`).join(', ')}]`,
  ),
].join('\n');

/** Schemas and documents that took 2 to 26 seconds to compile, to check or to read. */
async function schemas(http: HttpClient, project_id: string): Promise<Record<string, Attack>> {
  const attach = (name: string, config: object, kind = 'http') =>
    http.post<{ tool_id?: string }>('/api/v1/tools', { kind, name, description: 'An attack.', project_id, config });
  const endpoint = { method: 'POST', url: 'https://example.com/' };
  const [doubled, unique, circular] = [
    await attach('doubled', { ...endpoint, input_schema: DOUBLED }),
    await attach('unique', { ...endpoint, input_schema: UNIQUE }),
    await attach('circular', { ...endpoint, input_schema: CIRCULAR }),
  ];
  const check = (tool_id: string | undefined, value: unknown) => async () =>
    (await http.post(`/api/v1/tools/${tool_id ?? 'none'}/test`, { input: { value } })).status;
  const { port } = yaml.address() as AddressInfo;
  let named = 0;
  return {
    'a schema of doubled references': check(doubled.data.tool_id, 1),
    'an optional property that refers to itself': check(circular.data.tool_id, 1),
    'unique items': check(
      unique.data.tool_id,
      Array.from({ length: 9_000 }, (_, index) => index),
    ),
    'a schema that refers to itself': async () =>
      (await attach(`itself_${named++}`, { ...endpoint, input_schema: ITSELF })).status,
    'YAML aliases': async () =>
      (await attach(`aliases_${named++}`, { url: `http://127.0.0.1:${port}/api.yaml` }, 'openapi')).status,
  };
}

/** The longest delay of the platform's event loop since the last look, in milliseconds. */
async function loopDelay({ url }: HttpClient): Promise<number> {
  const text = await (await fetch(`${url}/health/metrics`)).text();
  return Number(/^nodejs_eventloop_lag_max_seconds (\S+)/m.exec(text)?.[1]) * 1000 || 0;
}

/** The most memory that the process has ever held. */
function peakMemoryMb(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** How long the main thread of a process has run, and how long it was ready to run but had no core, in milliseconds. */
function coreTime(pid: number): { ran: number; waited: number } {
  const [ran, waited] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ');
  return { ran: Number(ran) / 1e6, waited: Number(waited) / 1e6 };
}

interface Figure {
  /** By the wall clock, in milliseconds. */
  wall: number;
  /** Without the time in which the machine gave the process no core, in milliseconds. */
  own: number;
}

/**
 * Looks at the event loop again and again. While a block lasts, its thread either runs or waits for a core, so its own part of the
 * delay is the share of the time in which the thread ran between two looks.
 */
async function watchLoop({ http, pid }: PlatformProcess, isOver: () => boolean): Promise<Figure[]> {
  const delays: Figure[] = [];
  while (!isOver()) {
    const before = coreTime(pid);
    await setTimeout(LOOK_MS);
    const wall = await loopDelay(http);
    const after = coreTime(pid);
    const [ran, waited] = [after.ran - before.ran, after.waited - before.waited];
    delays.push({ wall, own: Math.min(ran, (wall * ran) / (ran + waited)) });
  }
  return delays;
}

/** Reads as another client would until the attack is over. The client itself waits for a core, too. */
async function readMeanwhile({ http, pid }: PlatformProcess, isOver: () => boolean): Promise<Figure[]> {
  const reads: Figure[] = [];
  while (!isOver()) {
    const [startedAt, platform, client] = [performance.now(), coreTime(pid).waited, coreTime(process.pid).waited];
    const { status } = await http.get('/api/v1/projects?limit=5');
    const wall = performance.now() - startedAt;
    const starved = Math.max(coreTime(pid).waited - platform, coreTime(process.pid).waited - client);
    reads.push({ wall, own: wall - starved });
    if (status !== 200) throw new Error(`a read was answered with ${status}`);
  }
  return reads;
}

const worst = (figures: Figure[], kind: keyof Figure): number => Math.max(...figures.map((figure) => figure[kind]));

/**
 * On two idle cores, by the wall clock: delay 82 to 138 ms, slowest read 191 to 591 ms, 398 to 427 MB (five runs).
 * On two cores with a load of 11 to 12 the longest delay was 127 to 746 ms and the slowest read 508 to 1,288 ms by the wall clock; 41 to
 * 66 ms and 158 to 379 ms without the time in which the process was ready to run but had no core. The suite shares its machine with
 * other work, so the bounds apply to the latter: how long the platform itself takes.
 */
it('an attack on everything at once neither blocks the process nor fills its memory', async () => {
  const { http, pid } = platform;
  const { path, project_id } = await builtAgent(
    http,
    'An assistant that calculates totals and percentages, summarizes texts, and extracts values from JSON documents.',
  );
  const attacks = {
    ...strangers(http),
    ...members(http, path),
    ...messages(http, path),
    ...(await schemas(http, project_id)),
  };
  await loopDelay(http);
  let isOver = false;
  const watching = Promise.all([readMeanwhile(platform, () => isOver), watchLoop(platform, () => isOver)]);
  const answers: Record<string, number[]> = {};
  const attacking = Object.entries(attacks).map(async ([name, attack]) => {
    for (let round = 0; round < ROUNDS; round++) (answers[name] ??= []).push(await attack());
  });
  await Promise.all(attacking).finally(() => (isOver = true));
  const [reads, delays] = await watching;
  const failed = Object.entries(answers).filter(([, statuses]) => statuses.some((status) => status >= 500));
  expect(failed).toEqual([]);
  expect(reads.length).toBeGreaterThan(10);
  expect(worst(delays, 'own')).toBeLessThan(LOOP_DELAY_MS);
  expect(worst(reads, 'own')).toBeLessThan(SLOWEST_READ_MS);
  expect(peakMemoryMb(pid)).toBeLessThan(MEMORY_MB);
});
