// node bench/edge.mjs [--quick]: CPU time of `GET /health/live` on the platform, on bare Nest, and on Nest with an access log, metrics and security
// headers. The servers take turns, so that other work on the machine affects all alike.
import { rmSync } from 'node:fs';
import autocannon from 'autocannon';
import { flagsOf, start } from './processes.mjs';
import { dataDirectory, settingsOf } from './seed.mjs';

const isQuick = process.argv.includes('--quick');
const [ROUNDS, REQUESTS, CONNECTIONS] = isQuick ? [3, 5_000, 32] : [7, 20_000, 32];

const directory = dataDirectory();
const environment = { ...settingsOf(directory), LOG_LEVEL: 'info' };
const flags = flagsOf('start');
const servers = [
  { name: 'bare Nest', path: '/baseline', ...(await start('bench/baseline.mjs', '/baseline', {}, flags)) },
  {
    name: 'Nest, logged and measured',
    path: '/health/live',
    ...(await start('bench/equipped.mjs', '/health/live', {}, flags)),
  },
  { name: 'Nexus', path: '/health/live', ...(await start('dist/main.js', '/health/live', environment, flags)) },
];
const costs = new Map(servers.map(({ name }) => [name, []]));
try {
  for (const { url, path } of servers)
    await autocannon({ url: url + path, connections: CONNECTIONS, amount: REQUESTS });
  for (let round = 0; round < ROUNDS; round++)
    for (const { name, url, path, cpu_seconds } of servers) {
      const before = cpu_seconds();
      const { non2xx, errors } = await autocannon({ url: url + path, connections: CONNECTIONS, amount: REQUESTS });
      if (non2xx + errors > 0) throw new Error(`${name}: ${non2xx + errors} requests failed`);
      costs.get(name).push(((cpu_seconds() - before) * 1000) / REQUESTS);
    }
} finally {
  for (const { stop } of servers) await stop();
  rmSync(directory, { recursive: true, force: true });
}
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const own = median(costs.get('Nexus'));
console.table(
  [...costs].map(([name, values]) => ({
    server: name,
    'CPU ms a request': median(values).toFixed(3),
    lowest: Math.min(...values).toFixed(3),
    highest: Math.max(...values).toFixed(3),
    'speed of Nexus': (median(values) / own).toFixed(2),
  })),
);
