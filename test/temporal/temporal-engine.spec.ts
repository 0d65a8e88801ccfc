import { spawnSync } from 'node:child_process';
import type { TestingModule } from '@nestjs/testing';
import { DurableRunsRepository } from '../../src/engine/durable-runs.repository.js';
import { EmbeddedEngine } from '../../src/engine/embedded/embedded-engine.js';
import { ENGINE_TABLES } from '../../src/engine/engine.tables.js';
import { TemporalEngine } from '../../src/engine/temporal/temporal-engine.js';
import { Settings } from '../../src/platform/config/settings.js';
import { DynamoDb } from '../../src/platform/database/client/dynamodb.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { Clock } from '../../src/shared/clock.js';
import { Ids } from '../../src/shared/ids.js';
import { startDatabase, testSettings } from '../support/database.js';
import { eventually } from '../support/http.js';
import { databaseModule } from '../support/nest-database.js';
import { Gate, inOrder, type Script, SCRIPTED_TABLES, ScriptedWorkflow } from '../support/scripted-workflow.js';

const KIND = 'scripted';
const LATE_MS = 3_000;

let database: Awaited<ReturnType<typeof startDatabase>>;
let module: TestingModule;
let db: DynamoDb;
let runs: DurableRunsRepository;
let unit: UnitOfWork;
let settings: Settings;
let counter = 0;
let queue: string;
const scripts = new Map<string, Script>();
const processes: (() => Promise<void>)[] = [];

beforeAll(async () => {
  database = await startDatabase();
  settings = testSettings({ DYNAMODB_ENDPOINT: database.endpoint });
  module = await databaseModule(settings, [...ENGINE_TABLES, ...SCRIPTED_TABLES]);
  db = module.get(DynamoDb);
  runs = new DurableRunsRepository(db);
  unit = new UnitOfWork(db);
});
// A worker that leaves may take a task with it, which others get when it times out.
beforeEach(() => {
  queue = `queue-${++counter}`;
});
afterEach(async () => {
  await Promise.all(processes.splice(0).map((stop) => stop()));
});
afterAll(async () => {
  await module.close();
  await database.stop();
});

interface Process {
  engine: TemporalEngine;
  kind: ScriptedWorkflow;
  stop: () => Promise<void>;
}

async function start(name: string, more: Record<string, unknown> = {}, slots = 4): Promise<Process> {
  const own = new Settings({
    ...settings.values,
    ...{ ENGINE_LEASE_SECONDS: 3, ENGINE_HEARTBEAT_SECONDS: 1, ENGINE_REAPER_SECONDS: 1 },
    TEMPORAL_TASK_QUEUE: queue,
    ...more,
  });
  const clock = new Clock();
  const ids = new Ids();
  const embedded = new EmbeddedEngine(runs, own, clock, ids);
  const engine = new TemporalEngine(embedded, runs, unit, own, clock, ids);
  const kind = new ScriptedWorkflow(db, scripts, name, slots);
  engine.register(kind);
  embedded.onApplicationBootstrap();
  await engine.onApplicationBootstrap();
  const stop = async (): Promise<void> => {
    await engine.onModuleDestroy();
    await embedded.onModuleDestroy();
  };
  processes.push(stop);
  return { engine, kind, stop };
}

async function begin({ engine, kind }: Process, script: Script, priority = 5): Promise<string> {
  const run_id = `trun_${++counter}`;
  scripts.set(run_id, script);
  await kind.create(run_id, engine.plan({ kind: KIND, run_id, org_id: 'org', priority }));
  return run_id;
}

const signal = ({ engine, kind }: Process, run_id: string, name: string): Promise<void> =>
  kind.signal(run_id, name, engine.wake({ kind: KIND, run_id }));
const doneOf = async (run_id: string): Promise<Record<string, string>> =>
  (await db.get<{ done: Record<string, string> }>('ScriptedRuns', { run_id }))?.done ?? {};
const untilForgotten = (run_id: string, within_ms = 60_000) =>
  eventually(
    () => runs.find(run_id),
    (run) => run === undefined,
    within_ms,
  );
const untilArrived = (gate: Gate, count = 1) =>
  eventually(
    async () => gate.arrived,
    (arrived) => arrived >= count,
  );

describe('runs on Temporal', () => {
  it('go step by step, in parallel where the kind says so, and end in the transaction of their last step', async () => {
    const here = await start('here');
    const run_id = await begin(here, {
      next: ({ done }) => {
        const open = ['a', 'b'].filter((id) => done[id] === undefined);
        return { do: 'run', steps: (open.length > 0 ? open : ['last']).map((id) => ({ id })) };
      },
    });
    expect(await runs.find(run_id)).toMatchObject({ engine: 'temporal' });
    await untilForgotten(run_id);
    expect(await doneOf(run_id)).toEqual({ a: 'here', b: 'here', last: 'here' });
  });

  it('sleep, wake by a signal through any process, and retry steps that throw', async () => {
    const here = await start('here');
    const client = await start('client', { TEMPORAL_WORKER: false });
    const until = new Date(Date.now() + 2_500).toISOString();
    const attempts: number[] = [];
    const run_id = await begin(here, {
      next: ({ done, signals }, now) => {
        if (now.toISOString() < until) return { do: 'sleep', until };
        if (!signals.includes('go')) return { do: 'wait' };
        return inOrder('flaky')({ run_id: '', done, signals }, now);
      },
      work: async (_step, { attempt }) => {
        attempts.push(attempt);
        if (attempt === 1) throw new Error('not yet');
      },
    });
    await eventually(
      async () => new Date().toISOString(),
      (now) => now > until,
    );
    await signal(client, run_id, 'go');
    await untilForgotten(run_id);
    expect(attempts).toEqual([1, 2]);
    expect(await doneOf(run_id)).toEqual({ flaky: 'here' });
  });

  it('are driven again after a wake that their drive has not seen', async () => {
    const here = await start('here');
    const client = await start('client', { TEMPORAL_WORKER: false });
    let reads = 0;
    const run_id = await begin(here, {
      next: ({ done, signals }, now) => {
        reads += 1;
        return signals.length < 3 ? { do: 'wait' } : inOrder('last')({ run_id: '', done, signals }, now);
      },
    });
    await eventually(
      async () => reads,
      (count) => count > 0,
    );
    // The second and third come while the first is being handed over, from another process and in the same millisecond.
    await Promise.all(['one', 'two', 'three'].map((name) => signal(name === 'two' ? here : client, run_id, name)));
    await untilForgotten(run_id);
    expect(await doneOf(run_id)).toEqual({ last: 'here' });
  });

  it('are interrupted when they are ended from outside, and store nothing', async () => {
    const here = await start('here');
    const gate = new Gate();
    const aborted: unknown[] = [];
    const run_id = await begin(here, {
      next: inOrder('first'),
      work: async (_step, { signal: stop }) => {
        stop.addEventListener('abort', () => aborted.push(stop.reason));
        await gate.pass();
      },
    });
    await untilArrived(gate);
    const end = here.engine.end(run_id);
    await unit.commit(end.writes);
    end.committed();
    expect(aborted).toHaveLength(1);
    gate.open();
    await eventually(
      async () => aborted.length,
      (count) => count >= 1,
      LATE_MS,
    );
    expect(await doneOf(run_id)).toEqual({});
  });

  it('go on in another process when their worker leaves, and the fence refuses the first one', async () => {
    const slow = await start('slow');
    const [slowGate, fastGate] = [new Gate(), new Gate()];
    let tries = 0;
    const run_id = await begin(slow, {
      next: inOrder('first', 'second'),
      work: async (step) => {
        if (step !== 'first') return;
        tries += 1;
        await (tries === 1 ? slowGate : fastGate).pass();
      },
    });
    await untilArrived(slowGate);
    await start('fast');
    const leaving = slow.stop();
    await untilArrived(fastGate);
    slowGate.open();
    await leaving;
    expect(await doneOf(run_id)).toEqual({});
    fastGate.open();
    await untilForgotten(run_id);
    expect(await doneOf(run_id)).toEqual({ first: 'fast', second: 'fast' });
  });
});

/** Temporal's test server has no priorities. */
const cli = process.env['TEMPORAL_CLI'];
if (cli)
  it('runs on Temporal leave their task queue by priority', async () => {
    const here = await start('here', {}, 1);
    const gate = new Gate();
    const order: string[] = [];
    const holding = await begin(here, { next: inOrder('first'), work: () => gate.pass() });
    await untilArrived(gate);
    const noted: Script = {
      next: inOrder('first'),
      work: async (_step, _run, { run_id }) => {
        order.push(run_id);
      },
    };
    const low = [await begin(here, noted, 1), await begin(here, noted, 1)];
    const high = await begin(here, noted, 9);
    const isQueued = async (run_id: string): Promise<boolean> => {
      const id = `${settings.get('NEXUS_TABLE_PREFIX')}${run_id}`;
      const args = ['workflow', 'describe', '--address', settings.get('TEMPORAL_ADDRESS'), '-w', id, '-o', 'json'];
      return spawnSync(cli, args, { encoding: 'utf8' }).stdout.includes('PENDING_ACTIVITY_STATE_SCHEDULED');
    };
    for (const run_id of [...low, high]) await eventually(() => isQueued(run_id), Boolean);
    gate.open();
    for (const run_id of [holding, ...low, high]) await untilForgotten(run_id);
    // Runs of one priority leave in any order: a queue has several partitions.
    expect([order[0], order.slice(1).sort()]).toEqual([high, low.sort()]);
  });

describe('a cluster that is away', () => {
  it('refuses new runs with 503 before anything is stored, or lets the embedded engine take them', async () => {
    const away = { TEMPORAL_ADDRESS: '127.0.0.1:1', TEMPORAL_WORKER: false };
    const refused = await start('refused', away);
    expect(() => refused.engine.plan({ kind: KIND, run_id: 'trun_none', org_id: 'org' })).toThrow(/Temporal/);
    const fallback = await start('fallback', { ...away, ENGINE_FALLBACK: 'embedded' });
    const run_id = await begin(fallback, { next: inOrder('first') });
    await untilForgotten(run_id);
    expect(await doneOf(run_id)).toEqual({ first: 'fallback' });
  });
});
