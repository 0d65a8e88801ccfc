// node bench/crowd.mjs [--quick]: how long a thousand callers that connect at once wait for an answer, or for a refusal with
// Retry-After, from a process that 64 other callers keep busy.
import { rmSync } from 'node:fs';
import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import autocannon from 'autocannon';
import { flagsOf, start } from './processes.mjs';
import { authorization, builtAgent, call, dataDirectory, settingsOf, signIn } from './seed.mjs';

const ROUNDS = process.argv.includes('--quick') ? 1 : 5;
const [CALLERS, BUSY] = [1_000, 64];
/** The longest permitted wait. */
const WAIT_MAX_MS = 2_000;
const TIMEOUT_MS = 30_000;
const CALM_MS = 1_000;

const directory = dataDirectory();
const platform = await start('dist/main.js', '/health/ready', settingsOf(directory), flagsOf('start'));

/** One caller on its own connection. */
const visit = (url, headers) =>
  new Promise((resolve) => {
    const began = performance.now();
    const end = (outcome) => resolve({ outcome, ms: performance.now() - began });
    const request = http.get(url, { agent: false, headers, timeout: TIMEOUT_MS }, (response) => {
      const isPolite = response.statusCode !== 503 || response.headers['retry-after'] !== undefined;
      response.resume();
      response.on('end', () => end(isPolite ? response.statusCode : '503 without Retry-After'));
      response.on('error', ({ code }) => end(code));
    });
    request.on('timeout', () => request.destroy(Object.assign(new Error(), { code: 'timeout' })));
    request.on('error', ({ code }) => end(code));
  });

try {
  await signIn(platform.url);
  const { agent_id, project_id } = await builtAgent(platform.url);
  const headers = authorization(platform.url);
  const path = `/api/v1/agents/${encodeURIComponent(agent_id)}`;
  await call(platform.url, 'POST', `${path}/invoke`, { input_text: 'Hello' });
  const load = autocannon({
    url: `${platform.url}${path}/invoke`,
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ input_text: 'What is 17 * 23?' }),
    connections: BUSY,
    duration: 600,
    timeout: 30,
  });
  await delay(CALM_MS);
  const rows = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = platform.cpu_seconds();
    const visits = await Promise.all(
      Array.from({ length: CALLERS }, () => visit(`${platform.url}/api/v1/projects/${project_id}`, headers)),
    );
    const cpu = platform.cpu_seconds() - before;
    const waits = visits.map(({ ms }) => ms).sort((a, b) => a - b);
    const outcomes = Object.entries(Object.groupBy(visits, ({ outcome }) => outcome));
    const longest = waits.at(-1);
    rows.push({
      'p50 ms': waits[CALLERS / 2].toFixed(0),
      'p99 ms': waits[CALLERS * 0.99].toFixed(0),
      'longest ms': longest.toFixed(0),
      'CPU of the platform ms': (cpu * 1_000).toFixed(0),
      answers: outcomes.map(([outcome, { length }]) => `${length} x ${outcome}`).join(', '),
      met: longest <= WAIT_MAX_MS ? 'yes' : 'NO',
    });
    await delay(CALM_MS);
  }
  load.stop();
  await load;
  console.table(rows);
} finally {
  await platform.stop();
  rmSync(directory, { recursive: true, force: true });
}
