import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import pLimit from 'p-limit';
import { buildEvents, expectCleanHistory, expectOneAgent } from '../support/build-history.js';
import { temporalSettings, temporaryDirectory } from '../support/database.js';
import { CountingServer, type FlowRunView, publishedFlow, runOf } from '../support/flows.js';
import { type Answer, eventually, type HttpClient } from '../support/http.js';
import { PlatformProcess, recountStatistics } from '../support/platform-process.js';
import { faultSeed, seeded } from '../support/seeded.js';
import { readEvents, type ReceivedEvent } from '../support/sse.js';
import { TemporalServer } from '../support/temporal-server.js';
import { TROUBLES, TroubledProxy } from '../support/troubled-proxy.js';

const SEED = faultSeed();
/** The whole suite: `FAULT_BUILDS=200 FAULT_FLOW_RUNS=500`. */
const BUILDS = Number(process.env['FAULT_BUILDS'] ?? 4);
const RUNS = Number(process.env['FAULT_FLOW_RUNS'] ?? 24);
const KILLS = Math.max(6, Math.ceil((BUILDS + RUNS) / 14));
const PARALLEL = 6;
/** Also while a process starts on a busy machine. */
const PATIENCE_MS = 180_000;
const ENDED_WITHIN_MS = 600_000;
/** Writes of a run until its last one, which a failing run does not reach. */
const WRITES = ['reserve', 'charge', 'line[0]', 'line[1]', 'line[2]', 'line[3]'];

const ENVIRONMENT = {
  ENGINE_LEASE_SECONDS: '3',
  ENGINE_HEARTBEAT_SECONDS: '1',
  ENGINE_REAPER_SECONDS: '1',
  BUILD_SLOTS: '3',
  BUILD_STAGE_PAUSE_MS: '20',
};

let service: CountingServer;

beforeAll(async () => {
  service = await CountingServer.start();
});
afterAll(() => service.close());

type Ending = 'completes' | 'fails at its end' | 'is rejected';
const endingOf = (run: number): Ending =>
  run % 3 === 0 ? 'fails at its end' : run % 5 === 1 ? 'is rejected' : 'completes';

/** Fan-out, a list, a write that fails twice, one that fails for good, a timer, a signal, an approval, and what undoes it all. */
function definition() {
  const retry = { max_attempts: 8, initial_seconds: 0.05, max_seconds: 0.5 };
  const body = { run: '${{ run.id }}' };
  const post = (path: string) => ({ http: { method: 'POST', url: `${service.url}${path}`, body } });
  const write = (id: string, path: string, fields: object = {}) => ({
    ...{ id, ...post(path), idempotency_key: `${id}-\${{ run.id }}`, retry },
    ...fields,
  });
  const undo = (path: string) => ({ compensate: { ...post(`/undo/${path}`), retry } });
  return {
    timeout_seconds: 3_600,
    steps: [
      write('reserve', '/slow/30/reserve', undo('reserve')),
      write('charge', '/fail/2/charge', { needs: ['reserve'], ...undo('charge') }),
      write('notify', '/status/422/notify', { needs: ['reserve'], on_error: 'continue' }),
      {
        ...{ id: 'lines', needs: ['reserve'] },
        for_each: {
          ...{ items: 'input.lines', max_parallel: 3 },
          steps: [
            write('line', '/slow/20/line', {
              idempotency_key: 'line-${{ run.id }}-${{ index }}',
              compensate: {
                ...{ ...post('/undo/line'), retry },
                idempotency_key: 'undo-line-${{ run.id }}-${{ index }}',
              },
            }),
          ],
        },
      },
      { id: 'pause', needs: ['charge', 'notify'], wait: { seconds: 1 } },
      { id: 'go', needs: ['pause', 'lines'], wait_for: { signal: 'go' } },
      { id: 'person', needs: ['go'], approval: { roles: ['admin'] } },
      write('end', '${{ input.fails ? "/status/422/end" : "/slow/10/end" }}', { needs: ['person'] }),
    ],
  };
}

/** A Temporal server of these tests alone, and the network to it. Only the real server has its data after a kill. */
class Cluster {
  readonly troubles = { server: 0, network: 0 };

  private constructor(
    private readonly server: TemporalServer,
    private readonly network: TroubledProxy,
  ) {}

  /** @returns undefined on the embedded engine */
  static async start(): Promise<Cluster | undefined> {
    if (Object.keys(temporalSettings('')).length === 0) return undefined;
    const server = await TemporalServer.start();
    return new Cluster(server, await TroubledProxy.start(server.port));
  }

  get settings(): Record<string, string> {
    return { ...temporalSettings('faults'), TEMPORAL_ADDRESS: this.network.address };
  }

  async trouble(random: () => number): Promise<void> {
    if (this.server.isReal && random() < 0.3) {
      this.troubles.server += 1;
      await this.server.stop();
      await this.server.resume();
    } else {
      this.troubles.network += 1;
      const trouble = TROUBLES[Math.floor(random() * TROUBLES.length)] ?? 'reset';
      await this.network.make(trouble, 1_000 + random() * 3_000);
    }
  }

  async stop(): Promise<void> {
    await this.network.stop();
    await this.server.stop();
  }
}

/** The platform that is killed and started again. Requests go to the process that is there, until one is answered. */
class Victim {
  private platform: PlatformProcess | undefined;
  readonly kills = { platform: 0, database: 0 };

  private constructor(
    private readonly environment: Record<string, string>,
    readonly cluster: Cluster | undefined,
  ) {}

  static async start(more: Record<string, string> = {}): Promise<Victim> {
    const cluster = await Cluster.start();
    const own = { ...ENVIRONMENT, NEXUS_DATA_DIR: temporaryDirectory(), ...cluster?.settings, ...more };
    const victim = new Victim(own, cluster);
    victim.platform = await PlatformProcess.start(victim.environment);
    return victim;
  }

  get http(): HttpClient {
    if (!this.platform) throw new Error('the platform is down');
    return this.platform.http;
  }

  async killPlatform(): Promise<void> {
    this.kills.platform += 1;
    const { platform } = this;
    this.platform = undefined;
    await platform?.kill('SIGKILL');
    this.platform = await PlatformProcess.start(this.environment);
  }

  killDatabase(): void {
    const pid = Number(readFileSync(join(this.environment['NEXUS_DATA_DIR'] ?? '', 'engine.pid'), 'utf8'));
    if (pid <= 1) return;
    this.kills.database += 1;
    process.kill(pid, 'SIGKILL');
  }

  /** Stops the platform and recounts its statistics. */
  async end(): Promise<string> {
    await this.platform?.kill('SIGTERM');
    return recountStatistics(this.environment).output;
  }

  async abandon(): Promise<void> {
    await this.platform?.kill('SIGKILL');
    await this.cluster?.stop();
  }

  /** Asks until there is an answer that is not a fault of the platform or an earlier attempt that is still under way. */
  async ask<T>(request: (http: HttpClient) => Promise<Answer<T>>): Promise<Answer<T>> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const answer = await this.once(request);
      if (answer && answer.status < 500 && answer.status !== 409) return answer;
      if (Date.now() > deadline) throw new Error(`no answer: ${JSON.stringify(answer?.body)}`);
      await delay(200);
    }
  }

  /** @returns undefined when the platform went away */
  async once<T>(request: (http: HttpClient) => Promise<Answer<T>>): Promise<Answer<T> | undefined> {
    try {
      return await request(this.http);
    } catch {
      // The process was killed in the middle of the request, or is down.
      return undefined;
    }
  }
}

/** Starts everything, decides what waits for a person, and remembers what was accepted. */
class Work {
  readonly projects: string[] = [];
  readonly runs: string[] = [];
  private readonly signalled = new Set<string>();
  private readonly decided = new Set<string>();

  constructor(
    private readonly victim: Victim,
    private readonly flow_id: string,
  ) {}

  async startUpTo(builds: number, runs: number): Promise<void> {
    while (this.projects.length < builds) this.projects.push(await this.startBuild(this.projects.length));
    while (this.runs.length < runs) {
      const number = this.runs.length;
      const input = { fails: endingOf(number) === 'fails at its end', lines: [1, 2, 3, 4] };
      const body = { input, idempotency_key: `run-${number}` };
      const answer = await this.victim.ask((http) =>
        http.post<FlowRunView>(`/api/v1/flows/${this.flow_id}/runs`, body),
      );
      this.runs.push(answer.data.run_id);
    }
  }

  /** A request whose answer was lost may have started the build: it is looked for before it is asked for again. */
  private async startBuild(number: number): Promise<string> {
    const project_name = `build ${number}`;
    const requirement = `A calculator assistant number ${number} that works out totals and percentages.`;
    for (;;) {
      const answer = await this.victim.once((http) =>
        http.post<{ project_id: string }>('/api/v1/projects', { requirement, project_name }),
      );
      if (answer && answer.status < 300) return answer.data.project_id;
      const listed = await this.victim.ask((http) =>
        http.get<{ projects: { project_id: string; project_name: string }[] }>('/api/v1/projects?limit=20'),
      );
      const known = listed.data.projects.find((project) => project.project_name === project_name);
      if (known) return known.project_id;
      await delay(200);
    }
  }

  /** Signals and decides what waits now. What it decides counts when the step is seen to have ended. */
  async attend(runs: readonly string[]): Promise<void> {
    const limit = pLimit(PARALLEL);
    await Promise.all(runs.map((run_id) => limit(() => this.attendOne(run_id))));
  }

  isAttended(): boolean {
    return this.decided.size === this.runs.length;
  }

  private async attendOne(run_id: string): Promise<void> {
    const path = `/api/v1/flow-runs/${run_id}`;
    if (!this.signalled.has(run_id)) {
      await this.victim.ask((http) => http.post(`${path}/signals/go`, { data: {} }));
      this.signalled.add(run_id);
    }
    if (this.decided.has(run_id)) return;
    const { data: run } = await this.victim.ask((http) => http.get<FlowRunView>(path));
    const person = run.steps.find(({ step_id }) => step_id === 'person');
    if (person?.status === 'waiting') {
      const approve = endingOf(this.runs.indexOf(run_id)) !== 'is rejected';
      await this.victim.once((http) => http.post(`${path}/steps/person/decision`, { approve }));
    } else if (person && person.status !== 'pending') this.decided.add(run_id);
  }
}

async function worked(victim: Victim, builds: number, runs: number, kills: number): Promise<Work> {
  const random = seeded(SEED);
  const flow_id = await publishedFlow(victim.http, definition());
  const work = new Work(victim, flow_id);
  for (let kill = 1; kill <= kills; kill++) {
    const before = work.runs.slice(-3 * PARALLEL);
    const share = (all: number): number => Math.ceil((all * kill) / kills);
    const working = work.startUpTo(share(builds), share(runs)).then(() => work.attend(before));
    await delay(100 + random() * 1_500);
    const what = random();
    if (victim.cluster && what > 0.6) await victim.cluster.trouble(random);
    else if (what < 0.3) victim.killDatabase();
    else await victim.killPlatform();
    await working;
  }
  await eventually(async () => work.attend(work.runs).then(() => work.isAttended()), Boolean, ENDED_WITHIN_MS);
  return work;
}

interface Project {
  project_id: string;
  status: string;
  agents: string[];
  error_info?: unknown;
}

async function expectAllEnded(victim: Victim, { projects, runs }: Work): Promise<Record<string, number>> {
  const { http } = victim;
  const outcomes: Record<string, number> = {};
  for (const id of projects) {
    const project = await eventually(
      async () => (await http.get<Project>(`/api/v1/projects/${id}`)).data,
      ({ status }) => status === 'completed' || status === 'failed',
      ENDED_WITHIN_MS,
    );
    expect(project.error_info ?? 'no error').toBe('no error');
    expect(project).toMatchObject({ status: 'completed', progress: 100 });
    expectCleanHistory(await buildEvents(http, id));
    await expectOneAgent(http, project);
  }
  for (const [number, run_id] of runs.entries()) {
    const wanted = endingOf(number) === 'completes' ? 'completed' : 'compensated';
    const run = await eventually(
      () => runOf(http, run_id),
      ({ status }) => ['completed', 'failed', 'compensated', 'cancelled', 'timed_out'].includes(status),
      ENDED_WITHIN_MS,
    );
    expect([number, run.status, run.error?.step_id]).toEqual([
      ...[number, wanted],
      wanted === 'completed' ? undefined : endingOf(number) === 'is rejected' ? 'person' : 'end',
    ]);
    outcomes[run.status] = (outcomes[run.status] ?? 0) + 1;
    const events = await readEvents(`${http.url}/api/v1/flow-runs/${run_id}/events`, { headers: http.headers });
    expectCleanRun(events, wanted === 'compensated');
  }
  return outcomes;
}

/** Numbered without a gap; no step begins again after it was completed; undone once each in the reverse order of completion. */
function expectCleanRun(events: ReceivedEvent[], isUndone: boolean): void {
  expect(events.map(({ id }) => Number(id))).toEqual(events.map((_, index) => index + 1));
  const completed: string[] = [];
  const undone: string[] = [];
  for (const { event, data } of events) {
    const key = String(data['key']);
    if (event === 'step.started' || event === 'step.completed') expect(completed).not.toContain(key);
    if (event === 'step.completed') completed.push(key);
    if (event === 'compensation.completed') undone.push(key);
  }
  const written = completed.filter((key) => WRITES.includes(key));
  expect([...written].sort()).toEqual([...WRITES].sort());
  expect(undone).toEqual(isUndone ? written.reverse() : []);
  expect(events.filter(({ event }) => event === 'run.ended')).toHaveLength(1);
}

/** Each write had its effect once, under one key, and nothing was written that no run asked for. */
function expectWrites(runs: number, { completed = 0, compensated = 0 }: Record<string, number>): number {
  const applied = service.applied.map(({ path, key }) => `${path} ${key}`);
  expect(service.requests.filter(({ key }) => key === undefined)).toEqual([]);
  expect(new Set(applied).size).toBe(applied.length);
  expect(completed + compensated).toBe(runs);
  expect(applied.length).toBe(runs * WRITES.length + completed + compensated * WRITES.length);
  return applied.length;
}

const table: Record<string, unknown>[] = [];
afterAll(() => {
  process.stdout.write(`\n${table.map((row) => JSON.stringify(row)).join('\n')}\n`);
});

async function survived(what: string, victim: Victim, [builds, runs, kills]: [number, number, number]): Promise<void> {
  service.applied.length = 0;
  service.requests.length = 0;
  const began = Date.now();
  try {
    const work = await worked(victim, builds, runs, kills);
    const outcomes = await expectAllEnded(victim, work);
    const writes = expectWrites(runs, outcomes);
    const { data: overview } = await victim.http.get('/api/v1/statistics/overview');
    expect(overview).toMatchObject({ total_builds: builds, successful_builds: builds, failed_builds: 0 });
    expect(await victim.end()).toBe('0 differences found\n');
    const repeated = service.requests.length - writes;
    const seconds = Math.round((Date.now() - began) / 1000);
    const engine = victim.cluster ? 'temporal' : 'embedded';
    const faults = { ...victim.kills, ...victim.cluster?.troubles };
    table.push({ engine, what, seed: SEED, builds, runs, ...faults, ...outcomes, writes, repeated, seconds });
  } finally {
    await victim.abandon();
  }
}

it(
  `builds and flow runs survive kills of the platform and of its database (seed ${SEED})`,
  async () => survived('kills', await Victim.start(), [BUILDS, RUNS, KILLS]),
  3_600_000,
);

it(`builds and flow runs survive a clock that jumps while the platform is killed (seed ${SEED})`, async () => {
  const clock = pathToFileURL(join(import.meta.dirname, '../support/jumping-clock.mjs')).href;
  const jumps = { NODE_OPTIONS: `--import=${clock}`, CLOCK_JUMP_SECONDS: '40' };
  await survived('clock jumps', await Victim.start(jumps), [2, 9, 3]);
}, 3_600_000);
