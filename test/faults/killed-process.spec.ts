import { setTimeout as delay } from 'node:timers/promises';
import { temporaryDirectory } from '../support/database.js';
import { eventually, type HttpClient } from '../support/http.js';
import { PlatformProcess, recountStatistics } from '../support/platform-process.js';
import { readEvents, type ReceivedEvent } from '../support/sse.js';

const BUILDS = 12;
const KILLS = 6;
const SEED = Number(process.env['FAULT_SEED'] ?? Date.now() % 100_000);

interface ProjectBody {
  project_id: string;
  status: string;
  agents: string[];
}

/** A small seeded generator, so that a failing run can be repeated by its seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

const readProject = async (http: HttpClient, id: string) =>
  (await http.get<ProjectBody>(`/api/v1/projects/${id}`)).data;

/** Asks agents until the process is killed; remembers what was acknowledged. */
async function invokeWhileAlive(http: HttpClient, acknowledged: string[], isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    try {
      const { data } = await http.get<{ agents: { agent_id: string }[] }>('/api/v1/agents?limit=5');
      for (const { agent_id } of data.agents) {
        const path = `/api/v1/agents/${encodeURIComponent(agent_id)}/invoke`;
        const answer = await http.post<{ invocation_id: string }>(path, { input_text: 'What is 6 * 7?' });
        if (answer.status === 200) acknowledged.push(answer.data.invocation_id);
      }
    } catch {
      // The process was killed in the middle of a request.
    }
    await delay(5);
  }
}

function expectCleanHistory(events: ReceivedEvent[]): void {
  expect(events.map(({ id }) => Number(id))).toEqual(events.map((_, index) => index + 1));
  const completed = new Set<string>();
  for (const { event, data } of events) {
    if (event !== 'stage') continue;
    const step = `${String(data['stage_name'])}/${String(data['sub_stage_name'])}`;
    if (data['status'] === 'running') expect(completed).not.toContain(step);
    if (data['status'] === 'completed') {
      expect(completed).not.toContain(step);
      completed.add(step);
    }
  }
  expect(completed.size).toBe(9);
  const progress = events.filter(({ event }) => event === 'progress').map(({ data }) => Number(data['progress']));
  expect(progress).toEqual([...progress].sort((a, b) => a - b));
  expect(progress.at(-1)).toBe(100);
  expect(events.at(-1)?.event).toBe('done');
}

describe(`a process that is killed again and again (seed ${SEED})`, () => {
  it('finishes every build, runs no completed stage twice, makes one agent each and counts exactly', async () => {
    const next = random(SEED);
    const environment = { NEXUS_DATA_DIR: temporaryDirectory(), BUILD_STAGE_PAUSE_MS: '40', BUILD_SLOTS: '3' };
    const projects: string[] = [];
    const acknowledged: string[] = [];
    let platform = await PlatformProcess.start(environment);
    try {
      for (let kill = 0; kill < KILLS; kill++) {
        let isOver = false;
        const { http } = platform;
        for (let build = 0; build < BUILDS / KILLS; build++) {
          const requirement = `A calculator assistant number ${projects.length} that works out totals and percentages.`;
          projects.push((await http.post<ProjectBody>('/api/v1/projects', { requirement })).data.project_id);
        }
        const invoking = invokeWhileAlive(http, acknowledged, () => isOver);
        await delay(50 + next() * 900);
        isOver = true;
        await platform.kill('SIGKILL');
        await invoking;
        platform = await PlatformProcess.start(environment);
      }
      const { http } = platform;
      for (const id of projects) {
        const project = await eventually(
          () => readProject(http, id),
          ({ status }) => status === 'completed' || status === 'failed',
          45_000,
        );
        expect(project).toMatchObject({ status: 'completed', progress: 100 });
        expectCleanHistory(await readEvents(`${http.url}/api/v1/projects/${id}/events`));
        const { data } = await http.get<{ agents: { agent_id: string; version: string }[] }>(
          `/api/v1/agents?project_id=${id}`,
        );
        expect(data.agents.map(({ agent_id, version }) => ({ agent_id, version }))).toEqual([
          { agent_id: project.agents[0], version: 'v1.0.0' },
        ]);
      }
      expect(acknowledged.length).toBeGreaterThan(0);
      for (const id of acknowledged) expect((await http.get(`/api/v1/invocations/${id}`)).status).toBe(200);
      const { data: overview } = await http.get('/api/v1/statistics/overview');
      expect(overview).toMatchObject({
        total_builds: BUILDS,
        successful_builds: BUILDS,
        failed_builds: 0,
        running_agents: BUILDS,
      });
      expect(Number(overview['today_calls'])).toBeGreaterThanOrEqual(acknowledged.length);
    } finally {
      await platform.kill('SIGKILL');
    }
    expect(recountStatistics(environment)).toEqual({ status: 0, output: '0 differences found\n' });
  }, 180_000);

  it('stops on SIGTERM within seconds with code 0 and goes on where it was', async () => {
    const environment = { NEXUS_DATA_DIR: temporaryDirectory(), BUILD_STAGE_PAUSE_MS: '150' };
    let platform = await PlatformProcess.start(environment);
    try {
      const { data } = await platform.http.post<ProjectBody>('/api/v1/projects', {
        requirement: 'An assistant that converts units of length.',
      });
      await eventually(
        async () => (await platform.http.get(`/api/v1/projects/${data.project_id}`)).data,
        ({ progress }) => Number(progress) > 5,
      );
      expect(await platform.kill('SIGTERM')).toBe(0);
      platform = await PlatformProcess.start(environment);
      await eventually(
        () => readProject(platform.http, data.project_id),
        ({ status }) => status === 'completed',
        30_000,
      );
      expectCleanHistory(await readEvents(`${platform.http.url}/api/v1/projects/${data.project_id}/events`));
    } finally {
      await platform.kill('SIGKILL');
    }
  }, 60_000);
});
