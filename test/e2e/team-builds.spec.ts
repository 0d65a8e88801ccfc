import type { ChatCompletionRequest } from '@copilotkit/aimock';
import { startApp, type TestApp } from '../support/app.js';
import { eventually } from '../support/http.js';
import { type ModelServer, startModelServer } from '../support/model-server.js';
import { documentOf, scriptedAnswer } from '../support/scripted-openai.js';

interface ProjectBody extends Record<string, unknown> {
  project_id: string;
  status: string;
  agents: string[];
}
interface Member {
  name: string;
  description: string;
  system_prompt: string;
  tools: { name: string }[];
  documents: string[];
}
interface Definition {
  tools: { name: string }[];
  team: Member[];
  system_prompt: string;
  knowledge: { name: string; content: string }[];
}
interface Run {
  output: string;
  model: string;
  trace: { steps: { agent?: string; name: string }[] };
}
interface Report {
  requirements: { text: string; kind: string; status: string }[];
  examples: { passed: boolean; tools_used: string[] }[];
}

const REQUIREMENT =
  'A team for the desk of our shop: a billing specialist who calculates totals and discounts, and a shipping specialist who answers questions about delivery. Delivery takes 3 working days.';

let offline: TestApp;
let modelled: TestApp;
let model: ModelServer;

beforeAll(async () => {
  model = await startModelServer();
  [offline, modelled] = [await startApp(), await startApp(model.openai)];
});
afterAll(async () => {
  await Promise.all([offline.close(), modelled.close()]);
  await model.stop();
});

async function built({ http }: TestApp, requirement = REQUIREMENT): Promise<ProjectBody> {
  const { data, status } = await http.post<ProjectBody>('/api/v1/projects', { requirement });
  expect(status).toBe(201);
  return eventually(
    async () => (await http.get<ProjectBody>(`/api/v1/projects/${data.project_id}`)).data,
    (project) => project.status === 'completed' || project.status === 'failed',
  );
}

const pathOf = ({ agents: [id = ''] }: ProjectBody) => `/api/v1/agents/${encodeURIComponent(id)}`;
const definitionOf = async ({ http }: TestApp, project: ProjectBody) =>
  (await http.get<{ definition: Definition }>(`${pathOf(project)}/definition`)).data.definition;
const artifact = async ({ http }: TestApp, { project_id }: ProjectBody, path: string) =>
  (await http.get<{ content: string }>(`/api/v1/projects/${project_id}/artifacts/${path}`)).data.content;
const ask = async ({ http }: TestApp, project: ProjectBody, input_text: string) =>
  (await http.post<Run>(`${pathOf(project)}/invoke`, { input_text, enable_trace: true })).data;
const names = (tools: { name: string }[]) => tools.map(({ name }) => name);

describe('a build of a team with the offline model', () => {
  let project: ProjectBody;

  beforeAll(async () => {
    project = await built(offline);
  });

  it('gives each role that the requirement names its share of tools and knowledge', async () => {
    expect(project).toMatchObject({
      status: 'completed',
      agents: [expect.stringMatching(/:billing_and_shipping_team$/)],
    });
    const { team, tools, knowledge } = await definitionOf(offline, project);
    expect(team.map(({ name, tools: own, documents }) => [name, names(own), documents])).toEqual([
      ['billing_specialist', ['calculator'], []],
      ['shipping_specialist', ['knowledge_lookup'], ['shipping-specialist.md']],
    ]);
    expect(tools).toEqual([]);
    expect(knowledge).toEqual([{ name: 'shipping-specialist.md', content: 'Delivery takes 3 working days.' }]);
    expect(team[0]?.system_prompt).toContain('The billing specialist calculates totals and discounts.');
  });

  it('shows the team in the design, the architecture and the prompt', async () => {
    const design = JSON.parse(await artifact(offline, project, 'agent_design.json')) as { team: { name: string }[] };
    expect(names(design.team)).toEqual(['billing specialist', 'shipping specialist']);
    const architecture = await artifact(offline, project, 'architecture.md');
    expect(architecture).toContain('supervisor -->|task| role1');
    expect(architecture).toContain('1 deployed agent with a team of 2.');
    expect(await artifact(offline, project, 'prompts/system.md')).toContain(
      '`ask_shipping_specialist`: Answers questions about delivery',
    );
  });

  it('is proven by examples that run through the team', async () => {
    const report = JSON.parse(await artifact(offline, project, 'acceptance_report.json')) as Report;
    const functional = report.requirements.filter(({ kind }) => kind === 'functional');
    expect(functional.map(({ text, status }) => [text, status])).toEqual([
      ['Calculate totals and discounts', 'proven'],
      ['Answer questions about delivery', 'proven'],
    ]);
    expect(report.examples.flatMap(({ tools_used }) => tools_used)).toEqual(
      expect.arrayContaining(['ask_billing_specialist', 'calculator', 'ask_shipping_specialist', 'knowledge_lookup']),
    );
  });

  it('answers each part of a message by the specialist that it is for, and says what none can do', async () => {
    const both = await ask(offline, project, 'What is 12.5 + 7.25 + 30? How long does delivery take?');
    expect(both.output).toBe(
      '12.5 + 7.25 + 30 = 49.75. From "shipping-specialist.md", passage 1: Delivery takes 3 working days.',
    );
    const took = both.trace.steps.flatMap(({ agent, name }) => (agent === undefined ? [] : [`${agent} ${name}`]));
    expect(took.filter((step) => !step.endsWith('nexus/offline'))).toEqual([
      'billing_specialist calculator',
      'shipping_specialist knowledge_lookup',
    ]);
    expect((await ask(offline, project, 'Write a poem about the sea.')).output).toContain('I cannot write new text');
    const greeted = await ask(offline, project, 'My name is Ada. What is 2 + 2?');
    expect(greeted.output).toBe('Nice to meet you, Ada. 2 + 2 = 4.');
    const known = await ask(offline, project, 'My name is Ada. What is my name?');
    expect(known.output).toContain('Your name is Ada.');
    expect(known.trace.steps.filter(({ agent }) => agent !== undefined)).toEqual([]);
  });

  it('keeps a team that was edited by hand when it is revised, and builds none that was removed', async () => {
    const { http } = offline;
    const own = await built(offline);
    const path = `${pathOf(own)}/definition`;
    const edited = async (change: (team: Member[]) => object[]) => {
      const { revision, definition } = (await http.get<{ revision: number; definition: Definition }>(path)).data;
      expect((await http.put(path, { revision, team: change(definition.team) })).status).toBe(200);
      const change_request = { change: 'It should also convert lengths from inches to centimetres.' };
      expect((await http.post(`/api/v1/projects/${own.project_id}/revise`, change_request)).status).toBe(202);
      const ended = await eventually(
        async () => (await http.get<ProjectBody>(`/api/v1/projects/${own.project_id}`)).data,
        ({ status }) => status === 'completed' || status === 'failed',
      );
      expect(ended).toMatchObject({ status: 'completed', error_info: null });
      return definitionOf(offline, own);
    };
    const kept = await edited((team) => team.map((one) => ({ ...one, system_prompt: 'You are brief.' })));
    expect(kept.team.map(({ system_prompt }) => system_prompt)).toEqual(['You are brief.', 'You are brief.']);
    const removed = await edited(() => []);
    expect(removed.team).toBeUndefined();
    expect(names(removed.tools)).toEqual(expect.arrayContaining(['calculator', 'knowledge_lookup']));
    expect(removed.system_prompt).not.toContain('Your team');
  });

  it('fails without a proof when the requirement names only roles that need a language model', async () => {
    const failed = await built(offline, 'A team of a researcher, a writer and a reviewer that produces reports.');
    expect(failed).toMatchObject({ status: 'failed', error_info: { code: 'REQUIREMENT_NOT_PROVEN' } });
  });
});

describe('a build of a team with a real model', () => {
  const requests = () => model.mock.getRequests().map(({ body }) => body as ChatCompletionRequest);

  beforeEach(() => {
    model.mock.clearFixtures();
    model.mock.clearRequests();
  });

  it('asks for the specialists, deploys them and proves them', async () => {
    model.mock.on({}, scriptedAnswer);
    const project = await built(modelled);
    expect(project).toMatchObject({ status: 'completed', coverage: { contradicted: 0 } });
    const design = requests().find((request) => documentOf(request) === 'agent_design');
    expect(JSON.stringify(design?.response_format)).toContain('"team"');
    expect((await definitionOf(modelled, project)).team.map(({ name }) => name)).toEqual([
      'billing_specialist',
      'shipping_specialist',
    ]);
    const { output, model: answered, trace } = await ask(modelled, project, 'What is 12.5 + 7.25 + 30?');
    expect([output, answered]).toEqual(['12.5 + 7.25 + 30 = 49.75.', 'gpt-4o']);
    expect(trace.steps.map(({ agent, name }) => `${agent ?? 'supervisor'} ${name}`)).toEqual([
      'supervisor gpt-4o',
      'supervisor ask_billing_specialist',
      'billing_specialist gpt-4o',
      'billing_specialist calculator',
      'billing_specialist gpt-4o',
      'supervisor gpt-4o',
    ]);
  });

  it('gives a role that the design leaves out every tool and document, and drops what does not exist', async () => {
    model.mock.on({}, async (request) => {
      const answer = await scriptedAnswer(request);
      if (documentOf(request) !== 'agent_design') return answer;
      const document = JSON.parse((answer as { content: string }).content) as { team: { tools: string[] }[] };
      const [first] = document.team;
      const team = [{ ...first, tools: ['calculator', 'teleport'], documents: ['none.md'] }];
      return { ...answer, content: JSON.stringify({ ...document, team }) };
    });
    const project = await built(modelled);
    const { team } = await definitionOf(modelled, project);
    expect(team.map(({ name, tools, documents }) => [name, names(tools), documents])).toEqual([
      ['billing_specialist', ['calculator'], []],
      ['shipping_specialist', ['calculator', 'knowledge_lookup'], ['shipping-specialist.md']],
    ]);
  });
});
