import { setTimeout as delay } from 'node:timers/promises';
import { buildEvents, expectCleanHistory, expectOneAgent } from '../support/build-history.js';
import { temporaryDirectory } from '../support/database.js';
import { eventually, type HttpClient } from '../support/http.js';
import { PlatformProcess, recountStatistics } from '../support/platform-process.js';
import { faultSeed, seeded } from '../support/seeded.js';

const BUILDS = 12;
const KILLS = 6;
const SEED = faultSeed();

interface ProjectBody {
  project_id: string;
  status: string;
  agents: string[];
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

describe(`a process that is killed again and again (seed ${SEED})`, () => {
  it('finishes every build, runs no completed stage twice, makes one agent each and counts exactly', async () => {
    const next = seeded(SEED);
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
        await delay(50 + next() * 1_800);
        if (kill === KILLS - 1)
          await eventually(
            async () => acknowledged.length,
            (count) => count > 0,
          );
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
        );
        expect(project).toMatchObject({ status: 'completed', progress: 100 });
        expectCleanHistory(await buildEvents(http, id));
        await expectOneAgent(http, project);
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
  });

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
      );
      expectCleanHistory(await buildEvents(platform.http, data.project_id));
    } finally {
      await platform.kill('SIGKILL');
    }
  });
});
