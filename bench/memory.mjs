// node bench/memory.mjs [--quick]: resident memory of the platform over 100,000 runs of an agent whose model answers at once.
import { rmSync } from 'node:fs';
import autocannon from 'autocannon';
import { flagsOf, start } from './processes.mjs';
import { authorization, builtAgent, call, dataDirectory, settingsOf, signIn } from './seed.mjs';

const RUNS = process.argv.includes('--quick') ? 5_000 : 100_000;
const [BATCHES, CALLERS] = [10, 32];

const directory = dataDirectory();
const model = await start('bench/model-server.mjs', '/');
const settings = { ...settingsOf(directory), OPENAI_BASE_URL: `${model.url}/v1` };
const platform = await start('dist/main.js', '/health/ready', settings, flagsOf('start'));

try {
  await signIn(platform.url);
  const { agent_id } = await builtAgent(platform.url);
  const path = `/api/v1/agents/${encodeURIComponent(agent_id)}`;
  await call(platform.url, 'PUT', path, { model_id: 'openai:zero' });
  const rows = [{ runs: 0, 'resident MB': platform.rss_mb(), 'CPU ms a run': '', failed: 0 }];
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
    });
  }
  console.table(rows);
} finally {
  await platform.stop();
  await model.stop();
  rmSync(directory, { recursive: true, force: true });
}
