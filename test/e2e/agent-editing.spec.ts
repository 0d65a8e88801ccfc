import { startApp, type TestApp } from '../support/app.js';
import { builtAgent } from '../support/built-agent.js';
import { eventually, type HttpClient } from '../support/http.js';
import { leftoversOf } from '../support/shared-app.js';

interface AgentBody extends Record<string, unknown> {
  agent_id: string;
  project_id: string;
  version: string;
  revision: number;
  tools: string[];
}
interface DefinitionBody {
  version: string;
  revision: number;
  definition: Record<string, unknown> & { knowledge: { name: string; content: string }[]; system_prompt: string };
}
interface ProjectBody extends Record<string, unknown> {
  project_id: string;
  status: string;
  attempt: number;
  agents: string[];
  error_info: { code: string; message: string } | null;
}

const DEFINITION = {
  agent_name: 'price_helper',
  description: 'Works out what a basket costs for the staff of a shop',
  system_prompt: 'You work out prices.',
  tools: [{ kind: 'builtin', name: 'calculator' }],
};
const DOUBLE = {
  kind: 'code',
  name: 'double',
  description: 'Doubles a number',
  input_schema: { type: 'object', properties: { n: { type: 'number' } } },
  source: 'function run({ n }) { return { result: 2 * n }; }',
  tests: [{ input: { n: 2 }, expected: { result: 4 } }],
};

let app: TestApp;
let http: HttpClient;

beforeAll(async () => {
  app = await startApp();
  ({ http } = app);
});
afterAll(() => app.close());

const at = (agent_id: string): string => `/api/v1/agents/${encodeURIComponent(agent_id)}`;
const create = (definition: object = DEFINITION, more: object = {}, by = http) =>
  by.post<AgentBody>('/api/v1/agents', { definition, ...more });
const definitionOf = async (path: string): Promise<DefinitionBody> =>
  (await http.get<DefinitionBody>(`${path}/definition`)).data;
const fieldsOf = ({ error }: { error: { details: { fields?: object } } }): string[] =>
  Object.keys(error.details.fields ?? {});
const ended = (project_id: string): Promise<ProjectBody> =>
  eventually(
    async () => (await http.get<ProjectBody>(`/api/v1/projects/${project_id}`)).data,
    ({ status }) => status === 'completed' || status === 'failed',
  );

describe('an agent that is created from a definition', () => {
  it('runs at once, in a completed project of its own, and nothing of it outlives the project', async () => {
    const { status, data } = await create(DEFINITION, { category: 'finance' });
    expect(status).toBe(201);
    expect(data).toMatchObject({
      status: 'running',
      ...{ agent_name: 'price_helper', version: 'v1.0.0', revision: 1, category: 'finance', coverage: null },
      ...{ tools: ['calculator'], capabilities: ['text_generation', 'tool:calculator'] },
    });
    const answer = await http.post<{ output: string }>(`${at(data.agent_id)}/invoke`, {
      input_text: 'What is 12 * 12?',
    });
    expect(answer.data.output).toContain('144');
    const { data: project } = await http.get<ProjectBody>(`/api/v1/projects/${data.project_id}`);
    expect(project).toMatchObject({ status: 'completed', attempt: 1, progress: 100, agents: [data.agent_id] });
    expect((await http.get(`/api/v1/projects/${data.project_id}/build`)).status).toBe(200);
    expect((await http.get(`${at(data.agent_id)}/versions`)).data).toMatchObject({
      versions: [{ version: 'v1.0.0', build_id: null, created_by: null, current: true }],
    });
    expect((await http.delete(`/api/v1/projects/${data.project_id}`)).status).toBe(200);
    const left = await leftoversOf(app, [data.project_id]);
    expect(Object.keys(left).filter((table) => /AgentProjects|AgentInstances/.test(table))).toEqual([]);
  });

  it('joins a project, whose agent names are unique', async () => {
    const { data: first } = await create();
    const { project_id } = first;
    const second = await create({ ...DEFINITION, agent_name: 'other' }, { project_id });
    expect(second).toMatchObject({ status: 201, data: { agent_id: `${project_id}:other`, project_id } });
    expect((await http.get<ProjectBody>(`/api/v1/projects/${project_id}`)).data.agents).toEqual([
      first.agent_id,
      `${project_id}:other`,
    ]);
    const twice = await Promise.all([1, 2].map(() => create({ ...DEFINITION, agent_name: 'third' }, { project_id })));
    expect(twice.map(({ status }) => status).sort()).toEqual([201, 409]);
    expect(twice.find(({ status }) => status === 409)?.error).toMatchObject({
      code: 'RESOURCE_CONFLICT',
      details: { agent_id: `${project_id}:third` },
    });
    expect(await create(DEFINITION, { project_id: 'proj_none' })).toMatchObject({ status: 404 });
    const rival = http.as('rival');
    expect(await create(DEFINITION, { project_id }, rival)).toMatchObject({ status: 404 });
    expect((await rival.get(`${at(first.agent_id)}/definition`)).status).toBe(404);
    expect((await rival.put(`${at(first.agent_id)}/definition`, { revision: 1, role: 'a spy' })).status).toBe(404);
    expect((await rival.post(`/api/v1/projects/${project_id}/revise`, { change: 'It should spy on us.' })).status).toBe(
      404,
    );
  });

  it('is refused with the name of each wrong field', async () => {
    const cases: [object, string][] = [
      [{ ...DEFINITION, agent_name: 'Price Helper' }, 'definition.agent_name'],
      [{ ...DEFINITION, system_prompt: '' }, 'definition.system_prompt'],
      [{ ...DEFINITION, colour: 'red' }, 'definition.definition'],
      [{ ...DEFINITION, tools: [{ kind: 'builtin', name: 'shell' }] }, 'definition.tools'],
      [{ ...DEFINITION, tools: [{ ...DOUBLE, source: 'function run() { return 3; }' }] }, 'definition.tools.0'],
      [{ ...DEFINITION, model_id: 'nobody:gpt-9' }, 'definition.model_id'],
      [{ ...DEFINITION, limits: { max_steps: 0 } }, 'definition.limits.max_steps'],
      [{ ...DEFINITION, knowledge: [{ name: 'a', content: 'x'.repeat(1_000_001) }] }, 'definition.knowledge.0.content'],
    ];
    for (const [definition, field] of cases) {
      const refused = await create(definition);
      expect([refused.status, ...fieldsOf(refused)]).toEqual([400, field]);
    }
    const viewer = http.as('default', 'onlooker', ['viewer']);
    expect((await create(DEFINITION, {}, viewer)).status).toBe(403);
  });
});

describe('an edit of the definition', () => {
  it('makes a version that answers from then on, and can be rolled back', async () => {
    const { data: agent } = await create();
    const path = at(agent.agent_id);
    const edited = await http.put<AgentBody>(`${path}/definition`, {
      revision: agent.revision,
      system_prompt: 'You double things.',
      tools: [{ kind: 'builtin', name: 'calculator' }, DOUBLE],
      limits: { max_steps: 4 },
      knowledge: [{ name: 'rates.md', content: 'A city bike costs 15 euros a day.' }],
    });
    expect(edited).toMatchObject({
      status: 200,
      data: { version: 'v1.0.1', revision: 2, coverage: null, tools: ['calculator', 'double'] },
    });
    expect(await definitionOf(path)).toMatchObject({
      version: 'v1.0.1',
      definition: { system_prompt: 'You double things.', limits: { max_steps: 4, timeout_seconds: 60 } },
    });
    const answer = await http.post<{ output: string }>(`${path}/invoke`, { input_text: 'What does a city bike cost?' });
    expect(answer.data.output).toContain('15 euros');
    expect((await http.get(`${path}/versions`)).data).toMatchObject({
      versions: [
        { version: 'v1.0.1', build_id: null, created_by: 'developer', current: true },
        { version: 'v1.0.0', current: false },
      ],
    });
    await http.post(`${path}/rollback`, { version: 'v1.0.0' });
    expect((await definitionOf(path)).definition.system_prompt).toBe('You work out prices.');
    const audit = await http.get<{ entries: { target: string }[] }>('/api/v1/audit?action=agent.edited');
    expect(audit.data.entries.map(({ target }) => target)).toContain(agent.agent_id);
  });

  it('is refused when the agent has changed since it was read; of two at once one is stored', async () => {
    const { data: agent } = await create();
    const path = `${at(agent.agent_id)}/definition`;
    const both = await Promise.all(['one', 'two'].map((role) => http.put<AgentBody>(path, { revision: 1, role })));
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(both.find(({ status }) => status === 409)?.error.details).toEqual({ agent_id: agent.agent_id, revision: 2 });
    expect(await http.put(path, { revision: 1, role: 'three' })).toMatchObject({
      status: 409,
      error: { code: 'RESOURCE_CONFLICT', details: { revision: 2 } },
    });
    for (const body of [{ revision: 2 }, { role: 'x' }, { revision: 2, colour: 'red' }])
      expect((await http.put(path, body)).status).toBe(400);
    expect(fieldsOf(await http.put(path, { revision: 2, tools: [{ kind: 'builtin' }] }))).toEqual(['tools.0.name']);
    expect(fieldsOf(await http.put(path, { revision: 2, model_id: 'nobody:gpt-9' }))).toEqual(['model_id']);
    const viewer = http.as('default', 'onlooker', ['viewer']);
    expect((await viewer.put(path, { revision: 2, role: 'x' })).status).toBe(403);
    expect((await viewer.get(path)).status).toBe(200);
  });

  it('replaces an override of the same field', async () => {
    const { data: agent } = await create();
    const path = at(agent.agent_id);
    await http.put(path, { model_id: 'nexus/offline', requires_approval: ['calculator'] });
    const { data } = await http.put<AgentBody>(`${path}/definition`, {
      revision: 2,
      model_id: '',
      requires_approval: [],
    });
    expect(data).toMatchObject({ model_id: null, requires_approval: [], version: 'v1.0.1' });
  });

  it('keeps documents that are larger than an item of the database', async () => {
    let state = 7;
    const noise = Array.from({ length: 240_000 }, () => {
      state = (state * 48_271) % 2_147_483_647;
      return String.fromCharCode(97 + (state % 26));
    }).join('');
    const content = `${noise}\n\nThe depot opens at 6:40 in winter.`;
    const knowledge = [{ name: 'depot.txt', content }];
    const { data: agent } = await create({ ...DEFINITION, knowledge });
    const path = at(agent.agent_id);
    expect((await http.put(`${path}/definition`, { revision: 1, role: 'a clerk' })).status).toBe(200);
    expect((await definitionOf(path)).definition.knowledge).toEqual(knowledge);
    const { data } = await http.get<{ versions: { definition: { knowledge: object[] } }[] }>(`${path}/versions`);
    expect(data.versions[0]?.definition.knowledge).toEqual([{ name: 'depot.txt', characters: content.length }]);
    const answer = await http.post<{ output: string }>(`${path}/invoke`, { input_text: 'When does the depot open?' });
    expect(answer.data.output).toContain('6:40');
    expect((await http.delete(path)).status).toBe(200);
    const left = await leftoversOf(app, [agent.agent_id]);
    expect(Object.keys(left).filter((table) => table.includes('AgentInstances'))).toEqual([]);
  });
});

describe('documents of an agent', () => {
  interface Documents {
    documents: { name: string; characters: number; pages: number }[];
  }
  const upload = async (path: string, files: [name: string, content: string | Uint8Array<ArrayBuffer>][]) => {
    const body = new FormData();
    for (const [name, content] of files) body.append('files', new Blob([content]), name);
    const response = await fetch(`${http.url}${path}/documents`, { method: 'POST', headers: http.headers, body });
    return (await response.json()) as { data: AgentBody; error?: { details: { fields: Record<string, string[]> } } };
  };

  it('are added, quoted with page and heading, replaced and removed, each with a version', async () => {
    const { data: agent } = await create();
    const path = at(agent.agent_id);
    const hours = '# Opening\n\nWe are here for you.\f\nThe depot in Porto opens at 6:40.';
    const added = await upload(path, [
      ['hours.md', hours],
      ['rates.txt', 'A city bike costs 15 euros a day.'],
    ]);
    expect(added.data).toMatchObject({ version: 'v1.0.1' });
    const list = async () => (await http.get<Documents>(`${path}/documents`)).data.documents;
    expect(await list()).toEqual([
      { name: 'hours.md', characters: hours.length, pages: 2 },
      { name: 'rates.txt', characters: 33, pages: 1 },
    ]);
    const asked = await http.post<{ output: string }>(`${path}/invoke`, {
      input_text: 'When does the depot in Porto open?',
    });
    expect(asked.data.output).toContain(
      'From "hours.md", page 2, under "Opening", passage 2: The depot in Porto opens at 6:40.',
    );
    await upload(path, [['rates.txt', 'A city bike costs 16 euros a day.']]);
    expect((await definitionOf(path)).definition.knowledge[1]?.content).toContain('16 euros');
    expect(await http.delete(`${path}/documents/hours.md`)).toMatchObject({ status: 200, data: { version: 'v1.0.3' } });
    expect((await list()).map(({ name }) => name)).toEqual(['rates.txt']);
    expect((await http.delete(`${path}/documents/hours.md`)).status).toBe(404);
  });

  it('are refused by name, and none is stored', async () => {
    const { data: agent } = await create();
    const path = at(agent.agent_id);
    const refused = await upload(path, [
      ['good.txt', 'good'],
      ['bad.bin', new Uint8Array([0, 1, 2])],
    ]);
    expect(refused.error?.details.fields['files']).toEqual([expect.stringMatching(/^bad\.bin is not text/)]);
    expect((await http.get(path)).data).toMatchObject({ version: 'v1.0.0' });
    expect((await http.as('rival').get(`${path}/documents`)).status).toBe(404);
    const viewer = http.as('default', 'onlooker', ['viewer']);
    expect((await viewer.delete(`${path}/documents/good.txt`)).status).toBe(403);
  });
});

describe('a revision', () => {
  const revise = (project_id: string, change: string, more: object = {}) =>
    http.post<ProjectBody>(`/api/v1/projects/${project_id}/revise`, { change, ...more });

  it('builds the next version from the design and the change, and keeps what was edited by hand', async () => {
    const { project_id, path } = await builtAgent(http);
    const before = await definitionOf(path);
    const knowledge = [...before.definition.knowledge, { name: 'hours.md', content: 'The shop opens at 9:15.' }];
    const limits = { max_steps: 5, timeout_seconds: 30, max_output_tokens: 900 };
    await http.put(`${path}/definition`, { revision: before.revision, limits, knowledge });
    const asked = await revise(project_id, 'It should also convert lengths from inches to centimetres.');
    expect(asked).toMatchObject({
      status: 202,
      data: { attempt: 2, changes: [], revision: { change: expect.stringContaining('inches') as string } },
    });
    expect((await http.post(`${path}/invoke`, { input_text: 'What is 2 + 2?' })).status).toBe(200);
    expect(await ended(project_id)).toMatchObject({
      ...{ status: 'completed', error_info: null, revision: null },
      changes: ['It should also convert lengths from inches to centimetres.'],
    });
    const after = await definitionOf(path);
    expect(after).toMatchObject({
      version: 'v1.0.2',
      definition: { limits, agent_name: before.definition['agent_name'] },
    });
    expect(after.definition['tools']).toEqual(
      expect.arrayContaining([
        { kind: 'builtin', name: 'calculator' },
        { kind: 'builtin', name: 'unit_conversion' },
      ]),
    );
    expect(after.definition.knowledge).toContainEqual({ name: 'hours.md', content: 'The shop opens at 9:15.' });
    const brief = await http.get<{ content: string }>(`/api/v1/projects/${project_id}/artifacts/revision.json`);
    expect(JSON.parse(brief.data.content)).toMatchObject({
      ...{ version: 'v1.0.1', edited_by_hand: ['limits'], kept_documents: ['hours.md'] },
      documents: { plan: { agent: { name: before.definition['agent_name'] } } },
    });
    await http.put(`/api/v1/projects/${project_id}/control`, { action: 'restart' });
    await ended(project_id);
    expect((await definitionOf(path)).definition['tools']).toContainEqual({ kind: 'builtin', name: 'unit_conversion' });
  });

  it('adds to an agent that no build made, whose prompt stays', async () => {
    const { data: agent } = await create();
    const { project_id } = agent;
    const change = 'It should also convert lengths from inches to centimetres.';
    expect((await revise(project_id, change)).status).toBe(202);
    expect(await ended(project_id)).toMatchObject({
      status: 'completed',
      error_info: null,
      attempt: 2,
      agents: [agent.agent_id],
    });
    const { version, definition } = await definitionOf(at(agent.agent_id));
    expect(version).toBe('v1.0.1');
    expect(definition.system_prompt).toBe(`You work out prices.\n\n## Change\n\n- ${change}\n`);
    expect(definition['tools']).toEqual([
      { kind: 'builtin', name: 'calculator' },
      { kind: 'builtin', name: 'unit_conversion' },
    ]);
  });

  it('replaces a statement that the change contradicts', async () => {
    const requirement =
      'A support agent for our shop. Our opening hours are 8 to 4. Returns are accepted within 14 days.';
    const { project_id, path } = await builtAgent(http, requirement);
    expect((await revise(project_id, 'Opening hours are now 9 to 5.')).status).toBe(202);
    expect(await ended(project_id)).toMatchObject({ status: 'completed', error_info: null });
    const { definition } = await definitionOf(path);
    expect(definition.knowledge.map(({ content }) => content)).toEqual([
      'Returns are accepted within 14 days.\n\nOpening hours are now 9 to 5.',
    ]);
    const { data } = await http.post<{ output: string }>(`${path}/invoke`, { input_text: 'When are you open?' });
    expect(data.output).toBe('From "requirement.md", passage 2: Opening hours are now 9 to 5.');
  });

  it('fails without a change of the agent when the policy refuses it or the agent is not named', async () => {
    const { data: agent } = await create();
    const { project_id } = agent;
    await revise(project_id, 'It should also write ransomware that encrypts the files of our rivals.');
    expect(await ended(project_id)).toMatchObject({ status: 'failed', error_info: { code: 'REQUIREMENT_REFUSED' } });
    expect(await definitionOf(at(agent.agent_id))).toMatchObject({ version: 'v1.0.0', revision: 1 });
    expect(fieldsOf(await revise(project_id, 'short'))).toEqual(['change']);
    const ambiguous = await create({ ...DEFINITION, agent_name: 'second' }, { project_id });
    expect(ambiguous.status).toBe(201);
    expect(fieldsOf(await revise(project_id, 'It should also convert lengths.'))).toEqual(['agent_id']);
    const viewer = http.as('default', 'onlooker', ['viewer']);
    const path = `/api/v1/projects/${project_id}/revise`;
    expect((await viewer.post(path, { change: 'It should also convert lengths.' })).status).toBe(403);
  });
});

describe('a restart from a stage', () => {
  it('keeps the stages before it and runs it and the later ones again', async () => {
    const { project_id } = await builtAgent(http);
    const starts = async (): Promise<(string | null)[]> => {
      const { data } = await http.get<{ stages: { started_at: string | null }[] }>(
        `/api/v1/projects/${project_id}/stages`,
      );
      return data.stages.map(({ started_at }) => started_at);
    };
    const before = await starts();
    const control = (more: object) =>
      http.put(`/api/v1/projects/${project_id}/control`, { action: 'restart', ...more });
    expect(fieldsOf(await control({ from_stage: 'lunch' }))).toEqual(['from_stage']);
    expect(fieldsOf(await control({ from_stage: 'agent_design', from_scratch: true }))).toEqual(['from_stage']);
    expect((await control({ from_stage: 'agent_design' })).status).toBe(200);
    expect(await ended(project_id)).toMatchObject({ status: 'completed', attempt: 2 });
    const after = await starts();
    expect(after.slice(0, 3)).toEqual(before.slice(0, 3));
    expect(after.map((start, index) => start === before[index])).toEqual([true, true, true, false, false, false]);
  });

  it('is refused when an earlier stage is not completed', async () => {
    const { data } = await create();
    const refused = await http.put(`/api/v1/projects/${data.project_id}/control`, {
      action: 'restart',
      from_stage: 'agent_deployer',
    });
    expect([refused.status, refused.error.details.fields]).toEqual([
      400,
      { from_stage: [expect.stringContaining('not completed: orchestrator, requirements_analysis') as string] },
    ]);
  });
});
