// node bench/memory.mjs [--quick] [--live]: resident memory of the platform over 100,000 runs of an agent whose model answers at once;
// with --live also its live heap, after a garbage collection forced after each tenth of the runs.
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import autocannon from 'autocannon';
import { flagsOf, freePort, start } from './processes.mjs';
import { authorization, builtAgent, call, dataDirectory, settingsOf, signIn } from './seed.mjs';

const RUNS = process.argv.includes('--quick') ? 5_000 : 100_000;
const [BATCHES, CALLERS] = [10, 32];
const MB = 2 ** 20;
const inspector = process.argv.includes('--live') ? `127.0.0.1:${await freePort()}` : undefined;

const directory = dataDirectory();
const model = await start('bench/model-server.mjs', '/');
const settings = { ...settingsOf(directory), OPENAI_BASE_URL: `${model.url}/v1` };
const platform = await start('dist/main.js', '/health/ready', settings, [
  ...flagsOf('start'),
  ...(inspector ? [`--inspect=${inspector}`] : []),
]);
const live = inspector ? await liveHeap(inspector) : undefined;

try {
  await signIn(platform.url);
  const { agent_id } = await builtAgent(platform.url);
  const path = `/api/v1/agents/${encodeURIComponent(agent_id)}`;
  await call(platform.url, 'PUT', path, { model_id: 'openai:zero' });
  const rows = [{ runs: 0, 'resident MB': platform.rss_mb(), 'CPU ms a run': '', failed: 0, ...(await live?.read()) }];
  for (let batch = 1; batch <= BATCHES; batch++) {
    // An access token lives for less than a long bench.
    await signIn(platform.url);
    const before = platform.cpu_seconds();
    const { errors, non2xx } = await autocannon({
      url: `${platform.url}${path}/invoke`,
      method: 'POST',
      headers: { 'content-type': 'application/json', ...authorization(platform.url) },
      body: JSON.stringify({ input_text: 'What is 17 * 23?' }),
      connections: CALLERS,
      amount: RUNS / BATCHES,
      timeout: 60,
    });
    rows.push({
      runs: (batch * RUNS) / BATCHES,
      'resident MB': platform.rss_mb(),
      'CPU ms a run': (((platform.cpu_seconds() - before) * 1_000 * BATCHES) / RUNS).toFixed(2),
      failed: errors + non2xx,
      ...(await live?.read()),
    });
  }
  console.table(rows);
} finally {
  // A process that is being debugged does not end.
  live?.close();
  await platform.stop();
  await model.stop();
  rmSync(directory, { recursive: true, force: true });
}

/** Collects garbage in the process and reads what is left, in MB. */
async function liveHeap(address) {
  const [{ webSocketDebuggerUrl }] = await (await fetch(`http://${address}/json/list`)).json();
  const socket = new WebSocket(webSocketDebuggerUrl);
  await once(socket, 'open');
  let id = 0;
  const ask = async (method) => {
    socket.send(JSON.stringify({ id: (id += 1), method }));
    for (;;) {
      const [{ data }] = await once(socket, 'message');
      const answer = JSON.parse(data);
      if (answer.id === id) return answer.result;
    }
  };
  const read = async () => {
    await ask('HeapProfiler.collectGarbage');
    return { 'live heap MB': Math.round((await ask('Runtime.getHeapUsage')).usedSize / MB) };
  };
  return { read, close: () => socket.close() };
}
