// node bench/counted.mjs [--quick]: rates of reads of the statistics after a million counted invocations.
import { rmSync } from 'node:fs';
import autocannon from 'autocannon';
import { NestFactory } from '@nestjs/core';
import { AppModule } from '../dist/app.module.js';
import { loadSettings } from '../dist/platform/config/load-settings.js';
import { contributionOf } from '../dist/statistics/contribution.js';
import { CounterSheet } from '../dist/statistics/counter-row.js';
import { CountersRepository } from '../dist/statistics/counters.repository.js';
import { start } from './processes.mjs';
import { authorization, dataDirectory, settingsOf, signIn } from './seed.mjs';

const SECONDS = process.argv.includes('--quick') ? 2 : 5;
const DAYS = 90;
const DAY_MS = 86_400_000;
const CHANGES_AT_ONCE = 90;

const directory = dataDirectory();
const environment = settingsOf(directory);

/** Counts synthetic runs of ten agents over ninety days with the platform's own arithmetic and writes. */
async function count(runs) {
  const settings = loadSettings({ ...environment, BUILD_SLOTS: '0', PARTNERSHIP_TICK_MS: '0', LOG_LEVEL: 'silent' });
  const app = await NestFactory.createApplicationContext(AppModule.forRoot(settings), { logger: false });
  const counters = app.get(CountersRepository, { strict: false });
  const now = Date.now();
  const sheet = new CounterSheet();
  for (let run = 0; run < runs; run++)
    for (const change of contributionOf({
      kind: 'invocation',
      org_id: 'default',
      agent_id: `proj_bench:agent_${run % 10}`,
      occurred_at: new Date(now - (run % DAYS) * DAY_MS - (run % 3_600) * 1_000).toISOString(),
      success: run % 50 !== 0,
      fault: run % 50 === 0,
      duration_ms: 5 + (run % 400),
      input_tokens: 500,
      output_tokens: 20,
    }))
      sheet.add(change);
  const changes = sheet.changes();
  for (let from = 0; from < changes.length; from += CHANGES_AT_ONCE)
    await counters.count([], changes.slice(from, from + CHANGES_AT_ONCE), new Date());
  await app.close();
}

const baseline = await start('bench/baseline.mjs', '/baseline');
const rows = [];
try {
  let counted = 0;
  for (const total of [1_000, 1_000_000]) {
    await count(total - counted);
    counted = total;
    const platform = await start('dist/main.js', '/health/ready', environment);
    await signIn(platform.url);
    for (const path of ['overview', `invocations?start_date=${dayOf(89)}&end_date=${dayOf(0)}`]) {
      const base = await autocannon({ url: `${baseline.url}/baseline`, connections: 64, duration: SECONDS });
      const headers = authorization(platform.url);
      const url = `${platform.url}/api/v1/statistics/${path}`;
      await autocannon({ url, connections: 64, duration: 1, headers });
      const { requests, latency, non2xx, errors } = await autocannon({
        url,
        connections: 64,
        duration: SECONDS,
        headers,
      });
      rows.push({
        counted: total,
        path: path.split('?')[0],
        'requests/s': Math.round(requests.average),
        'p97.5 ms': latency.p97_5,
        errors: non2xx + errors,
        ratio: (requests.average / base.requests.average).toFixed(3),
      });
    }
    await platform.stop();
  }
} finally {
  await baseline.stop();
  rmSync(directory, { recursive: true, force: true });
}
console.table(rows);

function dayOf(before) {
  return new Date(Date.now() - before * DAY_MS).toISOString().slice(0, 10);
}
