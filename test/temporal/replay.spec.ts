import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadTemporalSdk } from '../../src/engine/temporal/temporal-sdk.js';
import { startApp } from '../support/app.js';
import { temporalSettings } from '../support/database.js';
import { publishedFlow, runWhen, startRun } from '../support/flows.js';

const FOLDER = join(import.meta.dirname, 'histories');
const TIMER_CANCELED = 'EVENT_TYPE_TIMER_CANCELED';

interface History {
  events: { eventType: string; activityTaskScheduledEventAttributes?: { activityType: { name: string } } }[];
}

const read = (name: string): History => JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as History;

/** Recorded by `RECORD_HISTORIES=true npm run test:temporal -- replay`: add one with each change of the workflow, and keep the others. */
describe('recorded histories', () => {
  const names = readdirSync(FOLDER);

  it('cover runs that end, that a signal wakes, that a timer wakes and that were still waiting', () => {
    expect(names).toEqual(expect.arrayContaining(['ended.json', 'signalled.json', 'timed.json', 'waiting.json']));
  });

  it.each(names)('%s is replayed by the workflows of today, so such a run survives an upgrade', async (name) => {
    const sdk = await loadTemporalSdk();
    await sdk.replay(read(name));
  });

  it('are held to the workflow: one with another activity is refused', async () => {
    const sdk = await loadTemporalSdk();
    const changed = read('signalled.json');
    for (const { activityTaskScheduledEventAttributes: scheduled } of changed.events)
      if (scheduled) scheduled.activityType.name = 'another';
    await expect(sdk.replay(changed)).rejects.toThrow(/[Nn]ondeterminism/);
  });

  it('hold no timer that a wake cancelled just before it was due', () => {
    expect(read('signalled.json').events.filter(({ eventType }) => eventType === TIMER_CANCELED)).toEqual([]);
  });
});

if (process.env['RECORD_HISTORIES'] === 'true')
  it('records histories', async () => {
    const settings = temporalSettings('replay');
    const app = await startApp({ ...settings, NEXUS_TABLE_PREFIX: 'replay-' });
    const record = (name: string, run_id: string): void => {
      const args = ['workflow', 'show', '--workflow-id', `replay-default#${run_id}`, '--output', 'json'];
      const address = settings['TEMPORAL_ADDRESS'] ?? '';
      const { stdout } = spawnSync(process.env['TEMPORAL_CLI'] ?? 'temporal', [...args, '--address', address]);
      writeFileSync(join(FOLDER, `${name}.json`), stdout);
    };
    const run = async (steps: object[], signal = false): Promise<string> => {
      const flow_id = await publishedFlow(app.http, { timeout_seconds: 50, steps });
      const { run_id } = await startRun(app.http, flow_id);
      if (signal) {
        await runWhen(app.http, run_id, ({ status }) => status === 'waiting');
        await app.http.post(`/api/v1/flow-runs/${run_id}/signals/go`, { data: {} });
      }
      return run_id;
    };
    const wait = { id: 'go', wait_for: { signal: 'go', expires_seconds: 40 } };
    const ids = [
      await run([{ id: 'one', transform: '1' }]),
      await run([wait], true),
      await run([{ id: 'pause', wait: { seconds: 1 } }]),
    ] as const;
    for (const id of ids) await runWhen(app.http, id);
    const waiting = await run([wait]);
    await runWhen(app.http, waiting, ({ status }) => status === 'waiting');
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    for (const [index, name] of ['ended', 'signalled', 'timed'].entries()) record(name, ids[index] ?? '');
    record('waiting', waiting);
    await app.close();
  });
