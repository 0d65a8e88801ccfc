import type { TestingModule } from '@nestjs/testing';
import { DurableRunsRepository } from '../../src/engine/durable-runs.repository.js';
import { EmbeddedEngine } from '../../src/engine/embedded/embedded-engine.js';
import { ENGINE_TABLES } from '../../src/engine/engine.tables.js';
import { Settings } from '../../src/platform/config/settings.js';
import { DynamoDb } from '../../src/platform/database/client/dynamodb.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { Clock } from '../../src/shared/clock.js';
import { Ids } from '../../src/shared/ids.js';
import { startDatabase, testSettings } from '../support/database.js';
import { eventually } from '../support/http.js';
import { databaseModule } from '../support/nest-database.js';
import {
  deferred,
  Gate,
  inOrder,
  type Script,
  SCRIPTED_TABLES,
  ScriptedWorkflow,
} from '../support/scripted-workflow.js';

interface Process {
  engine: EmbeddedEngine;
  kind: ScriptedWorkflow;
}

interface ProcessOptions {
  slots?: number;
  lease?: number;
  heartbeat?: number;
  reaper?: number;
  database?: 'embedded' | 'dynamodb';
}

const LATE_MS = 2_000;
const KIND = 'scripted';
const ORG = 'org_engine';

let database: Awaited<ReturnType<typeof startDatabase>>;
let module: TestingModule;
let db: DynamoDb;
let runs: DurableRunsRepository;
let unit: UnitOfWork;
let settings: Settings;
let counter = 0;
const scripts = new Map<string, Script>();
const processes: EmbeddedEngine[] = [];

beforeAll(async () => {
  database = await startDatabase();
  settings = testSettings({ DYNAMODB_ENDPOINT: database.endpoint });
  module = await databaseModule(settings, [...ENGINE_TABLES, ...SCRIPTED_TABLES]);
  db = module.get(DynamoDb);
  runs = new DurableRunsRepository(db);
  unit = new UnitOfWork(db);
});
afterEach(async () => {
  await Promise.all(processes.splice(0).map((engine) => engine.onModuleDestroy()));
  scripts.clear();
  await db.deleteMatching(
    'DurableRuns',
    () => true,
    ({ run_id }: { run_id: string }) => ({ run_id }),
  );
});
afterAll(async () => {
  await module.close();
  await database.stop();
});

/** An engine as a process has it. The processes of one test differ by name; what they share is the database. */
function start(name: string, options: ProcessOptions = {}): Process {
  const { slots = 4, lease = 30, heartbeat = 10, reaper = 15, database: kind_of_database = 'dynamodb' } = options;
  const own = new Settings({
    ...settings.values,
    NEXUS_DATABASE: kind_of_database,
    ENGINE_LEASE_SECONDS: lease,
    ENGINE_HEARTBEAT_SECONDS: heartbeat,
    ENGINE_REAPER_SECONDS: reaper,
  });
  const engine = new EmbeddedEngine(runs, own, new Clock(), new Ids());
  const kind = new ScriptedWorkflow(db, scripts, name, slots);
  engine.register(kind);
  engine.onApplicationBootstrap();
  processes.push(engine);
  return { engine, kind };
}

async function begin({ engine, kind }: Process, script: Script, priority?: number): Promise<string> {
  const run_id = `run_${++counter}`;
  scripts.set(run_id, script);
  await kind.create(
    run_id,
    engine.plan({ kind: KIND, run_id, org_id: ORG, ...(priority === undefined ? {} : { priority }) }),
  );
  return run_id;
}

const signal = ({ engine, kind }: Process, run_id: string, name: string): Promise<void> =>
  kind.signal(run_id, name, engine.wake({ kind: KIND, run_id }));
const stored = (run_id: string) => db.get<{ done: Record<string, string> }>('ScriptedRuns', { run_id });
const doneOf = async (run_id: string): Promise<Record<string, string>> => (await stored(run_id))?.done ?? {};
const untilForgotten = (run_id: string, within_ms?: number) =>
  eventually(
    () => runs.find(run_id),
    (run) => run === undefined,
    within_ms,
  );
const untilParked = (run_id: string) =>
  eventually(
    () => runs.find(run_id),
    (run) => run !== undefined && run.lease_token === undefined && run.queue_name === undefined,
  );
const untilArrived = (gate: Gate, count = 1) =>
  eventually(
    async () => gate.arrived,
    (arrived) => arrived >= count,
  );

describe('starting a run', () => {
  it('begins at once where a slot is free, and leaves nothing behind when it is done', async () => {
    const here = start('here');
    const run_id = await begin(here, { next: inOrder('first', 'second') });
    await untilForgotten(run_id);
    expect(await doneOf(run_id)).toEqual({ first: 'here', second: 'here' });
    expect([here.engine.running(KIND), await here.engine.has(run_id)]).toEqual([0, false]);
  });

  it('stores both records or none, refuses a second run with the same id, and gives the slot back', async () => {
    const here = start('here', { slots: 1 });
    const gate = new Gate();
    const run_id = await begin(here, { next: inOrder('first'), work: () => gate.pass() });
    await expect(
      here.kind.create('run_other', here.engine.plan({ kind: KIND, run_id, org_id: ORG })),
    ).rejects.toThrow();
    expect(await stored('run_other')).toBeUndefined();
    gate.open();
    await untilForgotten(run_id);
    expect(here.engine.plan({ kind: KIND, run_id: 'run_free', org_id: ORG }).starts_now).toBe(true);
  });

  it('waits for a slot; the highest priority goes first, then the oldest', async () => {
    const here = start('here', { slots: 1 });
    const gate = new Gate();
    const order: string[] = [];
    const script = (name: string): Script => ({
      next: inOrder('first'),
      work: async () => {
        order.push(name);
      },
    });
    const first = await begin(here, { next: inOrder('first'), work: () => gate.pass() });
    const waiting = [
      await begin(here, script('normal')),
      await begin(here, script('later')),
      await begin(here, script('urgent'), 9),
    ];
    expect(await here.engine.queue(KIND)).toMatchObject({ waiting: 3, running: 1, stalled: 0 });
    gate.open();
    for (const run_id of [first, ...waiting]) await untilForgotten(run_id);
    expect(order).toEqual(['urgent', 'normal', 'later']);
  });

  it('is taken by another process when this one has no slots', async () => {
    const here = start('here', { slots: 0 });
    const run_id = await begin(here, { next: inOrder('first') });
    start('there', { reaper: 1 });
    await untilForgotten(run_id);
    expect(await doneOf(run_id)).toEqual({ first: 'there' });
  });
});

describe('steps', () => {
  it('run in parallel, each once, and what needs them waits for them', async () => {
    const here = start('here');
    const gate = new Gate();
    const started: string[] = [];
    const run_id = await begin(here, {
      next: ({ done }) => {
        const open = ['a', 'b', 'c'].filter((id) => done[id] === undefined);
        if (open.length > 0) return { do: 'run', steps: open.map((id) => ({ id })) };
        return done['join'] ? { do: 'done' } : { do: 'run', steps: [{ id: 'join' }] };
      },
      work: async (id) => {
        started.push(id);
        if (id === 'a' || id === 'b') await gate.pass();
      },
    });
    await eventually(
      () => doneOf(run_id),
      ({ c }) => c === 'here',
    );
    expect([...started].sort()).toEqual(['a', 'b', 'c']);
    gate.open();
    await untilForgotten(run_id);
    expect([...started].sort()).toEqual(['a', 'b', 'c', 'join']);
  });

  it('that throw are retried after a pause, and told which attempt it is', async () => {
    const here = start('here');
    const attempts: number[] = [];
    const run_id = await begin(here, {
      next: inOrder('flaky', 'next'),
      work: async (_step, { attempt }) => {
        attempts.push(attempt);
        if (attempts.length < 2) throw new Error('not yet');
      },
    });
    await untilForgotten(run_id);
    expect(attempts).toEqual([1, 2, 1]);
  });

  it('end the run in their own transaction', async () => {
    const here = start('here');
    const run_id = await begin(here, { next: inOrder('first', 'last', 'never') });
    await untilForgotten(run_id);
    expect(await doneOf(run_id)).toEqual({ first: 'here', last: 'here' });
  });

  it('are stopped when the decision says so, while others go on', async () => {
    const here = start('here');
    const gate = new Gate();
    const aborted: string[] = [];
    const run_id = await begin(here, {
      next: ({ done, signals }) => {
        if (!signals.includes('cancel')) return { do: 'run', steps: [{ id: 'slow' }, { id: 'kept' }] };
        if (done['kept'] === undefined) return { do: 'run', steps: [{ id: 'kept' }], stop_others: true };
        return { do: 'done' };
      },
      work: async (id, { signal: stop }) => {
        const stopped = new Promise<void>((_resolve, reject) => {
          stop.addEventListener('abort', () => {
            aborted.push(id);
            reject(new Error('stopped'));
          });
        });
        await Promise.race([gate.pass(), stopped]);
      },
    });
    await untilArrived(gate, 2);
    await signal(here, run_id, 'cancel');
    await eventually(
      async () => aborted,
      (ids) => ids.length > 0,
    );
    expect(aborted).toEqual(['slow']);
    gate.open();
    await untilForgotten(run_id);
    expect(await doneOf(run_id)).toEqual({ kept: 'here' });
  });
});

describe('sleeping and waiting', () => {
  it('holds no slot and no lease, and a timer fires at most two seconds late', async () => {
    const here = start('here', { slots: 1 });
    const due = Date.now() + 1_500;
    let firedAt = 0;
    const run_id = await begin(here, {
      next: ({ done }, now) => {
        if (now.getTime() < due) return { do: 'sleep', until: new Date(due).toISOString() };
        firedAt ||= Date.now();
        return inOrder('after')({ run_id, done, signals: [] }, now);
      },
    });
    await untilParked(run_id);
    const meanwhile = await begin(here, { next: inOrder('first') });
    await untilForgotten(meanwhile);
    await untilForgotten(run_id);
    expect(firedAt).toBeGreaterThanOrEqual(due);
    expect(firedAt).toBeLessThan(due + LATE_MS);
    expect(await doneOf(run_id)).toEqual({ after: 'here' });
  });

  it('is woken beside others that are due: one that is slow to claim holds up none', async () => {
    const here = start('here');
    const due = Date.now() + 3_000;
    const waits: Script = {
      next: (_, now) => (now.getTime() < due ? { do: 'sleep', until: new Date(due).toISOString() } : { do: 'done' }),
    };
    const sleeping = [await begin(here, waits), await begin(here, waits)];
    for (const run_id of sleeping) await untilParked(run_id);
    const claim = runs.claim.bind(runs);
    const gate = new Gate();
    runs.claim = async (...run) => {
      await gate.pass();
      return claim(...run);
    };
    try {
      await untilArrived(gate, sleeping.length);
    } finally {
      gate.open();
      runs.claim = claim;
    }
    for (const run_id of sleeping) await untilForgotten(run_id);
  });

  it('goes on by a signal through the process that got it, at once', async () => {
    const here = start('here');
    const there = start('there');
    const run_id = await begin(here, {
      next: ({ signals, done }, now) =>
        signals.includes('go') ? inOrder('after')({ run_id: '', done, signals }, now) : { do: 'wait' },
    });
    await untilParked(run_id);
    expect(await runs.find(run_id)).not.toHaveProperty('wake_at');
    await signal(there, run_id, 'go');
    await untilForgotten(run_id);
    expect(await doneOf(run_id)).toEqual({ after: 'there' });
  });

  it('goes on by a signal through a process without slots, within two seconds', async () => {
    const here = start('here');
    const there = start('there', { slots: 0 });
    const run_id = await begin(here, {
      next: ({ signals }) => (signals.includes('go') ? { do: 'done' } : { do: 'wait' }),
    });
    await untilParked(run_id);
    await signal(there, run_id, 'go');
    await untilForgotten(run_id, LATE_MS);
  });

  it('loses no signal that comes while the run decides or a step runs', async () => {
    const here = start('here');
    const there = start('there');
    const gate = new Gate();
    const run_id = await begin(here, {
      next: ({ done, signals }) => {
        if (done['first'] === undefined) return { do: 'run', steps: [{ id: 'first' }] };
        return signals.includes('go') ? { do: 'done' } : { do: 'wait' };
      },
      work: () => gate.pass(),
    });
    await untilArrived(gate);
    await signal(there, run_id, 'go');
    gate.open();
    await untilForgotten(run_id, LATE_MS);
    expect(await doneOf(run_id)).toEqual({ first: 'here' });
  });

  it('tells a running run of another process within two seconds', async () => {
    const here = start('here');
    const there = start('there', { slots: 0 });
    const gate = new Gate();
    const run_id = await begin(here, {
      next: ({ done, signals }) =>
        signals.includes('more') && done['second'] === undefined
          ? { do: 'run', steps: [{ id: 'first' }, { id: 'second' }] }
          : { do: 'run', steps: [{ id: 'first' }] },
      work: (id) => (id === 'first' ? gate.pass() : Promise.resolve()),
    });
    await untilArrived(gate);
    await signal(there, run_id, 'more');
    await eventually(
      () => doneOf(run_id),
      ({ second }) => second === 'here',
      LATE_MS,
    );
    expect(await runs.find(run_id)).not.toHaveProperty('wake_at');
    await unit.commit(there.engine.end(run_id).writes);
    gate.open();
  });

  it('ends a wait at its expiry', async () => {
    const here = start('here');
    const until = new Date(Date.now() + 300).toISOString();
    const run_id = await begin(here, {
      next: (_run, now) => (now.toISOString() < until ? { do: 'wait', until } : { do: 'done' }),
    });
    await untilForgotten(run_id, LATE_MS + 300);
  });

  it('puts a due run into the queue when no slot is free', async () => {
    const here = start('here', { slots: 1 });
    const run_id = await begin(here, {
      next: ({ signals }) => (signals.includes('go') ? { do: 'done' } : { do: 'wait' }),
    });
    await untilParked(run_id);
    const gate = new Gate();
    const other = await begin(here, { next: inOrder('first'), work: () => gate.pass() });
    await untilArrived(gate);
    await signal(here, run_id, 'go');
    await eventually(
      () => here.engine.queue(KIND),
      ({ waiting }) => waiting === 1,
    );
    gate.open();
    await Promise.all([untilForgotten(run_id), untilForgotten(other)]);
  });

  it('refuses to wake a run that has ended', async () => {
    const here = start('here');
    const run_id = await begin(here, { next: inOrder('first') });
    await untilForgotten(run_id);
    await expect(signal(here, run_id, 'go')).rejects.toMatchObject({
      code: 'RESOURCE_CONFLICT',
      message: 'The run has ended',
    });
  });
});

describe('several processes', () => {
  it('take a run over when its lease expires, and the fence refuses the result of the slow worker', async () => {
    const slow = start('slow', { lease: 1, heartbeat: 600 });
    const [slowGate, fastGate] = [new Gate(), new Gate()];
    const attempts: number[] = [];
    const run_id = await begin(slow, {
      next: inOrder('first', 'second'),
      work: async (step, { attempt }) => {
        if (step !== 'first') return;
        attempts.push(attempt);
        await (attempts.length === 1 ? slowGate : fastGate).pass();
      },
    });
    await untilArrived(slowGate);
    start('fast', { reaper: 1 });
    await untilArrived(fastGate);
    slowGate.open();
    await eventually(
      async () => slow.engine.running(KIND),
      (running) => running === 0,
    );
    expect(await doneOf(run_id)).toEqual({});
    fastGate.open();
    await untilForgotten(run_id);
    expect(attempts).toEqual([1, 2]);
    expect(await doneOf(run_id)).toEqual({ first: 'fast', second: 'fast' });
  });

  it('leave a run alone whose lease is renewed', async () => {
    const here = start('here', { lease: 2, heartbeat: 1 });
    const gate = new Gate();
    const run_id = await begin(here, { next: inOrder('first'), work: () => gate.pass() });
    await untilArrived(gate);
    const first = (await runs.find(run_id))?.lease_expires_at ?? '';
    start('there', { reaper: 1 });
    await eventually(
      () => runs.find(run_id),
      (run) => (run?.lease_expires_at ?? '') > first,
    );
    await eventually(
      async () => Date.now(),
      (now) => now > Date.parse(first) + 500,
    );
    gate.open();
    await untilForgotten(run_id);
    expect(await doneOf(run_id)).toEqual({ first: 'here' });
  });

  it('drive each of many runs once', async () => {
    const all = ['a', 'b', 'c'].map((name) => start(name, { slots: 2, reaper: 1 }));
    const ids: string[] = [];
    const counts = new Map<string, number>();
    for (let i = 0; i < 30; i++) {
      const [process] = all.slice(i % 3);
      if (!process) throw new Error('no process');
      const id = await begin(process, {
        next: inOrder('first', 'second'),
        work: async (step, _step_run, { run_id }) => {
          counts.set(`${run_id}/${step}`, (counts.get(`${run_id}/${step}`) ?? 0) + 1);
        },
      });
      ids.push(id);
    }
    for (const id of ids) await untilForgotten(id);
    expect(counts.size).toBe(60);
    expect(new Set(counts.values())).toEqual(new Set([1]));
  });

  it('go on with the runs of a process that shuts down, without waiting for its leases', async () => {
    const here = start('here', { lease: 600, heartbeat: 60 });
    const gate = new Gate();
    const run_id = await begin(here, {
      next: inOrder('first', 'second'),
      work: async (step, { signal: stop }) => {
        if (step !== 'second' || gate.arrived > 0) return;
        await Promise.race([
          gate.pass(),
          new Promise<void>((_resolve, reject) => {
            stop.addEventListener('abort', () => {
              reject(new Error('stopped'));
            });
          }),
        ]);
      },
    });
    await untilArrived(gate);
    start('there', { reaper: 1 });
    await here.engine.onModuleDestroy();
    await untilForgotten(run_id);
    expect(await doneOf(run_id)).toEqual({ first: 'here', second: 'there' });
  });

  it('take everything over at the start on the embedded database, whatever the leases say', async () => {
    const dead = start('dead', { lease: 600, heartbeat: 60 });
    const gate = new Gate();
    const run_id = await begin(dead, {
      next: inOrder('first'),
      work: async () => {
        if (gate.arrived === 0) await gate.pass();
      },
    });
    await untilArrived(gate);
    start('next', { database: 'embedded' });
    await untilForgotten(run_id);
    expect(await doneOf(run_id)).toEqual({ first: 'next' });
    gate.open();
  });
});

describe('ending a run from outside', () => {
  it('interrupts its steps at once, and stores nothing of them', async () => {
    const here = start('here');
    const gate = new Gate();
    const aborted = deferred<unknown>();
    const run_id = await begin(here, {
      next: inOrder('first'),
      work: async (_step, { signal: stop }) => {
        stop.addEventListener('abort', () => {
          aborted.resolve(stop.reason);
        });
        await gate.pass();
      },
    });
    await untilArrived(gate);
    const end = here.engine.end(run_id);
    await unit.commit(end.writes);
    end.committed();
    expect(await aborted.promise).toMatchObject({ name: 'RunLostError', run_id });
    gate.open();
    await eventually(
      async () => here.engine.running(KIND),
      (running) => running === 0,
    );
    expect(await doneOf(run_id)).toEqual({});
  });

  it('lets the same id start again while the first run is still on its way out', async () => {
    const here = start('here');
    const gate = new Gate();
    const run_id = await begin(here, {
      next: inOrder('first'),
      work: async () => {
        if (gate.arrived === 0) await gate.pass();
      },
    });
    await untilArrived(gate);
    const end = here.engine.end(run_id);
    await unit.commit(end.writes);
    end.committed();
    const again = here.engine.plan({ kind: KIND, run_id, org_id: ORG });
    await unit.commit(again.writes);
    again.committed();
    gate.open();
    await untilForgotten(run_id);
    expect(await doneOf(run_id)).toEqual({ first: 'here' });
  });
});
