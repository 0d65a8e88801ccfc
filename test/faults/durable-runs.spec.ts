import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import pLimit from 'p-limit';
import { buildEvents, expectCleanHistory, expectOneAgent } from '../support/build-history.js';
import { DoomedPlatform } from '../support/doomed-platform.js';
import { CountingServer, type FlowRunView, publishedFlow, runOf } from '../support/flows.js';
import { eventually } from '../support/http.js';
import { faultSeed, seeded } from '../support/seeded.js';
import { readEvents, type ReceivedEvent } from '../support/sse.js';

const SEED = faultSeed();
/** The whole suite: `npm run test:durable`, which sets 200 and 500. */
const BUILDS = Number(process.env['FAULT_BUILDS'] ?? 4);
const RUNS = Number(process.env['FAULT_FLOW_RUNS'] ?? 24);
const KILLS = Math.max(8, Math.ceil((BUILDS + RUNS) / 14));
/** Long runs show how far they are. */
const PROGRESS_FROM_KILLS = 20;
const PARALLEL = 6;
const SHOWN_MAX = 5;
const ENDED_WITHIN_MS = 600_000;
/** Writes of a run until its last one, which a failing run does not reach. */
const WRITES = ['reserve', 'charge', 'line[0]', 'line[1]', 'line[2]', 'line[3]'];

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

/** Starts everything, decides what waits for a person, and remembers what was accepted. */
class Work {
  readonly projects: string[] = [];
  readonly runs: string[] = [];
  /** When each run had everything that it waited for. */
  readonly decided_at = new Map<string, number>();
  private readonly signalled = new Set<string>();
  private readonly decided = new Set<string>();

  constructor(
    private readonly platform: DoomedPlatform,
    private readonly flow_id: string,
  ) {}

  async startUpTo(builds: number, runs: number): Promise<void> {
    while (this.projects.length < builds) this.projects.push(await this.startBuild(this.projects.length));
    while (this.runs.length < runs) {
      const number = this.runs.length;
      const input = { fails: endingOf(number) === 'fails at its end', lines: [1, 2, 3, 4] };
      const body = { input, idempotency_key: `run-${number}` };
      const answer = await this.platform.ask((http) =>
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
      const answer = await this.platform.once((http) =>
        http.post<{ project_id: string }>('/api/v1/projects', { requirement, project_name }),
      );
      if (answer && answer.status < 300) return answer.data.project_id;
      const listed = await this.platform.ask((http) =>
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

  /** Runs that have not come past their approval, with what they wait for. */
  async unattended(): Promise<string[]> {
    const left = this.runs.filter((run_id) => !this.decided.has(run_id));
    const views = left.slice(0, SHOWN_MAX).map((run_id) => runOf(this.platform.http, run_id));
    const shown = (await Promise.all(views)).map(({ run_id, status, steps }) => {
      const open = steps.filter((step) => !['completed', 'pending'].includes(step.status));
      return `${run_id} ${status}: ${open.map(({ key, status: state }) => `${key} ${state}`).join(', ')}`;
    });
    return [...shown, ...left.slice(SHOWN_MAX)];
  }

  private async attendOne(run_id: string): Promise<void> {
    const path = `/api/v1/flow-runs/${run_id}`;
    if (!this.signalled.has(run_id)) {
      await this.platform.ask((http) => http.post(`${path}/signals/go`, { data: {} }));
      this.signalled.add(run_id);
    }
    if (this.decided.has(run_id)) return;
    const { data: run } = await this.platform.ask((http) => http.get<FlowRunView>(path));
    const person = run.steps.find(({ step_id }) => step_id === 'person');
    if (person?.status === 'waiting') {
      const approve = endingOf(this.runs.indexOf(run_id)) !== 'is rejected';
      const answer = await this.platform.once((http) => http.post(`${path}/steps/person/decision`, { approve }));
      if (answer?.status === 200) this.decided_at.set(run_id, Date.now());
    } else if (person && person.status !== 'pending') this.decided.add(run_id);
  }
}

async function worked(platform: DoomedPlatform, builds: number, runs: number, kills: number): Promise<Work> {
  const random = seeded(SEED);
  const flow_id = await publishedFlow(platform.http, definition());
  const work = new Work(platform, flow_id);
  const began = Date.now();
  for (let kill = 1; kill <= kills; kill++) {
    const before = work.runs.slice(-3 * PARALLEL);
    const share = (all: number): number => Math.ceil((all * kill) / kills);
    const working = work.startUpTo(share(builds), share(runs)).then(() => work.attend(before));
    await delay(100 + random() * 1_500);
    const victim = platform.victims[Math.floor(random() * platform.victims.length)] ?? 'api';
    await platform.kill(victim, random);
    await working;
    if (kills >= PROGRESS_FROM_KILLS)
      process.stdout.write(
        `${platform.engine}: kill ${kill} of ${kills} (${victim}), ${work.projects.length} builds and ${work.runs.length} flow runs, ${since(began)} s\n`,
      );
  }
  await eventually(
    async () => work.attend(work.runs).then(() => work.unattended()),
    ({ length }) => length === 0,
    ENDED_WITHIN_MS,
  );
  return work;
}

const since = (began: number): number => Math.round((Date.now() - began) / 1000);

interface Project {
  project_id: string;
  status: string;
  agents: string[];
  created_at: string;
  completed_at: string;
  error_info?: unknown;
}

/** What the recorded histories add up to. */
interface Sums {
  completed: number;
  compensated: number;
  /** Completed steps of builds and flow runs. */
  steps: number;
  /** Steps that were interrupted and begun again before they had completed; retries after an answer are not among them. */
  interrupted: number;
  compensations: number;
  /** The longest time from the acceptance of a build, or the decision on a run, to its end. */
  slowest_ms: number;
}

async function expectAllEnded(platform: DoomedPlatform, work: Work): Promise<Sums> {
  const { http } = platform;
  const sums: Sums = { completed: 0, compensated: 0, steps: 0, interrupted: 0, compensations: 0, slowest_ms: 0 };
  const limit = pLimit(PARALLEL);
  const slowest = (ms: number): void => {
    sums.slowest_ms = Math.max(sums.slowest_ms, ms);
  };
  const build = async (id: string): Promise<void> => {
    const project = await eventually(
      async () => (await http.get<Project>(`/api/v1/projects/${id}`)).data,
      ({ status }) => status === 'completed' || status === 'failed',
      ENDED_WITHIN_MS,
    );
    expect(project.error_info ?? 'no error').toBe('no error');
    expect(project).toMatchObject({ status: 'completed', progress: 100 });
    const events = await buildEvents(http, id);
    expectCleanHistory(events);
    await expectOneAgent(http, project);
    const begun = events.filter(({ event, data }) => event === 'stage' && data['status'] === 'running');
    // A stage of several steps completes with the last of them, and does not begin by itself.
    const steps = new Set(begun.map(({ data }) => `${String(data['stage_name'])}/${String(data['sub_stage_name'])}`));
    sums.steps += steps.size;
    sums.interrupted += begun.length - steps.size;
    slowest(Date.parse(project.completed_at) - Date.parse(project.created_at));
  };
  const flowRun = async (number: number, run_id: string): Promise<void> => {
    const wanted = endingOf(number) === 'completes' ? 'completed' : 'compensated';
    const run = await eventually(
      () => runOf(http, run_id),
      ({ status }) => ['completed', 'failed', 'compensated', 'cancelled', 'timed_out'].includes(status),
      ENDED_WITHIN_MS,
    );
    const failing = { completes: undefined, 'is rejected': 'person', 'fails at its end': 'end' }[endingOf(number)];
    const isExpected = run.status === wanted && run.error?.step_id === failing;
    expect([number, isExpected ? 'as expected' : [run.status, run.error]]).toEqual([number, 'as expected']);
    sums[wanted] += 1;
    const events = await readEvents(`${http.url}/api/v1/flow-runs/${run_id}/events`, { headers: http.headers });
    const { steps, interrupted, undone } = expectCleanRun(events, wanted === 'compensated');
    sums.steps += steps;
    sums.interrupted += interrupted;
    sums.compensations += undone;
    slowest(Date.parse(String(events.at(-1)?.data['at'])) - (work.decided_at.get(run_id) ?? Infinity));
  };
  await Promise.all([
    ...work.projects.map((id) => limit(() => build(id))),
    ...work.runs.map((run_id, number) => limit(() => flowRun(number, run_id))),
  ]);
  return sums;
}

/** Numbered without a gap; no step begins again after it was completed; undone once each in the reverse order of completion. */
function expectCleanRun(events: ReceivedEvent[], isUndone: boolean) {
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
  expect(events.at(-1)?.event).toBe('run.ended');
  const of = (type: string): ReceivedEvent[] => events.filter(({ event }) => event === type);
  const begun = new Set(of('step.started').map(({ data }) => data['key'])).size;
  const interrupted = of('step.started').length - begun - of('step.retrying').length;
  return { steps: completed.length, interrupted, undone: undone.length };
}

/** Each write had its effect once, under one key, and nothing was written that no run asked for. */
function expectWrites(runs: number, { completed, compensated, compensations }: Sums): number {
  const applied = service.applied.map(({ path, key }) => `${path} ${key}`);
  expect(service.requests.filter(({ key }) => key === undefined)).toEqual([]);
  expect(new Set(applied).size).toBe(applied.length);
  expect(completed + compensated).toBe(runs);
  expect(compensations).toBe(compensated * WRITES.length);
  expect(applied.length).toBe(runs * WRITES.length + completed + compensations);
  return applied.length;
}

/** What happened, printed as a table at the end: a column for each test. */
const table = new Map<string, (string | number)[]>();
afterAll(() => {
  for (const [name, values] of table) process.stdout.write(`| ${[name, ...values].join(' | ')} |\n`);
});

function report(columns: Record<string, string | number>): void {
  for (const [name, value] of Object.entries(columns)) table.set(name, [...(table.get(name) ?? []), value]);
}

async function survived(
  what: string,
  platform: DoomedPlatform,
  [builds, runs, kills]: [number, number, number],
): Promise<void> {
  service.applied.length = 0;
  service.requests.length = 0;
  const began = Date.now();
  try {
    const work = await worked(platform, builds, runs, kills);
    const sums = await expectAllEnded(platform, work);
    const applied = expectWrites(runs, sums);
    const counted = { total_builds: builds, successful_builds: builds, failed_builds: 0 };
    await eventually(
      async () => (await platform.http.get('/api/v1/statistics/overview')).data,
      (overview) => Object.entries(counted).every(([name, value]) => overview[name] === value),
    );
    const recount = await platform.end();
    expect(recount).toBe('0 differences found\n');
    report({
      [`${platform.engine} engine`]: what,
      seed: SEED,
      'builds completed': builds,
      'flow runs completed / compensated': `${sums.completed} / ${sums.compensated}`,
      ...Object.fromEntries(Object.entries(platform.kills).map(([victim, count]) => [`kills: ${victim}`, count])),
      'steps completed': sums.steps,
      'steps interrupted and begun again': sums.interrupted,
      'completed steps run again': 0,
      'writes sent / applied': `${service.requests.length} / ${applied}`,
      'writes applied twice': 0,
      'compensations, all in order': sums.compensations,
      'differences of the recount': Number.parseInt(recount, 10),
      'slowest end, seconds': platform.hasTrueClock ? (sums.slowest_ms / 1000).toFixed(1) : 'not measured',
      'whole test, seconds': since(began),
    });
  } finally {
    await platform.abandon();
  }
}

it(
  `builds and flow runs survive kills of the API, a worker, the database and what is between them (seed ${SEED})`,
  async () => survived('API, worker and database apart', await DoomedPlatform.apart(), [BUILDS, RUNS, KILLS]),
  3_600_000,
);

it(`builds and flow runs survive a clock that jumps while the platform is killed (seed ${SEED})`, async () => {
  const clock = pathToFileURL(join(import.meta.dirname, '../support/jumping-clock.mjs')).href;
  const jumps = { NODE_OPTIONS: `--import=${clock}`, CLOCK_JUMP_SECONDS: '40' };
  await survived('one process, a clock that jumps', await DoomedPlatform.together(jumps), [2, 9, 6]);
}, 3_600_000);
