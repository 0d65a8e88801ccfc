import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import type { Settings } from '../../src/platform/config/settings.js';
import { documentClient } from '../../src/platform/database/client/document-client.js';
import { DatabaseConnection } from '../../src/platform/database/client/dynamodb-client.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { Clock } from '../../src/shared/clock.js';
import { ConflictError } from '../../src/shared/domain-error.js';
import type { BuildFact, InvocationFact } from '../../src/statistics/fact.js';
import { StatisticsGauges } from '../../src/statistics/statistics-gauges.js';
import { STATISTICS_TABLE, STATISTICS_TABLES } from '../../src/statistics/statistics.tables.js';
import { startDatabase, testSettings } from '../support/database.js';
import { type Death, MortalDatabase, STOP_POINTS } from '../support/mortal-database.js';
import { databaseModule } from '../support/nest-database.js';
import { FACT_TABLES } from '../support/statistics-facts.js';
import { statisticsProcess } from '../support/statistics-process.js';

const NOW = new Date('2026-11-20T22:34:09.000Z');

/** Time stands still here, but not in the engine: it would drop what expires by its own clock. */
const TIMELESS_TABLES = STATISTICS_TABLES.map(({ ttl_attribute: _, ...table }) => table);

class FixedClock extends Clock {
  constructor(private readonly instant: Date) {
    super();
  }

  override now(): Date {
    return this.instant;
  }
}

let database: Awaited<ReturnType<typeof startDatabase>>;
let module: TestingModule;
let settings: Settings;

beforeAll(async () => {
  Logger.overrideLogger(false);
  database = await startDatabase();
});

afterAll(() => database.stop());

beforeEach(async () => {
  settings = testSettings({ DYNAMODB_ENDPOINT: database.endpoint });
  module = await databaseModule(settings, [...TIMELESS_TABLES, ...FACT_TABLES]);
});

afterEach(() => module.close());

function startProcess(death?: Death) {
  const client = documentClient(module.get(DatabaseConnection).client);
  const db = new MortalDatabase(client, settings.get('NEXUS_TABLE_PREFIX'), death);
  return { db, ...statisticsProcess(db, new FixedClock(NOW)) };
}

type Process = ReturnType<typeof startProcess>;

function invocation(changes: Partial<InvocationFact> = {}): InvocationFact {
  return {
    kind: 'invocation',
    org_id: 'acme',
    agent_id: 'proj_1:reader',
    occurred_at: '2026-11-20T10:00:00.000Z',
    success: true,
    fault: false,
    duration_ms: 812,
    input_tokens: 40,
    output_tokens: 7,
    ...changes,
  };
}

function build(changes: Partial<BuildFact> = {}): BuildFact {
  const at = '2026-11-20T10:00:00.000Z';
  return {
    kind: 'build',
    org_id: 'acme',
    occurred_at: at,
    outcome: 'successful',
    duration_seconds: 60,
    stage: 'agent_deployer',
    ...changes,
  };
}

/** Facts of some agents, days, outcomes and both kinds, different from each other. */
async function storeMany({ facts }: Process, count: number): Promise<void> {
  await facts.storeAll(
    Array.from({ length: count }, (_, index) => {
      const occurred_at = `2026-11-${10 + (index % 9)}T10:00:00.${String(index % 1000).padStart(3, '0')}Z`;
      return index % 5 === 0
        ? build({ occurred_at, outcome: index % 2 === 0 ? 'successful' : 'failed', duration_seconds: index })
        : invocation({
            occurred_at,
            agent_id: `proj_1:agent_${index % 7}`,
            success: index % 3 !== 0,
            duration_ms: index * 13,
          });
    }),
  );
}

async function countedTotal({ counters }: Process): Promise<number> {
  const rows = await counters.rows([
    { subject: 'ORG#acme#INVOCATIONS', period: 'TOTAL' },
    { subject: 'ORG#acme#BUILDS', period: 'TOTAL' },
  ]);
  return rows.reduce((sum, row) => sum + Number(row?.['total'] ?? 0), 0);
}

/** A pass that takes longer than 2 seconds goes on after `catchUp` returns, so it is asked again. @returns the total at last. */
async function caughtUp(process: Process, total: number): Promise<number> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    await process.aggregator.catchUp();
    const counted = await countedTotal(process);
    if (counted === total || Date.now() > deadline) return counted;
  }
}

async function untilCounted(process: Process, total: number): Promise<void> {
  const deadline = Date.now() + 60_000;
  while ((await countedTotal(process)) !== total)
    if (Date.now() > deadline) throw new Error(`${total} facts were never counted`);
}

describe('counting', () => {
  it('lets a caller read what was stored before the call', async () => {
    const process = startProcess();
    await process.facts.store('i1', invocation());
    await process.facts.store('i2', invocation({ success: false, occurred_at: '2026-11-20T11:00:00.000Z' }));
    await process.facts.store('b1', build());
    const [overview, days] = await Promise.all([process.queries.overview('acme'), process.queries.builds('acme', {})]);
    expect(overview).toMatchObject({
      today_calls: 2,
      today_success_rate: 50,
      today_tokens: 94,
      successful_builds: 1,
      avg_build_time_minutes: 1,
    });
    expect(days.at(-1)).toMatchObject({ date: '2026-11-20', total_builds: 1, builds_by_stage: { agent_deployer: 1 } });
    const stats = await process.queries.runtimeStats('acme', ['proj_1:reader', 'proj_1:other']);
    expect(stats.get('proj_1:reader')).toEqual({
      total_invocations: 2,
      successful_invocations: 1,
      failed_invocations: 1,
      avg_duration_ms: 812,
      p95_duration_ms: 812,
      input_tokens: 80,
      output_tokens: 14,
      last_invoked_at: '2026-11-20T11:00:00.000Z',
    });
    expect(stats.get('proj_1:other')).toMatchObject({ total_invocations: 0, last_invoked_at: null });
  });

  it('answers no percentile above the longest duration, whichever process counted it', async () => {
    const [one, other] = [startProcess(), startProcess()];
    const read = async (process: Process) =>
      (await process.queries.runtimeStats('acme', ['proj_1:reader'])).get('proj_1:reader')?.p95_duration_ms;
    await one.facts.store('i1', invocation({ duration_ms: 10 }));
    await one.facts.store('i2', invocation({ duration_ms: 97 }));
    await one.aggregator.catchUp();
    expect(await read(one)).toBe(97);
    await other.facts.store('i3', invocation({ duration_ms: 98 }));
    await other.aggregator.catchUp();
    expect(await read(one)).toBe(98);
    await one.facts.store('i4', invocation({ duration_ms: 97.5 }));
    await one.aggregator.catchUp();
    expect(await read(other)).toBe(98);
    expect((await one.queries.invocations('acme', {})).at(-1)).toMatchObject({ p99_duration_ms: 98 });
    expect(await one.recount.differences()).toEqual([]);
  });

  it('reads percentiles of rows that were counted before their longest duration was kept', async () => {
    const process = startProcess();
    const subject = 'ORG#acme#AGENT#proj_1:reader#INVOCATIONS';
    const Update = {
      TableName: STATISTICS_TABLE,
      Key: { subject, period: 'TOTAL' },
      UpdateExpression: 'ADD #a :two, #b :sum, #c :one, #d :one',
      ExpressionAttributeNames: { '#a': 'total', '#b': 'duration_us', '#c': 'l_028', '#d': 'l_055' },
      ExpressionAttributeValues: { ':two': 2, ':sum': 111_000, ':one': 1 },
    };
    await process.db.transact([{ Update }]);
    const p95 = async () =>
      (await process.queries.runtimeStats('acme', ['proj_1:reader'])).get('proj_1:reader')?.p95_duration_ms;
    const before = await p95();
    expect(before).toBeGreaterThan(96);
    await process.facts.store('i1', invocation({ duration_ms: 12 }));
    await process.aggregator.catchUp();
    expect(await p95()).toBe(before);
  });

  it('reads on when a source shows only a few facts at a time', async () => {
    const process = startProcess();
    await storeMany(process, 60);
    const all = process.facts.uncounted.bind(process.facts);
    process.facts.uncounted = (limit) => all(Math.min(limit, 7));
    expect(await caughtUp(process, 60)).toBe(60);
  });

  it('does not wait for an index that still shows what is counted', async () => {
    const process = startProcess();
    await storeMany(process, 30);
    const stale = await process.facts.uncounted(100);
    process.facts.uncounted = async () => stale;
    await process.aggregator.catchUp();
    expect(await caughtUp(process, 30)).toBe(30);
    expect(await process.recount.differences()).toEqual([]);
  });

  it('follows a kick by itself, and a start', async () => {
    const process = startProcess();
    await process.facts.store('kicked', invocation());
    process.aggregator.kick();
    process.aggregator.kick();
    await untilCounted(process, 1);
    await process.facts.store('left by a process that died', invocation());
    process.aggregator.onApplicationBootstrap();
    await untilCounted(process, 2);
    await process.facts.store('last', invocation());
    await process.aggregator.beforeApplicationShutdown();
    expect(await countedTotal(process)).toBe(3);
  });

  it('counts what its process stored without reading it, once, and what cannot be counted so from its record', async () => {
    const process = startProcess();
    await process.aggregator.catchUp();
    process.db.queried.length = 0;
    const stored = invocation({ duration_ms: 100 });
    await process.facts.store('own', stored);
    for (const _ of ['once', 'twice']) {
      process.aggregator.kick(process.facts.announced('own', stored));
      await process.aggregator.settle();
    }
    expect(process.db.queried).toEqual([]);
    expect(await countedTotal(process)).toBe(1);
    process.aggregator.kick(process.facts.announced('never stored', stored));
    await process.aggregator.settle();
    expect(await countedTotal(process)).toBe(1);
    await process.facts.store('announced without itself', stored);
    process.aggregator.kick();
    await process.aggregator.settle();
    expect(process.db.queried.length).toBeGreaterThan(0);
    expect(await countedTotal(process)).toBe(2);
    expect(await process.recount.differences()).toEqual([]);
  });

  it('sets aside a fact without a valid time, and counts the others', async () => {
    const process = startProcess();
    const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    await process.facts.store('broken', invocation({ occurred_at: 'yesterday' }));
    await process.facts.store('whole', invocation());
    await process.aggregator.catchUp();
    const said = logged.mock.calls.map(([line]) => (line as { record?: string }).record);
    logged.mockRestore();
    expect(said).toEqual(['broken']);
    expect(await countedTotal(process)).toBe(1);
  });

  it('leaves what was stored a moment ago to the process that stored it, and sweeps up the rest', async () => {
    const process = startProcess();
    const timers = jest.spyOn(globalThis, 'setInterval');
    process.aggregator.onApplicationBootstrap();
    const [sweep] = timers.mock.calls[0] ?? [];
    timers.mockRestore();
    await process.aggregator.catchUp();
    const ended = (id: string, ago_ms: number) =>
      process.facts.store(id, invocation({ occurred_at: new Date(NOW.getTime() - ago_ms - 812).toISOString() }));
    await ended('just now', 2_900);
    await ended('left behind', 3_100);
    sweep?.();
    await untilCounted(process, 1);
    expect((await process.facts.uncounted(10)).map(({ record }) => record)).toEqual(['just now']);
    await process.aggregator.beforeApplicationShutdown();
  });

  it('keeps buckets of sliding windows, and leaves those whose time is over out of the recount', async () => {
    const process = startProcess();
    const subject = 'ORG#acme#AGENT#proj_1:reader#INVOCATIONS';
    for (const [id, occurred_at] of [
      ['long ago', '2026-11-01T10:00:00.000Z'],
      ['today', '2026-11-20T22:01:00.000Z'],
    ] as const)
      await process.facts.store(id, invocation({ occurred_at, success: false, fault: true }));
    await process.aggregator.catchUp();
    const failure = { subject, total: 1, faults: 1 };
    expect(await process.counters.between(subject, 'HOUR#2026-11-20T00', 'HOUR#2026-11-20T23')).toEqual([
      { ...failure, period: 'HOUR#2026-11-20T22', expires_at: Date.parse('2026-11-28T22:00:00Z') / 1000 },
    ]);
    expect(await process.counters.between(subject, 'SLICE#2026-11-20T21', 'SLICE#2026-11-20T23')).toEqual([
      { ...failure, period: 'SLICE#2026-11-20T22:00', expires_at: Date.parse('2026-11-21T01:00:00Z') / 1000 },
    ]);
    const dropped = ['HOUR#2026-11-01T10', 'SLICE#2026-11-01T10:00'].map((period) => ({ subject, period }));
    await process.db.batchDelete(STATISTICS_TABLE, dropped);
    expect(await process.recount.differences()).toEqual([]);
    await process.db.batchDelete(STATISTICS_TABLE, [{ subject, period: 'HOUR#2026-11-20T22' }]);
    expect(await process.recount.differences()).toHaveLength(2);
    await process.rebuild.run({ dry_run: false });
    expect(await process.recount.differences()).toEqual([]);
    expect(await process.counters.between(subject, 'HOUR#2026-11-20T00', 'HOUR#2026-11-20T23')).toMatchObject([
      failure,
    ]);
  });

  it('keeps the last use of an agent although an older invocation is counted later', async () => {
    const process = startProcess();
    await process.facts.store('new', invocation({ occurred_at: '2026-11-20T11:00:00.000Z' }));
    await process.aggregator.catchUp();
    await process.facts.store('old', invocation({ occurred_at: '2026-11-20T09:00:00.000Z' }));
    await process.aggregator.catchUp();
    const stats = await process.queries.runtimeStats('acme', ['proj_1:reader']);
    expect(stats.get('proj_1:reader')).toMatchObject({
      total_invocations: 2,
      last_invoked_at: '2026-11-20T11:00:00.000Z',
    });
    expect(await process.recount.differences()).toEqual([]);
  });

  it('counts each fact once although six processes count at the same time', async () => {
    const processes = Array.from({ length: 6 }, () => startProcess());
    const [first] = processes as [Process];
    const storing = Array.from({ length: 6 }, () => storeMany(first, 50));
    await Promise.all([
      ...storing,
      ...processes.flatMap(({ aggregator }) => [aggregator.catchUp(), aggregator.catchUp()]),
    ]);
    await Promise.all(processes.map(({ aggregator }) => aggregator.catchUp()));
    expect(await caughtUp(first, 300)).toBe(300);
    expect(await first.recount.differences()).toEqual([]);
  });

  it.each(STOP_POINTS)('neither loses nor repeats a fact when the process dies %s', async (point) => {
    const survivor = startProcess();
    let stored = 0;
    for (const occurrence of [1, 2, 3]) {
      const dying = startProcess({ point, occurrence });
      for (let round = 0; round < 5 && !dying.db.isDead; round++) {
        await storeMany(survivor, 20);
        stored += 20;
        await dying.aggregator.catchUp();
      }
      expect(dying.db.isDead).toBe(true);
      expect(await survivor.recount.differences()).toEqual([]);
    }
    expect(await caughtUp(survivor, stored)).toBe(stored);
    expect(await survivor.recount.differences()).toEqual([]);
  });

  it('stays exact while processes die at every point and others go on', async () => {
    const deaths = STOP_POINTS.flatMap((point) => [1, 2, 3].map((occurrence) => ({ point, occurrence })));
    const processes = [startProcess(), ...deaths.map(startProcess), startProcess()];
    const [survivor] = processes as [Process];
    const working = processes.map(async ({ aggregator }) => {
      for (let round = 0; round < 5; round++) await aggregator.catchUp();
    });
    for (let round = 0; round < 8; round++) await storeMany(survivor, 25);
    await Promise.all(working);
    expect(await caughtUp(survivor, 200)).toBe(200);
    expect(await survivor.recount.differences()).toEqual([]);
  });

  it('is not held up by facts that cannot be counted', async () => {
    const process = startProcess();
    await process.facts.storeAll(Array.from({ length: 250 }, () => invocation({ duration_ms: -1 })));
    await process.facts.store('good', invocation());
    expect(await caughtUp(process, 1)).toBe(1);
    expect(await process.recount.differences()).toEqual([]);
  });

  it('finds the one fact for whose sake the database refuses a whole batch', async () => {
    const process = startProcess();
    const broken = { subject: 'ORG#acme#AGENT#broken#INVOCATIONS', period: 'TOTAL', total: 'not a number' };
    await process.db.put({ TableName: STATISTICS_TABLE, Item: broken });
    await storeMany(process, 40);
    await process.facts.store('poison', invocation({ agent_id: 'broken' }));
    expect(await caughtUp(process, 40)).toBe(40);
  });

  it('keeps organisations apart, also when one asks for the agent of another', async () => {
    const process = startProcess();
    await process.facts.store('theirs', invocation({ org_id: 'globex' }));
    await process.facts.store('ours', invocation());
    const asked = { agent_id: 'proj_1:reader', start_date: '2026-11-20' };
    await expect(process.queries.invocations('initech', asked)).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
    expect(await process.queries.invocations('acme', asked)).toMatchObject([{ total_invocations: 1 }]);
    expect(
      (await process.queries.runtimeStats('initech', ['proj_1:reader'])).get('proj_1:reader')?.total_invocations,
    ).toBe(0);
  });

  it('answers a row for each day of a year and reads them by one query', async () => {
    const process = startProcess();
    await storeMany(process, 40);
    await process.aggregator.catchUp();
    const before = process.db.queried.length;
    const trend = await process.queries.trend('acme', 'invocations', {
      start_date: '2026-01-01',
      end_date: '2026-12-31',
    });
    expect(trend.data_points).toHaveLength(365);
    expect(trend.data_points.reduce((sum, { value }) => sum + (value ?? 0), 0)).toBe(32);
    expect(process.db.queried.slice(before).filter((table) => table === STATISTICS_TABLE)).toHaveLength(1);
  });
});

describe('deletion', () => {
  it('leaves the statistics of the past as they are, of counted and of waiting facts', async () => {
    const process = startProcess();
    await storeMany(process, 80);
    await process.aggregator.catchUp();
    await storeMany(process, 30);
    await new UnitOfWork(process.db).commit([new StatisticsGauges().adjust('acme', { builds_started: 22 })]);
    await process.facts.deleteAll(new FixedClock(NOW));
    expect(await caughtUp(process, 110)).toBe(110);
    expect(await process.recount.differences()).toEqual([]);
  });
});

describe('gauges', () => {
  it('add up over their shards', async () => {
    const process = startProcess();
    const gauges = new StatisticsGauges();
    for (let index = 0; index < 20; index++)
      await process.things.create(`a${index}`, 'acme', 'agents_running', gauges.adjust('acme', { agents_running: 1 }));
    await process.things.create('b', 'acme', 'builds_started', gauges.adjust('acme', { builds_started: 1 }));
    expect(await process.queries.overview('acme')).toMatchObject({
      total_agents: 20,
      running_agents: 20,
      total_builds: 1,
      success_rate: null,
    });
    expect(await process.recount.differences()).toEqual([]);
  });
});

describe('rebuild', () => {
  async function damaged(): Promise<Process> {
    const process = startProcess();
    await storeMany(process, 60);
    await process.aggregator.catchUp();
    await process.things.create(
      'a',
      'acme',
      'agents_running',
      new StatisticsGauges().adjust('acme', { agents_running: 3 }),
    );
    await process.db.delete({
      TableName: STATISTICS_TABLE,
      Key: { subject: 'ORG#acme#INVOCATIONS', period: 'DAY#2026-11-11' },
    });
    await process.db.update({
      TableName: STATISTICS_TABLE,
      Key: { subject: 'ORG#acme#BUILDS', period: 'TOTAL' },
      UpdateExpression: 'ADD successful :many',
      ExpressionAttributeValues: { ':many': 1000 },
    });
    await process.db.update({
      TableName: STATISTICS_TABLE,
      Key: { subject: 'ORG#acme#AGENT#proj_1:agent_1#INVOCATIONS', period: 'TOTAL' },
      UpdateExpression: 'SET last_invoked_at = :old',
      ExpressionAttributeValues: { ':old': '2020-01-01T00:00:00.000Z' },
    });
    return process;
  }

  it('corrects what differs from the records, and only that', async () => {
    const process = await damaged();
    const { differences } = await process.rebuild.run({ dry_run: false });
    expect(differences).toContainEqual({
      subject: 'ORG#acme#BUILDS',
      period: 'TOTAL',
      attribute: 'successful',
      counted: 1006,
      recounted: 6,
    });
    expect(differences).toContainEqual({
      subject: 'ORG#acme#GAUGES',
      period: 'SHARD#0',
      attribute: 'agents_running',
      counted: 3,
      recounted: 1,
    });
    expect(await process.recount.differences()).toEqual([]);
    expect(await process.queries.overview('acme')).toMatchObject({ running_agents: 1, successful_builds: 6 });
    expect((await process.rebuild.run({ dry_run: false })).differences).toEqual([]);
  });

  it('changes nothing in a dry run', async () => {
    const process = await damaged();
    const { differences } = await process.rebuild.run({ dry_run: true });
    expect(differences.length).toBeGreaterThan(3);
    expect(await process.recount.differences()).toEqual(differences);
  });

  it('holds counting back in every process and lets it go on afterwards', async () => {
    const [rebuilding, counting] = [startProcess(), startProcess()];
    await rebuilding.hold.take('another rebuild', NOW);
    await storeMany(counting, 10);
    expect(await caughtUp(counting, 0)).toBe(0);
    await expect(rebuilding.rebuild.run({ dry_run: false })).rejects.toBeInstanceOf(ConflictError);
    await rebuilding.hold.release('another rebuild');
    expect(await caughtUp(counting, 10)).toBe(10);
  });

  it('that died holds counting back for 15 minutes at most', async () => {
    const process = startProcess();
    await process.hold.take('dead rebuild', new Date(NOW.getTime() - 15 * 60_000 - 1));
    await storeMany(process, 10);
    expect(await caughtUp(process, 10)).toBe(10);
  });

  it('beside processes that store and count ends with exact counters', async () => {
    const [rebuilding, counting] = [startProcess(), startProcess()];
    await storeMany(rebuilding, 50);
    await Promise.all([
      rebuilding.rebuild.run({ dry_run: false }),
      storeMany(counting, 100).then(() => counting.aggregator.catchUp()),
      counting.aggregator.catchUp(),
    ]);
    expect(await caughtUp(counting, 150)).toBe(150);
    expect(await counting.recount.differences()).toEqual([]);
  });
});
