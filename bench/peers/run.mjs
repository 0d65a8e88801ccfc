// node bench/peers/run.mjs [--quick] [--only=nexus,agno,mastra]: Nexus and its peers in turn, with the same model server.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import autocannon from 'autocannon';
import { flagsOf, freePort, start } from '../processes.mjs';
import { authorization, builtAgent, call, settingsOf, signIn } from '../seed.mjs';

const quick = process.argv.includes('--quick');
const only = process.argv
  .find((word) => word.startsWith('--only='))
  ?.slice('--only='.length)
  .split(',');
const ROUNDS = quick ? 1 : 3;
const CALLS = quick ? 100 : 300;
const SECONDS = quick ? 3 : 8;
const WARM_UP = 100;
const CALLERS = 32;
const SESSIONS = quick ? 3 : 9;
const TURNS = 50;
const HERE = 'bench/peers';
const QUESTION = 'What is 17 * 23?';
const READY_WITHIN_MS = 120_000;
const FIRST_TEXT = 'The ';
/** A system that is ready may still be finishing its start. */
const CALM_MS = 6_000;

const data = mkdtempSync(join(tmpdir(), 'nexus-peers-'));
const json = { 'content-type': 'application/json' };
const model = await start('bench/model-server.mjs', '/', { FLUSHED: 'true' });

/** A process of a peer; figures count its child processes, too. */
async function started(name, command, args, path, environment = {}) {
  const port = await freePort();
  const directory = join(data, name);
  mkdirSync(directory);
  const child = spawn(command, args, {
    env: {
      ...process.env,
      MODEL_URL: `${model.url}/v1`,
      DATA_DIRECTORY: directory,
      API_PORT: String(port),
      API_HOST: '127.0.0.1',
      ...environment,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  for (const began = performance.now(); ;) {
    const ok = await fetch(url + path).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ok) break;
    if (performance.now() - began > READY_WITHIN_MS) throw new Error(`${name} was not ready in time`);
    await delay(100);
  }
  await delay(CALM_MS);
  const stop = async () => {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  };
  return { name, url, stop, pid: child.pid, idle: rss(child.pid) };
}

const SYSTEMS = {
  async nexus() {
    const settings = { ...settingsOf(join(data, 'nexus')), OPENAI_BASE_URL: `${model.url}/v1` };
    const system = await started(
      'nexus',
      process.execPath,
      [...flagsOf('start'), 'dist/main.js'],
      '/health/ready',
      settings,
    );
    const { url } = system;
    await signIn(url);
    const { agent_id } = await builtAgent(url);
    const path = `/api/v1/agents/${encodeURIComponent(agent_id)}`;
    await call(url, 'PUT', path, { model_id: 'openai:zero' });
    const headers = { ...json, ...authorization(url) };
    const ask = (stream) => ({
      url: `${url}${path}/invoke`,
      headers: stream ? { ...headers, accept: 'text/event-stream' } : headers,
      body: JSON.stringify({ input_text: QUESTION }),
    });
    const begin = async () => {
      const { session_id } = await call(url, 'POST', `${path}/sessions`, {});
      const body = JSON.stringify({ content: QUESTION });
      return { url: `${url}/api/v1/sessions/${session_id}/messages`, headers, body };
    };
    return { ...system, label: 'Nexus, embedded database', ask, begin };
  },
  async agno() {
    const system = await started('agno', `${HERE}/.venv/bin/python`, [`${HERE}/agno_app.py`], '/health');
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const ask = (stream) => ({
      url: `${system.url}/agents/bench/runs`,
      headers,
      body: `message=${encodeURIComponent(QUESTION)}&stream=${stream}&session_id=[<id>]`,
    });
    const begin = async () => fresh(ask(false));
    return { ...system, label: `Agno ${pythonVersion('agno')}, SQLite`, ask, begin };
  },
  async mastra() {
    const system = await started('mastra', process.execPath, [`${HERE}/mastra-app.mjs`], '/');
    const ask = (stream) => ({
      url: system.url,
      headers: json,
      body: JSON.stringify({ message: QUESTION, thread: '[<id>]', stream }),
    });
    const { version } = JSON.parse(readFileSync(`${HERE}/node_modules/@mastra/core/package.json`, 'utf8'));
    const begin = async () => fresh(ask(false));
    return { ...system, label: `Mastra ${version}, LibSQL`, ask, begin };
  },
};

function pythonVersion(name) {
  const list = readFileSync(`${HERE}/requirements.txt`, 'utf8');
  return new RegExp(`^${name}==(.+)$`, 'm').exec(list)?.[1] ?? '';
}

/** All processes of a system: a database that it started counts, too. */
const descendants = (pid) => {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number);
  return [pid, ...children.flatMap(descendants)];
};
const each = (pid, read) =>
  descendants(pid).reduce((sum, one) => {
    try {
      return sum + read(one);
    } catch {
      return sum;
    }
  }, 0);
const rss = (pid) =>
  each(pid, (one) => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${one}/status`, 'utf8'))?.[1] ?? 0)) / 1024;
const cpu = (pid) =>
  each(pid, (one) => {
    const [user, system] = readFileSync(`/proc/${one}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13);
    return (Number(user) + Number(system)) * 10;
  });

const fresh = ({ body, ...request }) => ({ ...request, body: body.replace('[<id>]', crypto.randomUUID()) });

/** Milliseconds until the whole answer, or until the first text of a stream. */
async function timed(request, isFirst) {
  const { url, headers, body } = fresh(request);
  const began = performance.now();
  const response = await fetch(url, { method: 'POST', headers, body });
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  if (!isFirst) {
    await response.text();
    return performance.now() - began;
  }
  let seen = '';
  let after;
  for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
    seen += part;
    if (after === undefined && seen.includes(FIRST_TEXT)) after = performance.now() - began;
  }
  if (after === undefined) throw new Error(`${url} streamed no text: ${seen.slice(0, 500)}`);
  return after;
}

async function times(request, isFirst) {
  const all = [];
  for (let index = 0; index < CALLS; index++) all.push(await timed(request, isFirst));
  return all.sort((a, b) => a - b);
}

/** Milliseconds of the second and of the fiftieth turn of a conversation: medians of several conversations. */
async function turns({ begin }) {
  const [second, last] = [[], []];
  for (let session = 0; session < SESSIONS; session++) {
    const request = await begin();
    for (let turn = 1; turn <= TURNS; turn++) {
      const ms = await timed(request, false);
      if (turn === 2) second.push(ms);
      if (turn === TURNS) last.push(ms);
    }
  }
  return { second: middle(second), last: middle(last) };
}

const at = (sorted, share) => sorted[Math.floor(sorted.length * share)];
const middle = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

async function loaded({ pid, ask }, stream) {
  const before = cpu(pid);
  const result = await autocannon({
    ...ask(stream),
    method: 'POST',
    idReplacement: true,
    connections: CALLERS,
    duration: SECONDS,
    timeout: 60,
  });
  const answers = result['2xx'];
  const failed = result.errors + result.non2xx;
  return { rate: answers / result.duration, cpu_ms: (cpu(pid) - before) / Math.max(1, answers), failed };
}

const names = Object.keys(SYSTEMS).filter((name) => !only || only.includes(name));
for (const [name, needed] of [
  ['agno', '.venv'],
  ['mastra', 'node_modules'],
])
  if (names.includes(name) && !existsSync(`${HERE}/${needed}`))
    throw new Error(`${name} is not installed: see ${HERE}/README.md`);
const systems = [];
const direct = { url: `${model.url}/v1/chat/completions`, headers: json };
const directly = (stream) => ({
  ...direct,
  body: JSON.stringify({ model: 'zero', messages: [{ role: 'user', content: QUESTION }], stream }),
});
try {
  for (const name of names) {
    const system = await SYSTEMS[name]();
    systems.push({ ...system, rounds: [], peak: 0 });
  }
  for (const { ask } of systems)
    for (const stream of [false, true]) for (let index = 0; index < WARM_UP; index++) await timed(ask(stream), stream);
  for (let round = 0; round < ROUNDS; round++) {
    for (const system of systems) {
      const base = { whole: await times(directly(false), false), first: await times(directly(true), true) };
      const own = { whole: await times(system.ask(false), false), first: await times(system.ask(true), true) };
      const added = (kind, share) => at(own[kind], share) - at(base[kind], share);
      const { second, last } = await turns(system);
      const whole = await loaded(system, false);
      const streams = await loaded(system, true);
      system.peak = Math.max(system.peak, rss(system.pid));
      system.rounds.push({
        p50: added('whole', 0.5),
        p95: added('whole', 0.95),
        first_p50: added('first', 0.5),
        first_p95: added('first', 0.95),
        second,
        last,
        whole_rate: whole.rate,
        whole_cpu: whole.cpu_ms,
        stream_rate: streams.rate,
        stream_cpu: streams.cpu_ms,
        failed: whole.failed + streams.failed,
      });
    }
  }
  const rows = systems.map(({ label, rounds, idle, peak }) => {
    const of = (name) => middle(rounds.map((round) => round[name]));
    return {
      system: label,
      'added p50 / p95 ms': `${of('p50').toFixed(1)} / ${of('p95').toFixed(1)}`,
      'first text p50 / p95 ms': `${of('first_p50').toFixed(1)} / ${of('first_p95').toFixed(1)}`,
      'turn 2 / 50 ms': `${of('second').toFixed(1)} / ${of('last').toFixed(1)}`,
      'answers/s': Math.round(of('whole_rate')),
      'streams/s': Math.round(of('stream_rate')),
      'CPU ms answer / stream': `${of('whole_cpu').toFixed(1)} / ${of('stream_cpu').toFixed(1)}`,
      'idle / peak MB': `${Math.round(idle)} / ${Math.round(peak)}`,
      failed: rounds.reduce((sum, { failed }) => sum + failed, 0),
    };
  });
  console.table(rows);
  mkdirSync(`${HERE}/results`, { recursive: true });
  const rounds = systems.map(({ label, rounds: all }) => ({ label, rounds: all }));
  writeFileSync(
    `${HERE}/results/${new Date().toISOString().replaceAll(':', '-')}.json`,
    JSON.stringify({ rows, rounds }, null, 2),
  );
} finally {
  for (const { stop } of systems) await stop();
  await model.stop();
  rmSync(data, { recursive: true, force: true });
}
