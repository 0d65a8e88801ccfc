import fc from 'fast-check';
import { Settings } from '../../src/platform/config/settings.js';
import { StatisticsAggregator } from '../../src/statistics/statistics-aggregator.js';
import { StatisticsRecount } from '../../src/statistics/statistics-recount.js';
import { startApp, type TestApp } from '../support/app.js';
import { eventually, type HttpClient } from '../support/http.js';
import { leftovers } from '../support/leftovers.js';
import { registeredAgent } from '../support/registered-agent.js';
import { histories, Workload } from '../support/workload.js';

const BUILD = { requirement: 'A calculator assistant that works out totals.' };
const CONTROLS = ['pause', 'resume', 'stop', 'restart'] as const;

let app: TestApp;
let organisations = 0;

beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

/** A project whose build runs, with an agent of its own besides the one that the build makes. */
async function projectWithAgent(org_id: string): Promise<{ http: HttpClient; project_id: string; agent: string }> {
  const http = app.http.as(org_id);
  const { project_id } = (await http.post<{ project_id: string }>('/api/v1/projects', BUILD)).data;
  const { path } = await registeredAgent(app, { org_id, project_id, agent_name: 'obedient' });
  return { http, project_id, agent: path };
}

/** Counters keep what was: statistics of the past stay. */
async function withoutCounters(ids: string[]): Promise<Record<string, unknown[]>> {
  const settings = app.app.get(Settings, { strict: false });
  const endpoint = settings.get('DYNAMODB_ENDPOINT') ?? '';
  const { PlatformStatistics: _counters, ...records } = await leftovers(
    endpoint,
    settings.get('NEXUS_TABLE_PREFIX'),
    ids,
  );
  return records;
}

async function expectExactCounters(): Promise<void> {
  await app.app.get(StatisticsAggregator, { strict: false }).catchUp();
  expect(await app.app.get(StatisticsRecount, { strict: false }).differences()).toEqual([]);
}

async function builtOrStopped(http: HttpClient, project_id: string): Promise<void> {
  await eventually(
    async () => (await http.get<{ status: string }>(`/api/v1/projects/${project_id}`)).data.status,
    (status) => ['completed', 'failed', 'paused'].includes(status),
  );
}

it('deleting a project leaves no record of it in any table, whatever was done with its agents', async () => {
  await fc.assert(
    fc.asyncProperty(histories(20), fc.boolean(), async (moves, waits) => {
      const { http, project_id, agent } = await projectWithAgent(`cascade-${organisations++}`);
      const workload = new Workload(http, [agent]);
      for (const move of moves) await workload.make(move);
      if (waits) await builtOrStopped(http, project_id);
      const { status, data } = await http.delete<{ deleted: Record<string, number> }>(`/api/v1/projects/${project_id}`);
      expect(status).toBe(200);
      expect(data.deleted).toMatchObject({ invocations: workload.runs, sessions: workload.sessions.length });
      expect(await withoutCounters([project_id, ...workload.made])).toEqual({});
    }),
    { numRuns: 10 },
  );
  await expectExactCounters();
});

it('counters equal a recount after any workload, with deletions and controls in between', async () => {
  const control = fc.record({ control: fc.constantFrom(...CONTROLS), after: fc.nat(10) });
  await fc.assert(
    fc.asyncProperty(
      histories(15),
      fc.array(control, { maxLength: 4 }),
      fc.boolean(),
      async (moves, controls, deletes) => {
        const { http, project_id, agent } = await projectWithAgent(`counted-${organisations++}`);
        const workload = new Workload(http, [agent]);
        for (const [index, move] of moves.entries()) {
          await workload.make(move);
          for (const { control: action } of controls.filter(({ after }) => after === index))
            expect([200, 400]).toContain((await http.put(`/api/v1/projects/${project_id}/control`, { action })).status);
        }
        if (deletes) expect((await http.delete(agent)).status).toBe(200);
        await builtOrStopped(http, project_id);
        await expectExactCounters();
      },
    ),
    { numRuns: 12 },
  );
});
