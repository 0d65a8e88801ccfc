// node bench/flows.mjs: 200 flow runs of three steps, one of them an HTTP call, and the database calls of a step.
// node bench/flows.mjs --temporal: the same runs with ENGINE=temporal, and workflows of three activities on the SDK alone, on one
// development server. TEMPORAL_CLI: path of Temporal's command line.
// node bench/flows.mjs --waiting [count]: memory of 10,000 waiting runs, and how late timers fire meanwhile.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, start } from './processes.mjs';
import { authorization, call, dataDirectory, settingsOf, signIn } from './seed.mjs';

const RUNS = 200;
const AT_ONCE = 16;
const TARGET_SECONDS = 6;
const STEP_CALLS = 4;
const TIMERS = 100;
const TIMER_SECONDS = 5;
const LATE_SECONDS = 2;
const SETTLE_MS = 5_000;
const place = process.argv.indexOf('--waiting');
const isOnTemporal = process.argv.includes('--temporal');
const RATIO = 1.3;
const WAITING = place === -1 ? 0 : Number(process.argv[place + 1] ?? 10_000);

const directory = dataDirectory();
const cluster = isOnTemporal ? await startCluster() : undefined;
const environment = {
  ...settingsOf(directory),
  NEXUS_ALLOW_PRIVATE_ADDRESSES: 'true',
  ...(cluster ? { ENGINE: 'temporal', TEMPORAL_ADDRESS: cluster.address } : {}),
};
const service = createServer((_, response) =>
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"total": 7}'),
).listen(0, '127.0.0.1');
await once(service, 'listening');
const platform = await start('dist/main.js', '/health/ready', environment);

/** Temporal's development server in memory, ready for workflows. */
async function startCluster() {
  const port = await freePort();
  const args = ['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--port', `${port}`, '--log-level', 'never'];
  const child = spawn(process.env.TEMPORAL_CLI ?? 'temporal', args, { stdio: 'ignore' });
  const address = `127.0.0.1:${port}`;
  const { loadTemporalSdk } = await import('../dist/engine/temporal/temporal-sdk.js');
  const client = (await loadTemporalSdk()).openClient({ address, namespace: 'default' });
  while (
    !(await client.check(5_000).then(
      () => true,
      () => false,
    ))
  )
    await delay(200);
  await client.close();
  return { address, stop: () => child.kill('SIGKILL') };
}

/** Seconds for as many workflows of three activities through the SDK alone. */
function bareSeconds() {
  const args = ['temporal/bare.mjs', cluster.address, String(RUNS), String(AT_ONCE)];
  const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  return Number(stdout);
}

async function databaseCalls() {
  const response = await fetch(`${platform.url}/health/metrics`, { headers: authorization(platform.url) });
  const lines = (await response.text()).split('\n').filter((line) => /^nexus_dynamodb_calls_total/.test(line));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

async function publish(steps) {
  const { flow_id } = await call(platform.url, 'POST', '/api/v1/flows', {
    name: 'bench',
    definition: { timeout_seconds: 600, steps },
  });
  await call(platform.url, 'POST', `/api/v1/flows/${flow_id}/publish`);
  return flow_id;
}

/** Starts the runs and waits until all have completed. */
async function run(flow_id, count) {
  const calls = await databaseCalls();
  const begun = performance.now();
  const cpu = platform.cpu_seconds();
  let next = 0;
  const runs = [];
  const starting = async () => {
    while (next < count) {
      const input = { n: next++ };
      runs.push((await call(platform.url, 'POST', `/api/v1/flows/${flow_id}/runs`, { input })).run_id);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, starting));
  for (;;) {
    const open = await Promise.all(
      ['queued', 'running', 'waiting'].map(async (status) => {
        const query = `flow_id=${flow_id}&status=${status}&limit=1`;
        return (await call(platform.url, 'GET', `/api/v1/flow-runs?${query}`)).runs.length;
      }),
    );
    if (open.every((left) => left === 0)) break;
    await delay(50);
  }
  const seconds = (performance.now() - begun) / 1000;
  return { seconds, cpu: platform.cpu_seconds() - cpu, calls: (await databaseCalls()) - calls };
}

/** Starts runs without waiting for them. @returns their ids */
async function begin(flow_id, count) {
  const runs = [];
  let left = count;
  const starting = async () => {
    while (left-- > 0) {
      const { run_id } = await call(platform.url, 'POST', `/api/v1/flows/${flow_id}/runs`, { input: {} });
      runs.push(run_id);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, starting));
  return runs;
}

/** How many seconds after its time the timer of a run fired, by the run's own events. */
async function lateness(run_id) {
  const response = await fetch(`${platform.url}/api/v1/flow-runs/${run_id}/events`, {
    headers: authorization(platform.url),
  });
  const events = (await response.text())
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => JSON.parse(line.slice('data:'.length)));
  const due = Date.parse(events.find(({ until }) => until !== undefined).until);
  const fired = Date.parse(events.findLast(({ key }) => key === 'pause').at);
  return (fired - due) / 1000;
}

/**
 * Memory of runs that wait for a signal; then timers beside them. The first half of the runs brings the heap to its size under this
 * load, so that what the second half adds is what runs hold.
 */
async function waiting() {
  const flow_id = await publish([{ id: 'go', wait_for: { signal: 'go' } }]);
  await begin(flow_id, WAITING / 2);
  await delay(SETTLE_MS);
  const before = platform.rss_mb();
  const begun = performance.now();
  await begin(flow_id, WAITING / 2);
  for (;;) {
    const states = await Promise.all(
      ['queued', 'running'].map((status) =>
        call(platform.url, 'GET', `/api/v1/flow-runs?flow_id=${flow_id}&status=${status}&limit=1`),
      ),
    );
    if (states.every(({ runs }) => runs.length === 0)) break;
    await delay(1_000);
  }
  const seconds = (performance.now() - begun) / 1000;
  await delay(SETTLE_MS);
  const after = platform.rss_mb();
  const idle = platform.cpu_seconds();
  await delay(10_000);
  const idle_cpu = (platform.cpu_seconds() - idle) / 10;
  const timer = await publish([{ id: 'pause', wait: { seconds: TIMER_SECONDS } }]);
  const late = [];
  for (const run_id of await begin(timer, TIMERS)) late.push(await lateness(run_id));
  late.sort((a, b) => a - b);
  console.table([
    { name: `${WAITING / 2} runs more started and waiting`, value: `${seconds.toFixed(0)} s` },
    { name: 'memory before and after', value: `${before} MB, ${after} MB` },
    { name: 'memory of a waiting run', value: `${(((after - before) * 1024) / (WAITING / 2)).toFixed(1)} KB` },
    { name: 'CPU while all wait', value: `${(idle_cpu * 100).toFixed(1)} %` },
    {
      name: `${TIMERS} timers, how late: median, last (<= ${LATE_SECONDS} s)`,
      value: `${late[TIMERS / 2].toFixed(2)} s, ${late.at(-1).toFixed(2)} s`,
    },
  ]);
}

/** Bare runs before and after ours, because other work of the machine comes and goes. */
async function onTemporal(flow_id) {
  await run(flow_id, 20);
  const before = bareSeconds();
  const ours = await run(flow_id, RUNS);
  const after = bareSeconds();
  const ratio = ours.seconds / ((before + after) / 2);
  console.table([
    { name: `${RUNS} workflows of three activities, the SDK alone`, seconds: `${before}, ${after}` },
    {
      name: `${RUNS} flow runs of three steps on Temporal`,
      seconds: ours.seconds.toFixed(1),
      ratio: ratio.toFixed(2),
      target: `<= ${RATIO}`,
      met: ratio <= RATIO ? 'yes' : 'NO',
    },
  ]);
}

async function threeSteps() {
  const address = `http://127.0.0.1:${service.address().port}/`;
  const flow_id = await publish([
    { id: 'order', http: { url: address } },
    { id: 'double', needs: ['order'], transform: 'steps.order.output.body.total * 2' },
    { id: 'text', needs: ['double'], transform: '${{ input.n }}: ${{ steps.double.output }}' },
  ]);
  if (cluster) return onTemporal(flow_id);
  await run(flow_id, 20);
  const three = await run(flow_id, RUNS);
  const one = await publish([{ id: 'order', http: { url: address } }]);
  const single = await run(one, RUNS);
  console.table([
    {
      name: `${RUNS} runs of three steps`,
      seconds: three.seconds.toFixed(1),
      'CPU seconds': three.cpu.toFixed(1),
      'database calls a run': (three.calls / RUNS).toFixed(1),
      target: `<= ${TARGET_SECONDS} s`,
      met: three.seconds <= TARGET_SECONDS ? 'yes' : 'NO',
    },
    {
      name: 'a step more, of two',
      'database calls a run': ((three.calls - single.calls) / RUNS / 2).toFixed(1),
      target: `<= ${STEP_CALLS}`,
      met: (three.calls - single.calls) / RUNS / 2 <= STEP_CALLS ? 'yes' : 'NO',
    },
  ]);
}

try {
  await signIn(platform.url);
  await (WAITING > 0 ? waiting() : threeSteps());
} finally {
  await platform.stop();
  service.close();
  cluster?.stop();
  rmSync(directory, { recursive: true, force: true });
}
