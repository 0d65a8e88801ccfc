import { startApp, type TestApp } from '../support/app.js';
import { type BuiltAgent, builtAgent } from '../support/built-agent.js';
import { eventually } from '../support/http.js';
import { readEvents } from '../support/sse.js';

const REQUIREMENT = 'An assistant that converts units of length and weight for engineers.';
const MEGABYTE = 1024 * 1024;

let app: TestApp;
let agent: BuiltAgent;

beforeAll(async () => {
  app = await startApp({ BUILD_STAGE_PAUSE_MS: '60' });
  agent = await builtAgent(app.http);
});
afterAll(() => app.close());

const open = async (): Promise<string> =>
  (await app.http.post<{ session_id: string }>(`${agent.path}/sessions`, {})).data.session_id;

describe('an older build route', () => {
  it('creates a project and tells of it as a task', async () => {
    const { status, data } = await app.http.post<{ task_id: string; project_id: string }>('/api/v1/agents/create', {
      requirement: REQUIREMENT,
      user_id: 'ada',
    });
    expect(status).toBe(200);
    expect(data).toMatchObject({ task_id: data.project_id, status: 'building' });
    const task = async (path: string) => (await app.http.get(`/api/v1/${path}`)).data;
    const done = await eventually(
      () => task(`tasks/${data.task_id}`),
      (one) => one['status'] === 'success',
    );
    expect(done).toMatchObject({
      task_id: data.task_id,
      result: { project_id: data.project_id, project_status: 'completed', progress_percentage: 100 },
      error: null,
      date_done: expect.any(String) as unknown,
    });
    expect(await task(`agents/${data.task_id}/status`)).toEqual(done);
    expect((await app.http.get(`/api/v1/projects/${data.project_id}`)).data).toMatchObject({ user_id: 'ada' });
    expect(await task(`agents/${data.project_id}/stages`)).toMatchObject({
      project_id: data.project_id,
      total_stages: 6,
      completed_stages: 6,
      overall_progress: 100,
      stages: Array.from({ length: 6 }, (_, index) => ({ order: index + 1, status: 'completed' })),
    });
  });

  it('refuses what its successor refuses', async () => {
    const { status, error } = await app.http.post('/api/v1/agents/create', { requirement: 'short', colour: 'red' });
    expect([status, Object.keys(error.details.fields ?? {}).sort()]).toEqual([400, ['colour', 'requirement']]);
  });

  it('pauses, resumes, stops and restarts a build', async () => {
    const { data } = await app.http.post<{ project_id: string }>('/api/v1/agents/create', { requirement: REQUIREMENT });
    const { project_id } = data;
    const control = (action: string, body: Record<string, unknown> = {}) =>
      app.http.post(`/api/v1/agents/${project_id}/${action}`, body);
    const until = (status: string) =>
      eventually(
        async () => (await app.http.get<{ status: string }>(`/api/v1/projects/${project_id}`)).data,
        (project) => project.status === status,
      );
    expect((await control('pause', { action: 'pause', reason: 'lunch' })).data).toMatchObject({
      project_id,
      action: 'pause',
      reason: 'lunch',
    });
    await until('paused');
    expect(await control('pause')).toMatchObject({ status: 400, error: { code: 'INVALID_STATE' } });
    expect((await control('resume')).status).toBe(200);
    expect((await control('stop')).data).toMatchObject({ status: 'failed' });
    expect((await app.http.get(`/api/v1/tasks/${project_id}`)).data).toMatchObject({ status: 'failure' });
    expect((await control('restart')).data).toMatchObject({ attempt: 2 });
    await until('completed');
  });

  it('controls also without a body', async () => {
    const { data } = await app.http.post<{ project_id: string }>('/api/v1/agents/create', { requirement: REQUIREMENT });
    expect((await app.http.post(`/api/v1/agents/${data.project_id}/stop`)).status).toBe(200);
  });

  it('answers 404 for a project of another organisation or of none', async () => {
    const rival = app.http.as('rival');
    for (const id of [agent.project_id, 'proj_none']) {
      for (const path of [`agents/${id}/status`, `tasks/${id}`, `agents/${id}/stages`])
        expect((await rival.get(`/api/v1/${path}`)).status).toBe(404);
      for (const action of ['pause', 'resume', 'stop', 'restart'])
        expect((await rival.post(`/api/v1/agents/${id}/${action}`, {})).status).toBe(404);
    }
  });
});

describe('an older agent route', () => {
  it('tells what an agent is made of', async () => {
    const { data: today } = await app.http.get(agent.path);
    expect((await app.http.get(`${agent.path}/context`)).data).toMatchObject({
      agent_id: agent.agent_id,
      display_name: today['agent_name'],
      description: today['description'],
      tags: today['tags'],
      runtime_model_id: 'nexus/offline',
      agentcore_runtime_arn: null,
    });
  });

  it('tells whether it can run', async () => {
    expect((await app.http.get(`${agent.path}/runtime/health`)).data).toMatchObject({
      agent_id: agent.agent_id,
      status: 'running',
      runtime_type: 'local',
      has_agentcore_arn: false,
      is_ready: true,
    });
  });

  it('lists messages as its successor does', async () => {
    const session_id = await open();
    await app.http.post(`/api/v1/sessions/${session_id}/messages`, { content: 'What is 4 * 4?' });
    const older = await app.http.get(`${agent.path}/sessions/${session_id}/messages`);
    const { data } = await app.http.get(`/api/v1/sessions/${session_id}/messages`);
    expect(older.data).toEqual(data);
  });

  it('streams the answer to a message', async () => {
    const session_id = await open();
    const events = await readEvents(`${app.url}${agent.path}/sessions/${session_id}/stream`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"message":"What is 1234 * 56?"}',
    });
    expect(events[0]?.event).toBe('start');
    expect(events.at(-1)).toMatchObject({ event: 'done', data: { role: 'assistant', session_id } });
    expect(String(events.at(-1)?.data['content'])).toContain('69,104');
    expect((await app.http.get(`/api/v1/sessions/${session_id}`)).data).toMatchObject({ message_count: 2 });
    expect((await app.http.post(`${agent.path}/sessions/${session_id}/stream`, { message: '' })).status).toBe(400);
  });

  it('answers 404 for another organisation, and for a session of another agent', async () => {
    const other = await builtAgent(app.http, REQUIREMENT);
    const session_id = await open();
    const paths = [`${other.path}/sessions/${session_id}`, `${agent.path}/sessions/sess_none`];
    for (const path of paths) {
      expect((await app.http.get(`${path}/messages`)).status).toBe(404);
      expect((await app.http.post(`${path}/stream`, { message: 'hi' })).status).toBe(404);
      expect((await upload(path, [['a.txt', 'text']])).status).toBe(404);
    }
    for (const path of ['context', 'runtime/health', `sessions/${session_id}/messages`])
      expect((await app.http.as('rival').get(`${agent.path}/${path}`)).status).toBe(404);
  });
});

async function upload(
  session: string,
  files: [name: string, content: string | Uint8Array<ArrayBuffer>][],
  field = 'files',
) {
  const form = new FormData();
  for (const [name, content] of files) form.append(field, new Blob([content], { type: 'text/plain' }), name);
  const response = await fetch(`${app.url}${session}/upload`, {
    method: 'POST',
    headers: app.http.headers,
    body: form,
  });
  const body = (await response.json()) as {
    data: Record<string, unknown>;
    error: { code: string; details: { fields?: Record<string, string[]> } };
  };
  return { status: response.status, ...body };
}

describe('an upload', () => {
  const session = async (): Promise<string> => `${agent.path}/sessions/${await open()}`;
  const ask = async (path: string, message: string): Promise<string> => {
    const id = path.split('/').at(-1) ?? '';
    const { data } = await app.http.post<{ content: string }>(`/api/v1/sessions/${id}/messages`, { content: message });
    return data.content;
  };

  it('is what the agent knows for the rest of that session, and of no other', async () => {
    const path = await session();
    const text = 'The Zephyr heater model costs 349 euros. It comes with a warranty of seven years.';
    const { status, data } = await upload(path, [['Preisliste Öfen.txt', text]]);
    expect(status).toBe(200);
    expect(data).toMatchObject({
      count: 1,
      session_id: path.split('/').at(-1),
      files: [{ filename: 'Preisliste Öfen.txt', size: text.length, content_type: 'text/plain' }],
    });
    expect(await ask(path, 'How much does the Zephyr heater cost?')).toContain('349');
    await upload(path, [['more.md', 'The Boreas heater costs 512 euros.']]);
    expect(await ask(path, 'How much does the Boreas heater cost?')).toContain('512');
    expect(await ask(await session(), 'How much does the Zephyr heater cost?')).not.toContain('349');
  });

  it('takes 5 files of 10 MB, and not one file or byte more', async () => {
    const path = await session();
    const five: [string, string][] = Array.from({ length: 5 }, (_, index) => [`${index}.txt`, `text ${index}`]);
    expect((await upload(path, five)).data).toMatchObject({ count: 5 });
    const six = await upload(path, [...five, ['5.txt', 'text']]);
    expect([six.status, six.error.code]).toEqual([400, 'VALIDATION_ERROR']);
    const large = new Uint8Array(10 * MEGABYTE).fill(97);
    expect((await upload(path, [['large.txt', large]])).status).toBe(200);
    const larger = await upload(path, [['larger.txt', new Uint8Array(10 * MEGABYTE + 1).fill(97)]]);
    expect([larger.status, larger.error.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
  });

  it('refuses what is not text, nothing at all, and another field', async () => {
    const path = await session();
    const binary = await upload(path, [
      ['fine.txt', 'fine'],
      ['image.png', new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0, 0xff])],
    ]);
    expect([binary.status, Object.keys(binary.error.details.fields ?? {})]).toEqual([400, ['files']]);
    for (const refused of [await upload(path, []), await upload(path, [['a.txt', 'a']], 'documents')])
      expect([refused.status, refused.error.code]).toEqual([400, 'VALIDATION_ERROR']);
    const json = await app.http.post(`${path}/upload`, { files: [] });
    expect([json.status, json.error.code]).toEqual([400, 'VALIDATION_ERROR']);
  });
});
