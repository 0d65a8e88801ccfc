import { temporaryDirectory } from '../support/database.js';
import { CountingServer, type FlowRunView, publishedFlow, runWhen, startRun } from '../support/flows.js';
import { type HttpClient } from '../support/http.js';
import { PlatformProcess } from '../support/platform-process.js';
import { faultSeed, seeded } from '../support/seeded.js';
import { readEvents } from '../support/sse.js';

const RUNS = 24;
const KILLS = 5;
const SEED = faultSeed();

let service: CountingServer;

beforeAll(async () => {
  service = await CountingServer.start();
});
afterAll(() => service.close());

const retry = { max_attempts: 8, initial_seconds: 0.05, max_seconds: 0.5 };

/** Fan-out, a list, a timer, a signal and a write that fails twice; every third run fails at its end and is undone. */
const definition = () => {
  const write = (id: string, path: string, fields: object = {}) => ({
    id,
    http: { method: 'POST', url: `${service.url}${path}`, body: { run: '${{ run.id }}' } },
    idempotency_key: `${id}-\${{ run.id }}`,
    retry,
    ...fields,
  });
  const undo = (path: string) => ({
    compensate: { http: { method: 'POST', url: `${service.url}/undo/${path}`, body: { run: '${{ run.id }}' } }, retry },
  });
  return {
    timeout_seconds: 600,
    steps: [
      write('reserve', '/slow/30/reserve', undo('reserve')),
      write('charge', '/fail/2/charge', { needs: ['reserve'], ...undo('charge') }),
      {
        ...{ id: 'lines', needs: ['reserve'] },
        for_each: {
          ...{ items: 'input.lines', max_parallel: 3 },
          steps: [
            write('line', '/slow/20/line', {
              idempotency_key: 'line-${{ run.id }}-${{ index }}',
              compensate: {
                http: { method: 'POST', url: `${service.url}/undo/line`, body: { run: '${{ run.id }}' } },
                idempotency_key: 'undo-line-${{ run.id }}-${{ index }}',
                retry,
              },
            }),
          ],
        },
      },
      { id: 'pause', needs: ['charge'], wait: { seconds: 1 } },
      { id: 'go', needs: ['pause', 'lines'], wait_for: { signal: 'go' } },
      write('end', '${{ input.fails ? "/status/422/end" : "/slow/10/end" }}', { needs: ['go'] }),
    ],
  };
};

it(`SIGKILLs during flow runs repeat no completed step and apply every write once (seed ${SEED})`, async () => {
  const random = seeded(SEED);
  const environment = {
    NEXUS_DATA_DIR: temporaryDirectory(),
    ENGINE_LEASE_SECONDS: '3',
    ENGINE_HEARTBEAT_SECONDS: '1',
    ENGINE_REAPER_SECONDS: '1',
  };
  let platform = await PlatformProcess.start(environment);
  const flow_id = await publishedFlow(platform.http, definition());
  const runs: string[] = [];
  const signalled = new Set<string>();
  const next = async (): Promise<void> => {
    await platform.kill('SIGKILL');
    platform = await PlatformProcess.start(environment);
  };
  for (let kill = 0; kill < KILLS; kill++) {
    const count = Math.ceil((RUNS * (kill + 1)) / KILLS);
    while (runs.length < count) {
      const input = { fails: runs.length % 3 === 0, lines: [1, 2, 3, 4] };
      const { run_id } = await startRun(platform.http, flow_id, { input, idempotency_key: `run-${runs.length}` });
      runs.push(run_id);
    }
    for (const run_id of runs.slice(0, count - 3)) await signalOnce(platform.http, run_id, signalled);
    await new Promise((resolve) => setTimeout(resolve, 150 + random() * 900));
    await next();
  }
  for (const run_id of runs) await signalOnce(platform.http, run_id, signalled);
  const ended: FlowRunView[] = [];
  for (const run_id of runs) ended.push(await runWhen(platform.http, run_id, undefined, 60_000));

  expect(ended.map(({ status }, index) => [index, status])).toEqual(
    runs.map((_, index) => [index, index % 3 === 0 ? 'compensated' : 'completed']),
  );
  for (const [index, { run_id }] of ended.entries()) {
    const events = await readEvents(`${platform.http.url}/api/v1/flow-runs/${run_id}/events`, {
      headers: platform.http.headers,
    });
    expect(events.map(({ id }) => Number(id))).toEqual(events.map((_, at) => at + 1));
    const keysOf = (type: string) => events.flatMap(({ event, data }) => (event === type ? [String(data['key'])] : []));
    const completed = keysOf('step.completed');
    expect(new Set(completed).size).toBe(completed.length);
    for (const key of completed) {
      const at = events.findIndex(({ event, data }) => event === 'step.completed' && data['key'] === key);
      expect(events.slice(at).filter(({ event, data }) => event === 'step.started' && data['key'] === key)).toEqual([]);
    }
    const withUndo = completed.filter((key) => /^(?:reserve|charge|line\[)/.test(key));
    expect(keysOf('compensation.completed')).toEqual(index % 3 === 0 ? withUndo.reverse() : []);
  }
  // The service applies each key once; what it must not see is an effect with another key, or one of a step that was not run.
  const applied = service.applied.map(({ path, key }) => `${path} ${key}`);
  expect(new Set(applied).size).toBe(applied.length);
  const failing = Math.ceil(RUNS / 3);
  expect(applied.length).toBe(RUNS * 6 + (RUNS - failing) + failing * 6);
  await platform.kill('SIGTERM');
});

async function signalOnce(http: HttpClient, run_id: string, done: Set<string>): Promise<void> {
  if (done.has(run_id)) return;
  const { status } = await http.post(`/api/v1/flow-runs/${run_id}/signals/go`, { data: {} });
  if (status === 202) done.add(run_id);
}
