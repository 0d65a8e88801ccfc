import { readFileSync } from 'node:fs';
import type { OpenAPIObject } from '@nestjs/swagger';
import { startApp, type TestApp } from '../support/app.js';
import { STAGE_NAMES, STAGE_STATUSES, SUB_STAGE_NAMES } from '../../src/stages/stage.js';

let app: TestApp;
let document: OpenAPIObject;
const committed = JSON.parse(readFileSync('openapi.json', 'utf8')) as OpenAPIObject;

beforeAll(async () => {
  app = await startApp({ NEXUS_CONSOLE: 'false' });
  document = (await (await app.http.raw('GET', '/docs-json')).json()) as OpenAPIObject;
});
afterAll(() => app.close());

interface Operation {
  operationId?: string;
  summary?: string;
  tags?: string[];
  deprecated?: boolean;
  security?: unknown[];
  parameters?: { name: string }[];
  description?: string;
  responses: Record<
    string,
    {
      description?: string;
      content?: Record<string, { schema?: Property; examples?: Record<string, { $ref: string }> }>;
    }
  >;
}

interface Property {
  type?: string | string[];
  format?: string;
  enum?: unknown[];
  items?: Property;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const operations = (of = document): (Operation & { name: string })[] =>
  Object.entries(of.paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Operation>)
      .filter(([method]) => METHODS.includes(method))
      .map(([method, operation]) => ({ ...operation, name: `${method} ${path}` })),
  );
const schemas = () =>
  (committed.components?.schemas ?? {}) as Record<
    string,
    { properties?: Record<string, Property>; additionalProperties?: boolean }
  >;
const properties = (): { schema: string; property: string; of: Property }[] =>
  Object.entries(schemas()).flatMap(([schema, { properties: own = {} }]) =>
    Object.entries(own).map(([property, of]) => ({ schema, property, of })),
  );
const names = (all: { name: string }[]): string[] => all.map(({ name }) => name);

describe('the OpenAPI document', () => {
  it('names each operation once, with a summary and one known tag', () => {
    const all = operations();
    expect(all.length).toBeGreaterThanOrEqual(41);
    const ids = all.map(({ operationId }) => operationId);
    expect(ids.filter((id, index) => id === undefined || ids.indexOf(id) !== index)).toEqual([]);
    const tags = new Set(document.tags?.map(({ name }) => name));
    const isUntold = ({ summary, tags: own }: Operation): boolean =>
      !summary || own?.length !== 1 || !own.every((tag) => tags.has(tag));
    expect(names(all.filter(isUntold))).toEqual([]);
  });

  it('documents success and errors of each operation, 404 where the path has an id and 400 where there is a body', () => {
    const lacks = (pattern: RegExp) => (operation: Operation) =>
      !Object.keys(operation.responses).some((status) => pattern.test(status));
    const withPrincipal = operations().filter(({ security }) => security?.length !== 0);
    expect(names(withPrincipal.filter(lacks(/^401$/)))).toEqual([]);
    const counted = operations().filter(({ tags }) => !tags?.includes('health'));
    expect(names(counted.filter(lacks(/^500$/)))).toEqual([]);
    expect(names(counted.filter(lacks(/^503$/)))).toEqual([]);
    // A type is no id: an unknown one is a 400, which lists the known ones.
    expect(names(counted.filter(({ name }) => /\{(?!type\})/.test(name)).filter(lacks(/^404$/)))).toEqual([]);
    expect(names(counted.filter(({ name }) => /^(post|put)/.test(name)).filter(lacks(/^400$/)))).toEqual([]);
    expect(names(operations().filter(lacks(/^(2\d\d|302)$/)))).toEqual([]);
  });

  it('documents errors as JSON only, and 429 wherever requests are counted', () => {
    const types = operations().flatMap(({ name, responses }) =>
      Object.entries(responses)
        .filter(([status]) => Number(status) >= 400)
        .map(([status, { content = {} }]) => `${name} ${status} ${Object.keys(content).join(' ')}`),
    );
    expect(types.filter((line) => !line.endsWith(' application/json'))).toEqual([]);
    const counted = operations().filter(({ tags }) => !tags?.includes('health'));
    expect(names(counted.filter(({ responses }) => responses['429'] === undefined))).toEqual([]);
  });

  it('marks the older routes and only them as deprecated', () => {
    const all = operations();
    const older = names(all.filter(({ tags }) => tags?.includes('older routes')));
    expect(names(all.filter(({ deprecated }) => deprecated))).toEqual(older);
    expect(older.length).toBeGreaterThanOrEqual(12);
  });

  it('describes each operation beyond its summary, and starts with the sign-in', () => {
    const all = operations(committed);
    expect(
      names(all.filter(({ description = '', summary }) => description.length < 20 || description === summary)),
    ).toEqual([]);
    expect(committed.tags?.[0]?.name).toBe('sign-in');
  });

  it('gives errors examples that fit their route', () => {
    const all = operations(committed);
    const exampleOf = ({ responses }: Operation, status: string): string | undefined => {
      const { examples } = responses[status]?.content?.['application/json'] ?? {};
      return Object.values(examples ?? {})[0]
        ?.$ref.split('/')
        .at(-1);
    };
    const of = (name: string, status: string) =>
      exampleOf(all.find((operation) => operation.name === name) as Operation, status);
    expect(of('get /api/v1/agents/{agent_id}', '404')).toBe('error_404_agent');
    expect(of('get /api/v1/flow-runs/{run_id}', '404')).toBe('error_404_flow_run');
    expect(of('get /api/v1/agents/{agent_id}/status', '404')).toBe('error_404_project');
    expect(of('delete /api/v1/agents/{agent_id}/documents/{name}', '404')).toBe('error_404_document');
    expect(of('delete /api/v1/auth/sessions/{session_id}', '404')).toBe('error_404_sign_in');
    expect(of('post /api/v1/projects', '400')).toBe('error_400_requirement_string');
    expect(of('post /api/v1/auth/login', '400')).toBe('error_400_email_string');
    expect(committed.components?.examples?.['error_404_agent']).toMatchObject({
      value: { success: false, error: { code: 'RESOURCE_NOT_FOUND', message: 'Agent not found' } },
    });
  });

  it('refers only to schemas that it has', () => {
    const references = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(
      ([, name]) => name,
    );
    const known = Object.keys(document.components?.schemas ?? {});
    expect(references.filter((name) => !known.includes(name ?? ''))).toEqual([]);
  });

  it('is the same under its other name', async () => {
    const response = await app.http.raw('GET', '/openapi.json');
    expect(await response.json()).toEqual(document);
  });
});

describe('the committed document, which the build makes of the types too', () => {
  it('describes what is null by OpenAPI 3.1 alone, so that every generator reads it', () => {
    expect(committed.openapi).toBe('3.1.0');
    expect(JSON.stringify(committed)).not.toContain('"nullable"');
    expect(schemas()['AgentDto']?.properties?.['agentcore_config']).toEqual({
      anyOf: [{ $ref: '#/components/schemas/AgentCoreConfigDto' }, { type: 'null' }],
    });
  });

  it('lists the values of statuses, roles and kinds', () => {
    const enumOf = (name: string, property: string) => schemas()[name]?.properties?.[property]?.enum;
    expect(enumOf('AgentDto', 'status')).toEqual(['building', 'error', 'offline', 'running']);
    expect(enumOf('ProjectDto', 'status')).toEqual(['building', 'completed', 'failed', 'paused', 'pausing', 'pending']);
    expect(enumOf('MessageDto', 'role')).toEqual(['assistant', 'system', 'tool', 'user']);
    expect(enumOf('InvocationDto', 'status')).toEqual(['failed', 'running', 'success', 'waiting']);
    expect(enumOf('StageDto', 'stage_name')).toEqual([...STAGE_NAMES].sort());
    expect(enumOf('StageDto', 'status')).toEqual([...STAGE_STATUSES].sort());
    expect(enumOf('ProjectDto', 'current_sub_stage')).toEqual([...[...SUB_STAGE_NAMES].sort(), null]);
    expect(Object.keys(schemas()['AgentNameMapDto']?.properties ?? {})).toEqual(STAGE_NAMES);
    const free = ['DeliverableDto', 'DeliverableInputDto', 'DeliverableStateDto'];
    // HTTP statuses that an imported API documents.
    free.push('OperationErrorDto');
    // The role of an agent, or of a member of its team, is a phrase.
    free.push('AgentDefinitionDto', 'EditDefinitionDto', 'TeamMemberDto');
    const untold = properties().filter(
      ({ schema, property, of }) =>
        /^(?:\w+_)?(?:status|role|kind|level|health|priority|outcome|direction)$/.test(property) &&
        [of.type].flat().includes('string') &&
        !of.enum &&
        !free.includes(schema) &&
        !['our_role', 'partner_role'].includes(property),
    );
    expect(untold.map(({ schema, property }) => `${schema}.${property}`)).toEqual([]);
  });

  it('says of every time that it is a date-time, and of every day that it is a date', () => {
    const formatOf = (pattern: RegExp) => [
      ...new Set(
        properties()
          .filter(({ property, of }) => pattern.test(property) && [of.type].flat().includes('string'))
          .map(({ of }) => of.format),
      ),
    ];
    expect(formatOf(/^(?:\w+_)?at$|^timestamp$|^(?:last|next)_check$|^last_updated$|^estimated_completion$/)).toEqual([
      'date-time',
    ]);
    expect(formatOf(/^date$|^(?:start|end)_date$/)).toEqual(['date']);
  });

  it('answers errors as JSON only, and never the events of a stream as a record', () => {
    const contents = operations(committed).flatMap(({ name, responses }) =>
      Object.entries(responses).map(([status, { content = {} }]) => ({ name, status, content })),
    );
    const errors = contents.filter(({ status, content }) => Number(status) >= 400 && Object.keys(content).length > 0);
    expect(errors.filter(({ content }) => Object.keys(content).join() !== 'application/json')).toEqual([]);
    const streams = contents.filter(({ content }) => 'text/event-stream' in content);
    expect(streams.length).toBeGreaterThanOrEqual(4);
    expect(streams.filter(({ content }) => content['text/event-stream']?.schema?.type !== undefined)).toEqual([]);
  });

  it('offers a retry key where one is honoured, with what a wrong one answers', () => {
    const posts = operations(committed).filter(({ name }) => name.startsWith('post'));
    const takesKey = ({ parameters = [] }: Operation) => parameters.some(({ name }) => name === 'Idempotency-Key');
    expect(names(posts.filter((post) => !takesKey(post)))).toContain('post /api/v1/auth/login');
    const keyed = posts.filter(takesKey);
    expect(names(keyed)).toContain('post /api/v1/projects');
    expect(names(keyed.filter(({ responses }) => !responses['409'] || !responses['422']))).toEqual([]);
  });

  it('describes what validation allows: null for what is optional, and the length of each entry of a list', () => {
    const { model_id, tags } = schemas()['CreateProjectDto']?.properties ?? {};
    expect(model_id).toMatchObject({ type: ['string', 'null'], minLength: 1, maxLength: 200 });
    expect(tags?.items).toMatchObject({ type: 'string', minLength: 1, maxLength: 100 });
    expect(schemas()['CreateProjectDto']?.additionalProperties).toBe(false);
    expect(schemas()['ProjectDto']?.additionalProperties).toBeUndefined();
  });
});

describe('the pages of the documentation', () => {
  it.each(['/docs', '/redoc'])('%s loads nothing from another host, and all it loads is there', async (page) => {
    const response = await app.http.raw('GET', page);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('text/html'),
    ]);
    const html = await response.text();
    const assets = [...html.matchAll(/<(?:script|link|img|iframe)[^>]*\s(?:src|href)="([^"]+)"/g)].map(
      ([, url]) => new URL(url ?? '', response.url),
    );
    expect(assets.length).toBeGreaterThan(0);
    expect(assets.filter(({ origin }) => origin !== app.url).map(String)).toEqual([]);
    for (const { pathname } of assets) {
      const asset = await app.http.raw('GET', pathname);
      expect([pathname, asset.status]).toEqual([pathname, 200]);
      expect((await asset.text()).length).toBeGreaterThan(100);
    }
  });

  it.each([
    '/docs/package.json',
    '/docs/README.md',
    '/docs/swagger-ui.js.map',
    '/docs/docs/index.js',
    '/redoc-assets/',
  ])('do not serve %s', async (path) => {
    const response = await app.http.raw('GET', path);
    expect([response.status, response.headers.get('content-type')]).toEqual([404, 'application/json; charset=utf-8']);
  });

  it.each([
    ['range', 'bytes=999999999-'],
    ['if-match', '"another"'],
    ['if-unmodified-since', 'Thu, 01 Jan 1970 00:00:00 GMT'],
  ])('answer a GET with %s as any other', async (header, value) => {
    for (const path of ['/docs/swagger-ui.css', '/redoc-assets/redoc.standalone.js', '/docs-json'])
      expect((await app.http.raw('GET', path, undefined, { [header]: value })).status).toBe(200);
  });

  it('may load from this host only', async () => {
    const { headers } = await app.http.raw('GET', '/redoc');
    const policy = headers.get('content-security-policy') ?? '';
    const hosts = policy.match(/https?:[^;\s]*/g) ?? [];
    expect(hosts).toEqual([]);
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("base-uri 'none'");
    expect(policy).toContain("object-src 'none'");
  });
});

describe('/', () => {
  const asked = (accept: string) => app.http.raw('GET', '/', undefined, { accept });

  it('is a page for a browser, with links to routes that are there and without scripts', async () => {
    const response = await asked('text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8');
    expect([response.status, response.headers.get('content-type'), response.headers.get('vary')]).toEqual([
      200,
      'text/html; charset=utf-8',
      'Accept',
    ]);
    expect(response.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/=]+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    );
    const html = await response.text();
    const links = [...html.matchAll(/href="([^"]+)"/g)].map(([, path = '']) => path);
    expect(links).toEqual(['/docs', '/redoc', '/openapi.json', '/health/detailed', '/health/metrics']);
    for (const path of links) expect([path, (await app.http.raw('GET', path)).status]).toEqual([path, 200]);
    expect(html).toContain(`<pre>curl ${app.url}/api/v1/auth/login `);
  });

  it.each(['*/*', 'application/json'])('is JSON with links for %s', async (accept) => {
    expect(await (await asked(accept)).json()).toMatchObject({
      success: true,
      data: { name: 'Nexus', links: { docs: '/docs', openapi: '/openapi.json', sign_in: '/api/v1/auth/login' } },
      request_id: expect.stringMatching(/^req_/) as unknown,
    });
  });
});

describe('every answer', () => {
  it.each(['/health', '/api/v1/projects', '/api/v1/nothing', '/docs'])(
    '%s carries the security headers',
    async (path) => {
      const { headers } = await app.http.raw('GET', path);
      expect(Object.fromEntries(headers)).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'content-security-policy': expect.stringContaining("default-src 'self'") as unknown,
        'x-request-id': expect.stringMatching(/^req_/) as unknown,
      });
      expect(headers.get('x-powered-by')).toBeNull();
      // A browser that was told so over HTTP would never again come to a development machine.
      expect(headers.get('strict-transport-security')).toBeNull();
    },
  );
});
