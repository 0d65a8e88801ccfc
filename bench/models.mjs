// node bench/models.mjs [--quick] [--processes=2]: what Nexus adds to a call of a model that answers at once.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import autocannon from 'autocannon';
import { EmbeddedDatabase } from '../dist/platform/database/embedded/embedded-database.js';
import { flagsOf, start } from './processes.mjs';
import { authorization, builtAgent, call, dataDirectory, settingsOf, signIn } from './seed.mjs';

const quick = process.argv.includes('--quick');
const CALLS = quick ? 200 : 1_000;
const SECONDS = quick ? 3 : 10;
const WARM_UP = 200;
const CALLERS = 64;
const OVERHEAD_P95_MS = 8;
const processes = Number(/--processes=(\d+)/.exec(process.argv.join(' '))?.[1] ?? 1);
const RATE = processes > 1 ? { whole: 1_000, stream: 500 } : { whole: 500, stream: 500 };

const directory = dataDirectory();
const model = await start('bench/model-server.mjs', '/');
/** Several processes cannot share an embedded database, so a database server is started for them. */
const shared = processes > 1 ? new EmbeddedDatabase(join(directory, 'shared')) : undefined;
const settings = { ...settingsOf(directory), OPENAI_BASE_URL: `${model.url}/v1` };
if (shared) {
  mkdirSync(join(directory, 'shared'));
  await shared.start();
  Object.assign(settings, {
    NEXUS_DATABASE: 'dynamodb',
    DYNAMODB_ENDPOINT: shared.endpoint,
    WEB_CONCURRENCY: String(processes),
  });
  execFileSync(process.execPath, ['dist/commands/migrate.js'], { env: { ...process.env, ...settings } });
}
const platform = await start('dist/main.js', '/health/ready', settings, flagsOf('start'));

const json = { 'content-type': 'application/json' };
const messages = [{ role: 'user', content: 'What is 17 * 23?' }];
const direct = (stream) => ({
  url: `${model.url}/v1/chat/completions`,
  headers: json,
  body: JSON.stringify({ model: 'zero', messages, stream }),
});

/** Milliseconds until the answer is there, or until the first text of a stream. */
async function timed({ url, headers, body }, firstText) {
  const began = performance.now();
  const response = await fetch(url, { method: 'POST', headers, body });
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  if (firstText === undefined) {
    await response.text();
    return performance.now() - began;
  }
  let seen = '';
  let after;
  for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
    seen += part;
    if (after === undefined && seen.includes(firstText)) after = performance.now() - began;
  }
  return after;
}

async function percentiles(request, firstText) {
  for (let each = 0; each < WARM_UP; each++) await timed(request, firstText);
  const times = [];
  for (let each = 0; each < CALLS; each++) times.push(await timed(request, firstText));
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.floor(times.length * share)];
  return { p50: at(0.5), p95: at(0.95) };
}

const rows = [];
function row(name, base, measured) {
  const added = { p50: measured.p50 - base.p50, p95: measured.p95 - base.p95 };
  const met = added.p95 <= OVERHEAD_P95_MS;
  const shown = (value) => value.toFixed(2);
  rows.push({
    name,
    'model p50': shown(base.p50),
    'model p95': shown(base.p95),
    'Nexus p50': shown(measured.p50),
    'Nexus p95': shown(measured.p95),
    'added p50 ms': shown(added.p50),
    'added p95 ms': shown(added.p95),
    met: met ? 'yes' : 'NO',
  });
}

try {
  await signIn(platform.url);
  const { agent_id } = await builtAgent(platform.url);
  const headers = { ...json, ...authorization(platform.url) };
  const path = `/api/v1/agents/${encodeURIComponent(agent_id)}`;
  await call(platform.url, 'PUT', path, { model_id: 'openai:zero' });
  const invoke = { url: `${platform.url}${path}/invoke`, body: JSON.stringify({ input_text: 'What is 17 * 23?' }) };
  const plain = { ...invoke, headers };
  const streaming = { ...invoke, headers: { ...headers, accept: 'text/event-stream' } };
  row('1 caller, whole answer', await percentiles(direct(false)), await percentiles(plain));
  row(
    '1 caller, first text of a stream',
    await percentiles(direct(true), '"content":"The'),
    await percentiles(streaming, 'event: delta'),
  );
  process.stdout.write('\nMilliseconds\n');
  console.table(rows);
  const loads = [];
  const load = async (name, request, target) => {
    const result = await autocannon({ ...request, method: 'POST', connections: CALLERS, duration: SECONDS });
    const errors = result.errors + result.non2xx;
    const met = result.requests.average >= target && errors === 0 ? 'yes' : 'NO';
    const { p50, p97_5 } = result.latency;
    loads.push({
      name: `${CALLERS} callers, ${name}`,
      'invocations/s': Math.round(result.requests.average),
      'p50 ms': p50,
      'p97.5 ms': p97_5,
      errors,
      met: target === 0 ? '' : met,
    });
  };
  await load('whole answers', plain, RATE.whole);
  await load('streams', streaming, RATE.stream);
  // What the same agent does without a model behind a network, on the same machine at the same time.
  await call(platform.url, 'PUT', path, { model_id: '' });
  await load('offline model, for comparison', { ...plain, body: JSON.stringify({ input_text: 'hello' }) }, 0);
  console.table(loads);
  if (processes === 1) process.stdout.write(`Resident memory of the platform: ${platform.rss_mb()} MB\n`);
} finally {
  await platform.stop();
  await shared?.stop();
  await model.stop();
  rmSync(directory, { recursive: true, force: true });
}
