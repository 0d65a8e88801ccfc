import { createHash } from 'node:crypto';
import { unzip, zip } from '../../src/platform/archive/zip.js';
import { startApp, type TestApp } from '../support/app.js';
import { publishedFlow, runWhen, startRun } from '../support/flows.js';
import type { Answer, HttpClient } from '../support/http.js';
import { apiDocument, importApi } from '../support/imported-api.js';
import { registeredAgent } from '../support/registered-agent.js';

interface Item {
  from: string;
  id: string;
  name: string;
}
type Report = Record<'integrations' | 'projects' | 'agents' | 'tools' | 'flows', Item[]> & {
  needs: { kind: string; id: string | null; message: string }[];
};
interface Reason {
  check: string;
  subject: string;
  message: string;
}

const LIMITS = { files_max: 1_000, bytes_max: 10_000_000 };
let app: TestApp;
let here: HttpClient;
let there: HttpClient;
let agent_id: string;
let integration_id: string;
let flow_id: string;

const FLOW = {
  timeout_seconds: 600,
  steps: [{ id: 'read', call: { integration: 'books', operation: 'getBook', input: { id: '1' } } }],
  output: '${{ steps.read.output.id }}',
};

beforeAll(async () => {
  app = await startApp();
  [here, there] = [app.http.as('exporter'), app.http.as('importer')];
  await Promise.all([here.ready(), there.ready()]);
  ({ agent_id } = await registeredAgent(app, { org_id: 'exporter', tools: ['calculator'], tags: ['desk'] }));
  const credential = await here.post<{ credential_id: string }>('/api/v1/credentials', {
    ...{ name: 'books', kind: 'bearer', fields: { token: 'a-very-secret-token' } },
  });
  ({ integration_id } = await importApi(here, apiDocument('books.openapi-3.1.yaml'), {
    ...{ name: 'books', credential_id: credential.data.credential_id },
  }));
  await here.post(`/api/v1/integrations/${integration_id}/mock`, { mode: 'instead' });
  const tools = { name: 'books', operations: ['getBook'], agent_id };
  expect((await here.post(`/api/v1/integrations/${integration_id}/tools`, tools)).status).toBe(201);
  flow_id = await publishedFlow(here, FLOW, 'read a book');
});
afterAll(() => app.close());

const TEAM = [
  {
    ...{ name: 'sums', description: 'Calculates', role: 'the clerk for sums', system_prompt: 'You calculate.' },
    ...{ tools: [{ kind: 'builtin', name: 'calculator' }], documents: [] },
  },
];

async function exported(wish: object): Promise<Buffer> {
  const answer = await fetch(`${app.url}/api/v1/exports`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...here.headers },
    body: JSON.stringify({ client_languages: [], ...wish }),
  });
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
  expect(answer.headers.get('content-type')).toBe('application/zip');
  return Buffer.from(await answer.arrayBuffer());
}

async function imported(archive: Uint8Array): Promise<Pick<Answer<Report>, 'status' | 'data' | 'error'>> {
  const form = new FormData();
  form.set('file', new Blob([new Uint8Array(archive)]), 'package.zip');
  const answer = await fetch(`${app.url}/api/v1/imports`, { method: 'POST', headers: there.headers, body: form });
  return { status: answer.status, ...((await answer.json()) as Pick<Answer<Report>, 'data' | 'error'>) };
}

const whole = () =>
  exported({ name: 'desk', agent_ids: [agent_id], flow_ids: [flow_id], integration_ids: [integration_id] });
const reasonsOf = async (wish: object): Promise<Reason[]> => {
  const { status, error } = await here.post('/api/v1/exports', { client_languages: [], ...wish });
  expect([status, error?.code]).toEqual([422, 'EXPORT_REFUSED']);
  return (error?.details as { reasons: Reason[] }).reasons;
};
const textOf = (files: Record<string, Buffer>, path: string): string => files[path]?.toString('utf8') ?? '';

it('packs definitions, YAML, documents, a Dockerfile, a README and an SBOM, the same bytes each time', async () => {
  const archives = [await whole(), await whole(), await whole()];
  expect(archives.map((one) => one.equals(archives[0]!))).toEqual([true, true, true]);
  const files = await unzip(archives[0]!, LIMITS);
  expect(Object.keys(files)).toEqual([
    'Dockerfile',
    'README.md',
    'agents/obedient/agent.json',
    'flows/read-a-book.yaml',
    'integrations/books/document.yaml',
    'nexus-package.json',
    'sbom.cdx.json',
  ]);
  expect(textOf(files, 'integrations/books/document.yaml')).toBe(apiDocument('books.openapi-3.1.yaml'));
  expect(textOf(files, 'flows/read-a-book.yaml')).toContain(`integration: ${integration_id}`);
  expect(textOf(files, 'README.md')).toContain('the integration "books" uses a credential, which is not exported');
  expect(Object.values(files).some((one) => one.includes('a-very-secret-token'))).toBe(false);
  const sbom = JSON.parse(textOf(files, 'sbom.cdx.json')) as {
    components: { type: string; hashes?: { content: string }[] }[];
    services: { name: string; authenticated: boolean }[];
  };
  expect(sbom).toMatchObject({
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: expect.stringMatching(
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    ) as string,
  });
  expect(sbom.components.map(({ type }) => type)).toEqual([
    'application',
    'application',
    'data',
    'machine-learning-model',
  ]);
  const digest = createHash('sha256').update(files['agents/obedient/agent.json']!).digest('hex');
  expect(sbom.components[0]?.hashes).toEqual([{ alg: 'SHA-256', content: digest }]);
  expect(sbom.services).toEqual([expect.objectContaining({ name: 'books', authenticated: true })]);
});

it('is taken over by another organization, where everything works under new ids', async () => {
  const { status, data } = await imported(await whole());
  expect(status).toBe(201);
  const made = Object.fromEntries(
    (['integrations', 'agents', 'tools', 'flows'] as const).map((kind) => [
      kind,
      data[kind].map(({ name, from, id }) => [name, from === id]),
    ]),
  );
  expect(made).toEqual({
    integrations: [['books', false]],
    agents: [['obedient', false]],
    tools: [['books', false]],
    flows: [['read a book', false]],
  });
  expect(data.needs.map(({ kind, id }) => [kind, id])).toEqual([['credential', data.integrations[0]?.id]]);
  const { run_id } = await startRun(there, data.flows[0]!.id);
  const run = await runWhen(there, run_id);
  expect([run.status, run.error]).toEqual(['completed', null]);
  const agent = await there.get<Record<string, unknown>>(`/api/v1/agents/${encodeURIComponent(data.agents[0]!.id)}`);
  expect(agent.data).toMatchObject({ status: 'running', tags: ['desk'], project_id: data.projects[0]?.id });
  const project = await there.get<Record<string, unknown>>(`/api/v1/projects/${data.projects[0]!.id}`);
  expect(project.data).toMatchObject({ status: 'completed', progress: 100, agents: [data.agents[0]?.id] });
  const tools = await there.get<{ tools: { config: object }[] }>(
    `/api/v1/tools?agent_id=${encodeURIComponent(data.agents[0]!.id)}`,
  );
  expect(tools.data.tools.map(({ config }) => config)).toEqual([
    { integration_id: data.integrations[0]?.id, operations: ['getBook'] },
  ]);
});

it('is refused with every reason while a check is critical', async () => {
  const draft = await here.post<{ flow_id: string }>('/api/v1/flows', { name: 'draft', definition: FLOW });
  const secret = await publishedFlow(here, {
    timeout_seconds: 60,
    steps: [{ id: 'get', http: { url: 'https://api.example.com/', headers: { 'x-api-key': 'k-12345' } } }],
  });
  const reasons = await reasonsOf({ agent_ids: [agent_id], flow_ids: [flow_id, draft.data.flow_id, secret] });
  expect(reasons.map(({ check, subject }) => [check, subject])).toEqual([
    ['flow_not_published', draft.data.flow_id],
    ['reference_missing', flow_id],
    ['reference_missing', expect.stringMatching(/^tool_/)],
    ['credential_in_definition', secret],
  ]);
  expect(reasons.at(-1)?.message).toContain('steps.0.http.headers.x-api-key');
  const empty = await here.post('/api/v1/exports', {});
  expect([empty.status, empty.error?.code]).toEqual([400, 'VALIDATION_ERROR']);
  expect(empty.error?.details.fields).toEqual({
    agent_ids: ['must contain an id unless flow_ids or integration_ids contains one'],
  });
  const foreign = await there.post('/api/v1/exports', { integration_ids: [integration_id] });
  expect(foreign.status).toBe(404);
});

it('is refused while the contract tests of an integration fail', async () => {
  const document = JSON.parse(
    '{"openapi":"3.1.0","info":{"title":"Odd","version":"1"},"servers":[{"url":"https://odd.example.com"}],"paths":{"/things":{"get":{"operationId":"getThings","responses":{"200":{"description":"ok","content":{"application/json":{"example":{"id":7},"schema":{"type":"object","properties":{"id":{"type":"string"}},"required":["id"]}}}}}}}}}',
  ) as object;
  const odd = await importApi(here, document, { name: 'odd' });
  const reasons = await reasonsOf({ integration_ids: [odd.integration_id] });
  expect(reasons.map(({ check, subject }) => [check, subject])).toEqual([
    ['contract_tests_failing', odd.integration_id],
  ]);
});

describe('a package that is not whole', () => {
  let good: Buffer;
  beforeAll(async () => {
    good = await whole();
  });
  const counts = async (): Promise<number[]> => {
    const paths = ['integrations', 'agents', 'projects', 'flows'];
    const answers = await Promise.all(paths.map((path) => there.get<Record<string, unknown[]>>(`/api/v1/${path}`)));
    return answers.map(({ data }, index) => data[paths[index]!]!.length);
  };
  const changed = async (change: (files: Record<string, Buffer>) => void): Promise<Buffer> => {
    const files = await unzip(good, LIMITS);
    change(files);
    return zip(files);
  };
  const manifestOf = (files: Record<string, Buffer>) =>
    JSON.parse(textOf(files, 'nexus-package.json')) as {
      flows: object[];
      tools: { kind: string; config: object }[];
      files: Record<string, string>;
    };

  it.each([
    ['is no archive', async () => Buffer.from('no archive'), 'is not a ZIP archive'],
    ['has no manifest', () => changed((files) => delete files['nexus-package.json']), 'it has no nexus-package.json'],
    [
      'has a manifest that is not JSON',
      () => changed((files) => (files['nexus-package.json'] = Buffer.from('{'))),
      'that is not JSON',
    ],
    [
      'has a manifest of another form',
      () => changed((files) => (files['nexus-package.json'] = Buffer.from('{}'))),
      'that is not valid',
    ],
    ['lacks a file', () => changed((files) => delete files['flows/read-a-book.yaml']), 'lacks flows/read-a-book.yaml'],
    [
      'has a changed file',
      () => changed((files) => (files['agents/obedient/agent.json'] = Buffer.from('{}'))),
      'SHA-256 differs',
    ],
  ])('%s is refused, and nothing is made', async (_, made, message) => {
    const before = await counts();
    const { status, error } = await imported(await made());
    expect([status, error?.code]).toEqual([400, 'VALIDATION_ERROR']);
    expect(JSON.stringify(error?.details)).toContain(message);
    expect(await counts()).toEqual(before);
  });

  it('reports each tool that was not attached, and suggests to attach it only where that can work', async () => {
    const reported = async (change: { kind?: string; config?: object }): Promise<unknown> => {
      const archive = await changed((files) => {
        const manifest = manifestOf(files);
        Object.assign(manifest.tools[0]!, change);
        files['nexus-package.json'] = Buffer.from(JSON.stringify(manifest));
      });
      const { status, data } = await imported(archive);
      expect([status, data.tools]).toEqual([201, []]);
      return data.needs.find(({ kind }) => kind === 'tool');
    };
    expect(await reported({ kind: 'telepathy' })).toEqual({
      ...{ kind: 'tool', id: null },
      message: 'The tool "books" was not attached: kind "telepathy" is not supported here.',
    });
    expect(await reported({ config: { integration_id, operations: ['none'] } })).toMatchObject({
      message: expect.stringMatching(
        /^The tool "books" was not attached: .*\. Attach it with POST \/api\/v1\/tools\.$/,
      ) as string,
    });
  });

  it('leaves nothing behind when its last item cannot be made', async () => {
    const archive = await changed((files) => {
      const yaml = Buffer.from(
        'name: broken\ndefinition: {timeout_seconds: 60, steps: [{id: a, agent: {agent_id: "proj_x:none", input: hi}}]}\n',
      );
      const manifest = manifestOf(files);
      files['flows/read-a-book.yaml'] = yaml;
      manifest.files['flows/read-a-book.yaml'] = createHash('sha256').update(yaml).digest('hex');
      files['nexus-package.json'] = Buffer.from(JSON.stringify(manifest));
    });
    const before = await counts();
    const { status, error } = await imported(archive);
    expect([status, error?.code]).toEqual([422, 'DOCUMENT_INVALID']);
    const [integrations, agents, projects] = await counts();
    expect([integrations, agents, projects]).toEqual(before.slice(0, 3));
  });
});

it('carries the team of an agent', async () => {
  const definition = { agent_name: 'supervised', description: 'Helps', system_prompt: 'You help.', team: TEAM };
  const { data } = await here.post<{ agent_id: string }>('/api/v1/agents', { definition });
  const archive = await exported({ name: 'team', agent_ids: [data.agent_id] });
  const report = await imported(archive);
  expect(report.status).toBe(201);
  const path = `/api/v1/agents/${encodeURIComponent(report.data.agents[0]?.id ?? '')}/definition`;
  expect((await there.get(path)).data).toMatchObject({ definition: { team: TEAM } });
});
