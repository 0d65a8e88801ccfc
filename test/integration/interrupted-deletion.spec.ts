import { AgentDeletionService } from '../../src/agents/agent-deletion.service.js';
import { InvocationRecords } from '../../src/invocations/invocation-records.js';
import { Settings } from '../../src/platform/config/settings.js';
import { DynamoDb } from '../../src/platform/database/client/dynamodb.js';
import { ProjectDeletionService } from '../../src/projects/project-deletion.service.js';
import { SessionDeletionService } from '../../src/sessions/sessions.service.js';
import { StatisticsAggregator } from '../../src/statistics/statistics-aggregator.js';
import { StatisticsRecount } from '../../src/statistics/statistics-recount.js';
import { startApp, type TestApp } from '../support/app.js';
import { eventually } from '../support/http.js';
import { leftovers } from '../support/leftovers.js';
import { MortalWrites } from '../support/mortal-writes.js';
import { registeredAgent } from '../support/registered-agent.js';
import { Workload } from '../support/workload.js';

const ORG = 'doomed';
/** More than a deletion of this little project writes. */
const WRITES_LIMIT = 40;

let app: TestApp;
let mortal: MortalWrites;

beforeAll(async () => {
  app = await startApp({ BUILD_SLOTS: '0' });
  // The runs of the little projects are over when their deletion begins.
  app.app.get(InvocationRecords, { strict: false }).last_writes_ms = 0;
  mortal = new MortalWrites(app.app.get(DynamoDb, { strict: false }));
});
afterAll(() => app.close());

/** A project with one of everything. @returns its id and the ids of what is under it */
async function littleProject(): Promise<{ project_id: string; ids: string[] }> {
  const http = app.http.as(ORG);
  const requirement = 'A calculator assistant that works out totals.';
  const { project_id } = (await http.post<{ project_id: string }>('/api/v1/projects', { requirement })).data;
  const { path } = await registeredAgent(app, { org_id: ORG, project_id });
  const workload = new Workload(http, [path]);
  for (const kind of ['open', 'say', 'ask'] as const) await workload.make({ kind, which: 0, text: 'What is 2 * 3?' });
  await app.app.get(StatisticsAggregator, { strict: false }).catchUp();
  return { project_id, ids: [project_id, ...workload.made] };
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

/** What a deletion removes last. */
const itemsOf = (project_id: string) => ({
  TableName: 'AgentProjects',
  KeyConditionExpression: 'project_id = :id',
  ExpressionAttributeValues: { ':id': project_id },
  ConsistentRead: true,
});

/** What the next start does. */
function startAgain(): void {
  mortal.revive();
  for (const service of [ProjectDeletionService, AgentDeletionService, SessionDeletionService])
    app.app.get<{ onApplicationBootstrap(): void }>(service, { strict: false }).onApplicationBootstrap();
}

it('a deletion that dies before any of its writes is finished by the next start and leaves nothing', async () => {
  const deletion = app.app.get(ProjectDeletionService, { strict: false });
  let writes = 1;
  for (let isFinished = false; !isFinished; writes++) {
    const { project_id, ids } = await littleProject();
    mortal.dieAfter(writes);
    isFinished = await deletion.delete(ORG, project_id).then(
      () => !mortal.isDead,
      () => false,
    );
    expect((await app.http.as(ORG).get(`/api/v1/projects/${project_id}`)).status).toBe(404);
    startAgain();
    // A look at these costs a fraction of a look at every table.
    await eventually(
      () => app.app.get(DynamoDb, { strict: false }).query(itemsOf(project_id)),
      ({ items }) => items.length === 0,
    );
    await eventually(
      () => withoutCounters(ids),
      (found) => Object.keys(found).length === 0,
    );
    expect(writes).toBeLessThan(WRITES_LIMIT);
  }
  // Mark, agent, session, invocations, build and items of the project are written apart from each other.
  expect(writes).toBeGreaterThan(8);
  await app.app.get(StatisticsAggregator, { strict: false }).catchUp();
  expect(await app.app.get(StatisticsRecount, { strict: false }).differences()).toEqual([]);
});
