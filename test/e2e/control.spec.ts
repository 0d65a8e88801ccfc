import { startApp, type TestApp } from '../support/app.js';
import { eventually } from '../support/http.js';

const REQUIREMENT = 'An assistant that converts units of length and weight for engineers and explains each step.';

interface ProjectBody extends Record<string, unknown> {
  project_id: string;
  status: string;
  progress: number;
  attempt: number;
}

let app: TestApp;
beforeAll(async () => {
  app = await startApp({ BUILD_STAGE_PAUSE_MS: '60', BUILD_SLOTS: '2' });
});
afterAll(() => app.close());

const create = async (): Promise<string> =>
  (await app.http.post<ProjectBody>('/api/v1/projects', { requirement: REQUIREMENT })).data.project_id;
const read = async (id: string): Promise<ProjectBody> =>
  (await app.http.get<ProjectBody>(`/api/v1/projects/${id}`)).data;
const control = (id: string, action: string, more: Record<string, unknown> = {}) =>
  app.http.put<ProjectBody>(`/api/v1/projects/${id}/control`, { action, ...more });
const until = (id: string, ...statuses: string[]) =>
  eventually(
    () => read(id),
    ({ status }) => statuses.includes(status),
  );

describe('controlling a build', () => {
  it('pauses at the end of the running step and goes on where it stopped', async () => {
    const id = await create();
    await eventually(
      () => read(id),
      ({ progress }) => progress > 10,
    );
    const paused = await control(id, 'pause', { reason: 'lunch' });
    expect(paused).toMatchObject({ status: 200, data: { status: 'pausing', reason: 'lunch' } });
    const { progress } = await until(id, 'paused');
    expect((await read(id)).progress).toBe(progress);
    const refused = await control(id, 'pause');
    expect(refused).toMatchObject({
      status: 400,
      error: { code: 'INVALID_STATE', details: { current_state: 'paused', legal_actions: ['resume', 'stop'] } },
    });
    expect((await control(id, 'resume')).data.status).toMatch(/building|pending/);
    expect(await until(id, 'completed')).toMatchObject({ progress: 100, attempt: 1 });
  });

  it('stops, keeps completed stages on restart, and runs them again from scratch when asked to', async () => {
    const id = await create();
    await eventually(
      () => read(id),
      ({ progress }) => progress >= 15,
    );
    expect((await control(id, 'stop', { reason: 'wrong text' })).data.status).toBe('failed');
    const stopped = await read(id);
    expect(stopped).toMatchObject({
      status: 'failed',
      error_info: { code: 'STOPPED', message: 'Stopped by request: wrong text' },
    });
    const firstStage = async (): Promise<unknown> =>
      (await app.http.get<{ started_at: string }>(`/api/v1/projects/${id}/stages/orchestrator`)).data.started_at;
    const startedFirst = await firstStage();
    expect((await control(id, 'restart')).data).toMatchObject({ attempt: 2 });
    expect((await read(id)).progress).toBeGreaterThanOrEqual(15);
    await until(id, 'completed');
    expect(await firstStage()).toBe(startedFirst);
    expect((await control(id, 'restart', { from_scratch: true })).data).toMatchObject({ attempt: 3 });
    await until(id, 'completed');
    expect(await firstStage()).not.toBe(startedFirst);
    const { data } = await app.http.get<{ versions: unknown[] }>(
      `/api/v1/agents/${String((await read(id))['agents'])}/versions`,
    );
    expect(data.versions).toHaveLength(2);
  });

  it('lets exactly one of two equal controls at the same instant win', async () => {
    const id = await create();
    await until(id, 'building');
    const answers = await Promise.all([control(id, 'stop'), control(id, 'stop'), control(id, 'stop')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400]);
    const restarts = await Promise.all([control(id, 'restart'), control(id, 'restart')]);
    expect(restarts.map(({ status }) => status).sort()).toEqual([200, 400]);
    await until(id, 'completed');
  });

  it('makes builds wait as pending when all slots are taken, and pauses a waiting one at once', async () => {
    const ids = [await create(), await create(), await create(), await create()];
    const waiting = ids.at(-1) ?? '';
    expect((await read(waiting)).status).toBe('pending');
    expect((await control(waiting, 'pause')).data.status).toBe('paused');
    await Promise.all(ids.slice(0, 3).map((id) => until(id, 'completed')));
    expect((await read(waiting)).status).toBe('paused');
    await control(waiting, 'resume');
    await until(waiting, 'completed');
  });

  it('refuses unknown actions and fields by name', async () => {
    const id = await create();
    const { status, error } = await control(id, 'halt', { why: 1, reason: 'x'.repeat(501) });
    expect({ status, fields: Object.keys(error.details.fields ?? {}).sort() }).toEqual({
      status: 400,
      fields: ['action', 'reason', 'why'],
    });
    await until(id, 'completed');
  });
});
