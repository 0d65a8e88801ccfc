import type { OpenAPIObject } from '@nestjs/swagger';
import { startApp, type TestApp } from '../support/app.js';

let app: TestApp;
let document: OpenAPIObject;

beforeAll(async () => {
  app = await startApp();
  document = (await (await app.http.raw('GET', '/docs-json')).json()) as OpenAPIObject;
});
afterAll(() => app.close());

interface Operation {
  operationId?: string;
  summary?: string;
  tags?: string[];
  deprecated?: boolean;
  responses: Record<string, { description?: string }>;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const operations = (): (Operation & { name: string })[] =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Operation>)
      .filter(([method]) => METHODS.includes(method))
      .map(([method, operation]) => ({ ...operation, name: `${method} ${path}` })),
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
    const withPrincipal = operations().filter(({ tags }) => !tags?.includes('health') && !tags?.includes('stages'));
    expect(names(withPrincipal.filter(lacks(/^401$/)))).toEqual([]);
    expect(names(withPrincipal.filter(lacks(/^500$/)))).toEqual([]);
    expect(names(withPrincipal.filter(({ name }) => name.includes('{')).filter(lacks(/^404$/)))).toEqual([]);
    expect(names(withPrincipal.filter(({ name }) => /^(post|put)/.test(name)).filter(lacks(/^400$/)))).toEqual([]);
    expect(names(operations().filter(lacks(/^(2\d\d|302)$/)))).toEqual([]);
  });

  it('marks the older routes and only them as deprecated', () => {
    const all = operations();
    const older = names(all.filter(({ tags }) => tags?.includes('older routes')));
    expect(names(all.filter(({ deprecated }) => deprecated))).toEqual(older);
    expect(older.length).toBeGreaterThanOrEqual(12);
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

  it('may load from this host only', async () => {
    const { headers } = await app.http.raw('GET', '/redoc');
    const policy = headers.get('content-security-policy') ?? '';
    const hosts = policy.match(/https?:[^;\s]*/g) ?? [];
    expect(hosts).toEqual([]);
    expect(policy).toContain("script-src 'self'");
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
