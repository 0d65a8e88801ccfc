import { DynamoDb } from '../../src/platform/database/client/dynamodb.js';
import type { Project } from '../../src/projects/project.js';
import { startApp, type TestApp } from '../support/app.js';
import { startDatabase } from '../support/database.js';
import { eventually } from '../support/http.js';

/** When no process of version 1.0.0 holds the lease any more, and when one does. */
const EXPIRED = '2026-01-01T00:00:00.000Z';
const LIVE = '2999-01-01T00:00:00.000Z';

let database: Awaited<ReturnType<typeof startDatabase>>;
let shared: Record<string, string>;
let before: TestApp;
let after: TestApp;

beforeAll(async () => {
  database = await startDatabase();
  shared = { DYNAMODB_ENDPOINT: database.endpoint, NEXUS_TABLE_PREFIX: 'earlier-' };
  before = await startApp({ ...shared, BUILD_SLOTS: '0' });
});
afterAll(async () => {
  await after.close();
  await before.close();
  await database.stop();
});

/** A project whose build stands in the queue as version 1.0.0 stored it. */
async function earlierBuild(status: Project['status'], place: Record<string, unknown>): Promise<string> {
  const requirement = 'A calculator assistant that works out totals.';
  const { project_id } = (await before.http.post<{ project_id: string }>('/api/v1/projects', { requirement })).data;
  const db = before.app.get(DynamoDb, { strict: false });
  const project = await db.get<Project>('AgentProjects', { project_id, item: 'PROJECT' });
  if (!project) throw new Error('the project is not stored');
  const { build_id, org_id, created_at } = project;
  await db.delete({ TableName: 'DurableRuns', Key: { run_id: build_id } });
  const Item = { build_id, project_id, org_id, queue_order: `6#${created_at}`, created_at, ...place };
  await db.put({ TableName: 'AgentBuilds', Item });
  await db.put({ TableName: 'AgentProjects', Item: { ...project, status } });
  return project_id;
}

const running = (lease_expires_at: string) => ({
  status: 'running',
  queue: 'RUNNING',
  lease_owner: 'lease_of_1.0.0',
  lease_expires_at,
  started_at: EXPIRED,
});
const read = async (id: string) =>
  (await after.http.get<{ status: string; progress: number }>(`/api/v1/projects/${id}`)).data;
const until = (id: string, wanted: string) =>
  eventually(
    () => read(id),
    ({ status }) => status === wanted,
  );

describe('builds that version 1.0.0 has left', () => {
  it('go on after the upgrade: waiting, abandoned and paused ones at once, one with a live lease when it expires', async () => {
    const waiting = await earlierBuild('pending', { status: 'queued', queue: 'QUEUED' });
    const abandoned = await earlierBuild('building', running(EXPIRED));
    const held = await earlierBuild('building', running(LIVE));
    const paused = await earlierBuild('paused', { status: 'paused' });
    after = await startApp({ ...shared, ENGINE_REAPER_SECONDS: '1' });
    await Promise.all([until(waiting, 'completed'), until(abandoned, 'completed')]);
    expect(await read(held)).toMatchObject({ status: 'building', progress: 0 });
    await after.http.put(`/api/v1/projects/${paused}/control`, { action: 'resume' });
    await until(paused, 'completed');
    const db = after.app.get(DynamoDb, { strict: false });
    const { build_id } = (await db.get<Project>('AgentProjects', { project_id: held, item: 'PROJECT' })) as Project;
    await db.update({
      TableName: 'AgentBuilds',
      Key: { build_id },
      UpdateExpression: 'SET lease_expires_at = :expired',
      ExpressionAttributeValues: { ':expired': EXPIRED },
    });
    await until(held, 'completed');
    expect(await db.get('AgentBuilds', { build_id })).toMatchObject({ status: 'completed' });
    expect(await db.get('AgentBuilds', { build_id })).not.toHaveProperty('queue');
    const { data } = await after.http.get<{ total_builds: number }>('/api/v1/statistics/overview');
    expect(data).toMatchObject({ total_builds: 4, successful_builds: 4 });
  });
});
