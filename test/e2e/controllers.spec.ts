import { ModulesContainer } from '@nestjs/core';
import type { OpenAPIObject } from '@nestjs/swagger';
import {
  ConflictError,
  DatabaseError,
  InvalidStateError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitedError,
} from '../../src/shared/domain-error.js';
import { startApp, type TestApp } from '../support/app.js';
import type { HttpClient } from '../support/http.js';
import { type Operation, operationsOf } from '../support/operations.js';

/** Parts of a controller that are not services: they know HTTP or the settings, and stay as they are. */
const KEPT = /^(Settings|Clock|Ids|RequestContext|BrowserCookies|SessionCookies|HttpAdapterHost|ModuleRef)$/;
const REFUSALS = [
  [400, 'INVALID_STATE', new InvalidStateError('The thing is not ready', { details: { state: 'new' } })],
  [403, 'PERMISSION_DENIED', new PermissionDeniedError('The thing is not yours')],
  [404, 'RESOURCE_NOT_FOUND', new NotFoundError('Thing', 'thing_1')],
  [409, 'RESOURCE_CONFLICT', new ConflictError('The thing was changed')],
  [429, 'RATE_LIMIT_EXCEEDED', new RateLimitedError('Too many things', 7)],
  [500, 'INTERNAL_ERROR', new Error('internal-detail')],
  [500, 'DATABASE_ERROR', new DatabaseError('The database operation failed', { cause: new Error('internal-detail') })],
] as const;

let app: TestApp;
let http: HttpClient;
let operations: Operation[];
let thrown: Error;
/** Methods of services that the present request called. */
let called: string[] = [];

beforeAll(async () => {
  app = await startApp({ NEXUS_ALLOW_REGISTRATION: 'true', SMTP_URL: 'smtp://127.0.0.1:1' });
  http = app.http.as('default', 'operator', ['system_admin', 'admin']);
  await http.get('/api/v1/auth/me');
  operations = operationsOf((await (await http.raw('GET', '/docs-json')).json()) as OpenAPIObject);
  for (const module of app.app.get(ModulesContainer).values())
    for (const { instance, name } of module.controllers.values()) fakeServices(String(name), instance);
});
afterAll(() => app.close());

/** Every method of every service of a controller throws `thrown`. */
function fakeServices(controller: string, instance: object): void {
  for (const [field, service] of Object.entries(instance) as [string, object | null][]) {
    const type = service?.constructor.name ?? '';
    if (typeof service !== 'object' || service === null || KEPT.test(type) || type === 'Object') continue;
    const fake = new Proxy(service, {
      get: (target, method) => {
        const own: unknown = Reflect.get(target, method);
        if (typeof own !== 'function') return own;
        return () => {
          called.push(`${controller}: ${type}.${String(method)}`);
          throw thrown;
        };
      },
    });
    Reflect.set(instance, field, fake);
  }
}

interface Answered {
  operation: Operation;
  called: string[];
  status: number;
  headers: Headers;
  text: string;
}

async function ask(operation: Operation, body = operation.body): Promise<Answered> {
  called = [];
  const path = operation.path.replace(/\{\*?(\w+)\}/g, (_, name: string) =>
    name === 'org_id' ? 'default' : name === 'scope' ? 'agent' : `some_${name}`,
  );
  const { method, is_upload } = operation;
  const response =
    is_upload && body === undefined
      ? await http.rawForm(method, path, 'a note')
      : await http.raw(method, path, body && JSON.stringify(body), { 'content-type': 'application/json' });
  return { operation, called, status: response.status, headers: response.headers, text: await response.text() };
}

it.each(REFUSALS)('%i %s: every route passes on what its service throws', async (status, code, error) => {
  thrown = error;
  const wrong: unknown[] = [];
  let reached = 0;
  for (const operation of operations) {
    const answer = await ask(operation);
    if (answer.called.length === 0) continue;
    reached += 1;
    const body = JSON.parse(answer.text) as { success?: boolean; error: Record<string, unknown> };
    const isOwn = operation.path.startsWith('/api/') ? body.success === false && body.error['code'] === code : true;
    const isWhole = operation.path.startsWith('/api/')
      ? ['code', 'details', 'message', 'suggestion', 'trace_id'].every((field) => field in body.error)
      : 'error' in body;
    const waits = status !== 429 || answer.headers.get('retry-after') === '7';
    if (answer.status !== status || !isOwn || !isWhole || !waits || answer.text.includes('internal-detail'))
      wrong.push([operation.name, answer.status, answer.text.slice(0, 200)]);
  }
  expect(wrong).toEqual([]);
  expect(reached).toBeGreaterThan(100);
});

/** Without a service, or with formats of their own, which test/clients and the protocols' specs hold. */
const OTHERS = /^(Stages|StreamTickets|Mock|Mcp|A2a|OpenAi|AgUi|AiSdk)(?!Switch)/;

it('reaches a service of every controller', async () => {
  thrown = new NotFoundError('Thing', 'thing_1');
  const reached = new Set<string>();
  for (const operation of operations)
    for (const call of (await ask(operation)).called) reached.add(call.split(':')[0] ?? '');
  const controllers = [...app.app.get(ModulesContainer).values()].flatMap((module) =>
    [...module.controllers.values()].map(({ name }) => String(name)),
  );
  expect(controllers.filter((name) => !OTHERS.test(name) && !reached.has(name))).toEqual([]);
  expect(controllers.length).toBeGreaterThan(30);
});

it('refuses an unknown field by its name before any service is asked', async () => {
  thrown = new Error('asked');
  const wrong: unknown[] = [];
  const withBody = operations.filter(({ body, path }) => body !== undefined && path.startsWith('/api/'));
  for (const operation of withBody) {
    const answer = await ask(operation, { ...operation.body, not_a_field: 1 });
    const body = JSON.parse(answer.text) as { error: { code: string; details: { fields?: object } } };
    const isNamed = Object.keys(body.error.details.fields ?? {}).includes('not_a_field');
    if (answer.status !== 400 || !isNamed || answer.called.length > 0)
      wrong.push([operation.name, answer.status, answer.called, answer.text.slice(0, 200)]);
  }
  expect(wrong).toEqual([]);
  expect(withBody.length).toBeGreaterThan(40);
});
