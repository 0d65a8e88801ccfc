// node bench/auth.mjs [--quick]: what authentication with a token or a key adds to a cheap request.
import { rmSync } from 'node:fs';
import autocannon from 'autocannon';
import { start } from './processes.mjs';
import { authorization, builtAgent, call, dataDirectory, settingsOf, signIn } from './seed.mjs';

const quick = process.argv.includes('--quick');
const SECONDS = quick ? 1 : 3;
const ROUNDS = quick ? 5 : 9;
const CONNECTIONS = 32;
const TARGET = 0.9;

async function rate(url, headers) {
  const { requests, non2xx, errors } = await autocannon({ url, headers, connections: CONNECTIONS, duration: SECONDS });
  if (non2xx + errors > 0) throw new Error(`${url}: ${non2xx + errors} requests failed`);
  return requests.average;
}

const middle = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

const directories = [dataDirectory(), dataDirectory()];
const guarded = await start('dist/main.js', '/health/ready', settingsOf(directories[0]));
const unguarded = await start('bench/unguarded.mjs', '/health/ready', settingsOf(directories[1]));
try {
  for (const { url } of [guarded, unguarded]) await signIn(url);
  const { api_key } = await call(guarded.url, 'POST', '/api/v1/api-keys', { name: 'bench', roles: ['viewer'] });
  const paths = [];
  for (const { url } of [guarded, unguarded])
    paths.push(`${url}/api/v1/projects/${(await builtAgent(url)).project_id}`);
  const token = authorization(guarded.url);
  const ratios = { token: [], key: [] };
  for (let round = 0; round <= ROUNDS; round++) {
    const without = await rate(paths[1], token);
    const withToken = await rate(paths[0], token);
    const withKey = await rate(paths[0], { 'x-api-key': api_key });
    // The first round warms both up.
    if (round === 0) continue;
    ratios.token.push(withToken / without);
    ratios.key.push(withKey / without);
  }
  const rows = Object.entries(ratios).map(([via, all]) => ({
    via,
    'ratio with / without': middle(all).toFixed(3),
    met: middle(all) >= TARGET ? 'yes' : 'NO',
  }));
  console.table(rows);
} finally {
  await Promise.all([guarded.stop(), unguarded.stop()]);
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
}
