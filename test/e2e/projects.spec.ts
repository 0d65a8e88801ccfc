import { startApp, type TestApp } from '../support/app.js';
import { eventually, type HttpClient } from '../support/http.js';
import { readEvents } from '../support/sse.js';

const REQUIREMENT =
  'A calculator assistant for our shop that works out discounts, totals and percentages for customers.';

interface ProjectBody extends Record<string, unknown> {
  project_id: string;
  status: string;
  progress: number;
  agents: string[];
}

let app: TestApp;
let http: HttpClient;

beforeAll(async () => {
  app = await startApp();
  ({ http } = app);
});
afterAll(() => app.close());

const create = async (client: HttpClient = http, body: Record<string, unknown> = {}): Promise<ProjectBody> => {
  const { status, data } = await client.post<ProjectBody>('/api/v1/projects', { requirement: REQUIREMENT, ...body });
  expect(status).toBe(201);
  return data;
};
const built = (client: HttpClient, id: string) =>
  eventually(
    async () => (await client.get<ProjectBody>(`/api/v1/projects/${id}`)).data,
    ({ status }) => status === 'completed' || status === 'failed',
  );

const events = (path: string, headers: Record<string, string> = {}) => readEvents(app.url + path, { headers });

describe('a project that the offline model cannot prove', () => {
  const requirement = 'An agent that triages bug reports by severity.';

  it('fails after the second stage and names the requirement and what would help', async () => {
    const project = await built(http, (await create(http, { requirement })).project_id);
    expect(project).toMatchObject({
      status: 'failed',
      agents: [],
      error_info: {
        code: 'REQUIREMENT_NOT_PROVEN',
        stage: 'requirements_analysis',
        message:
          'The acceptance examples prove none of the functional requirements: R-1 (Triage bug reports by severity)',
        suggestion: expect.stringContaining('accept_unproven: true') as string,
        details: {
          requirements: [{ id: 'R-1', kind: 'functional', status: 'unproven', examples: [] }],
          would_help: [expect.stringContaining('A language model') as string],
        },
      },
    });
    const { status } = await http.get(`/api/v1/projects/${project.project_id}/artifacts/requirements.json`);
    expect(status).toBe(200);
  });

  it('is built when the project accepts that, and warns', async () => {
    const created = await create(http, { requirement, accept_unproven: true });
    expect(await built(http, created.project_id)).toMatchObject({
      status: 'completed',
      accept_unproven: true,
      coverage: { proven: 0, unproven: 1, total: 1, share: 0, warning: expect.stringContaining('R-1') as string },
    });
  });

  it('fails with a question when its text states no task', async () => {
    const { project_id } = await create(http, { requirement: 'help me with my stuff please', accept_unproven: true });
    expect(await built(http, project_id)).toMatchObject({
      status: 'failed',
      error_info: {
        code: 'REQUIREMENT_UNCLEAR',
        stage: 'requirements_analysis',
        details: { question: expect.stringMatching(/^What should the agent do/) as string },
      },
    });
  });
});

describe('a project', () => {
  it('goes through six stages to a running agent', async () => {
    const created = await create(http, { tags: ['shop'], priority: 5, user_name: 'Ada' });
    expect(created).toMatchObject({
      status: 'building',
      progress: 0,
      current_stage: 'orchestrator',
      tags: ['shop'],
      priority: 5,
      user_name: 'Ada',
      user_id: 'developer',
    });
    const project = await built(http, created.project_id);
    expect(project).toMatchObject({
      status: 'completed',
      progress: 100,
      progress_percentage: 100,
      error_info: null,
      stages_snapshot: { total: 6, completed: 6 },
    });
    expect(project.agents).toHaveLength(1);
    const { data: agent } = await http.get(`/api/v1/agents/${String(project.agents[0])}`);
    expect(agent).toMatchObject({ agent_id: project.agents[0], status: 'running', project_id: created.project_id });
    const { data: overview } = await http.get('/api/v1/statistics/overview');
    expect(overview).toMatchObject({ building_agents: 0 });
  });

  it('shows the names of agent_name_map by stage and gives the built agent the one for the deployer', async () => {
    const agent_name_map = { agent_design: 'designer', agent_deployer: 'till_helper' };
    const { project_id } = await create(http, { agent_name_map });
    const project = await built(http, project_id);
    expect(project).toMatchObject({ agents: [`${project_id}:till_helper`], agent_name: 'till_helper' });
    const { data } = await http.get<{ stages: { stage_name: string; agent_name?: string | null }[] }>(
      `/api/v1/projects/${project_id}/stages`,
    );
    const shown = data.stages.flatMap(({ stage_name, agent_name }) => (agent_name ? [[stage_name, agent_name]] : []));
    expect(Object.fromEntries(shown)).toEqual(agent_name_map);
  });

  it('shows each stage with its log and each artifact with its content', async () => {
    const { project_id } = await create();
    await built(http, project_id);
    const { data: list } = await http.get<{ stages: { stage_name: string; status: string }[] }>(
      `/api/v1/projects/${project_id}/stages`,
    );
    expect(list.stages.map(({ stage_name }) => stage_name)).toEqual([
      'orchestrator',
      'requirements_analysis',
      'system_architecture',
      'agent_design',
      'agent_developer_manager',
      'agent_deployer',
    ]);
    const { data: stage } = await http.get<{
      logs: { level: string; message: string }[];
      sub_stages: Record<string, { status: string }>;
    }>(`/api/v1/projects/${project_id}/stages/agent_developer_manager`);
    expect(stage.logs.length).toBeGreaterThan(0);
    expect(Object.values(stage.sub_stages).map(({ status }) => status)).toEqual([
      'completed',
      'completed',
      'completed',
    ]);
    const { data: artifacts } = await http.get<{ artifacts: { path: string }[] }>(
      `/api/v1/projects/${project_id}/artifacts`,
    );
    const paths = artifacts.artifacts.map(({ path }) => path);
    for (const path of [
      'plan.json',
      'requirements.json',
      'requirements.md',
      'architecture.json',
      'architecture.md',
      'agent_design.json',
      'prompts/system.md',
      'agent.json',
    ])
      expect(paths).toContain(path);
    expect(paths.filter((path) => path.startsWith('tools/'))).toContain('tools/calculator.json');
    const { data: prompt } = await http.get<{ content: string }>(
      `/api/v1/projects/${project_id}/artifacts/prompts/system.md`,
    );
    expect(prompt.content.length).toBeGreaterThan(100);
    const { data: dashboard } = await http.get<{ workflow_graph_nodes: unknown[]; resources: { type: string }[] }>(
      `/api/v1/projects/${project_id}/build`,
    );
    expect(dashboard.workflow_graph_nodes).toHaveLength(9);
    expect(dashboard.resources.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['agent', 'tool', 'prompt', 'code']),
    );
    expect((await http.get(`/api/v1/projects/${project_id}/artifacts/no/such`)).status).toBe(404);
    expect((await http.get(`/api/v1/projects/${project_id}/stages/deploy`)).status).toBe(404);
  });

  it('streams its build without gaps, resumes after any event, and never lets progress fall', async () => {
    const { project_id } = await create();
    const all = await events(`/api/v1/projects/${project_id}/events`);
    expect(all.map(({ id }) => Number(id))).toEqual(all.map((_, index) => index + 1));
    expect(all.at(-1)).toMatchObject({ event: 'done', data: { status: 'completed' } });
    const progress = all.filter(({ event }) => event === 'progress').map(({ data }) => Number(data['progress']));
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(progress.at(-1)).toBe(100);
    const rest = await events(`/api/v1/projects/${project_id}/events`, { 'last-event-id': '5' });
    expect(rest).toEqual(all.slice(5));
    expect(
      (await http.raw('GET', `/api/v1/projects/${project_id}/events`, undefined, { 'last-event-id': 'x' })).status,
    ).toBe(400);
  });

  it('is deleted with everything under it, also while it is being built', async () => {
    const { project_id } = await create();
    const done = await built(http, project_id);
    const { data } = await http.delete<{ deleted: Record<string, number> }>(`/api/v1/projects/${project_id}`);
    expect(data.deleted).toMatchObject({ agents: 1, invocations: 0, sessions: 0, messages: 0 });
    expect(data.deleted['artifacts']).toBeGreaterThan(8);
    for (const path of [
      `projects/${project_id}`,
      `projects/${project_id}/stages`,
      `projects/${project_id}/artifacts`,
      `agents/${String(done.agents[0])}`,
    ])
      expect((await http.get(`/api/v1/${path}`)).status).toBe(404);
    expect((await http.delete(`/api/v1/projects/${project_id}`)).status).toBe(404);
    const running = await create();
    expect((await http.delete(`/api/v1/projects/${running.project_id}`)).status).toBe(200);
    expect((await http.get(`/api/v1/projects/${running.project_id}`)).status).toBe(404);
  });

  it('does not exist for another organisation', async () => {
    const { project_id } = await create(http.as('acme'));
    const other = http.as('rival');
    for (const path of [
      '',
      '/stages',
      '/stages/orchestrator',
      '/build',
      '/artifacts',
      '/artifacts/plan.json',
      '/events',
    ])
      expect((await other.get(`/api/v1/projects/${project_id}${path}`)).status).toBe(404);
    expect((await other.put(`/api/v1/projects/${project_id}/control`, { action: 'stop' })).status).toBe(404);
    expect((await other.delete(`/api/v1/projects/${project_id}`)).status).toBe(404);
    expect((await other.get<{ projects: unknown[] }>('/api/v1/projects')).data.projects).toEqual([]);
  });
});

describe('the project list', () => {
  it('pages newest first, filters, and refuses a foreign or forged cursor', async () => {
    const mine = http.as('lister', 'ada');
    const ids: string[] = [];
    for (const name of ['alpha', 'beta', 'gamma']) ids.push((await create(mine, { project_name: name })).project_id);
    await Promise.all(ids.map((id) => built(mine, id)));
    const first = (
      await mine.get<{ projects: ProjectBody[]; total: number; last_key: string }>('/api/v1/projects?limit=2')
    ).data;
    expect(first).toMatchObject({ total: 2, projects: [{ project_id: ids[2] }, { project_id: ids[1] }] });
    const second = (
      await mine.get<{ projects: ProjectBody[]; last_key: null }>(
        `/api/v1/projects?limit=2&last_key=${encodeURIComponent(first.last_key)}`,
      )
    ).data;
    expect(second).toMatchObject({ projects: [{ project_id: ids[0] }], last_key: null });
    const names = async (query: string): Promise<unknown[]> =>
      (await mine.get<{ projects: ProjectBody[] }>(`/api/v1/projects?${query}`)).data.projects.map(
        (project) => project['project_name'],
      );
    expect(await names('search=BETA')).toEqual(['beta']);
    expect(await names('status=completed&user_id=ada')).toEqual(['gamma', 'beta', 'alpha']);
    expect(await names('status=paused')).toEqual([]);
    for (const client of [http.as('other'), mine]) {
      const cursor = client === mine ? `${first.last_key}x` : first.last_key;
      const { status, error } = await client.get(`/api/v1/projects?limit=2&last_key=${encodeURIComponent(cursor)}`);
      expect({ status, code: error.code, fields: Object.keys(error.details.fields ?? {}) }).toEqual({
        status: 400,
        code: 'VALIDATION_ERROR',
        fields: ['last_key'],
      });
    }
  });
});
