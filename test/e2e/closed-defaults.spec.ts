import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Settings } from '../../src/platform/config/settings.js';
import { startApp, type TestApp } from '../support/app.js';
import { OPEN, temporaryDirectory } from '../support/database.js';

const REQUIREMENT = 'A calculator assistant that works out totals.';
/** Compose writes settings that are not set as empty texts. */
const NOTHING_SET = Object.fromEntries(Object.keys(OPEN).map((name) => [name, '']));
const KEY = Buffer.alloc(32, 7).toString('base64');
const MARKER = join(temporaryDirectory(), 'the-program-has-run');
/** A program that is no MCP server and leaves a trace. */
const program = {
  type: 'stdio',
  command: process.execPath,
  args: ['-e', `require('node:fs').writeFileSync(${JSON.stringify(MARKER)}, '')`],
};

async function project(app: TestApp): Promise<string> {
  const { data } = await app.http.post<{ project_id: string }>('/api/v1/projects', { requirement: REQUIREMENT });
  return data.project_id;
}

const httpTool = (project_id: string, name: string, url: string) => ({
  ...{ kind: 'http', name, description: 'x', project_id },
  config: { method: 'GET', url, input_schema: { type: 'object' } },
});

describe.each(['development', 'test', 'production'])('in %s with nothing set', (environment) => {
  let app: TestApp;
  beforeAll(async () => {
    const production = { JWT_SECRET_KEY: 'ysgFHsJkzQmCuUFKZf0kIXk9JxqL2b7hS1M4vQ', NEXUS_ENCRYPTION_KEY: KEY };
    app = await startApp({
      ...NOTHING_SET,
      ENVIRONMENT: environment,
      ...(environment === 'production' ? production : {}),
    });
  });
  afterAll(() => app.close());

  it('registration is closed', async () => {
    const { status, error } = await app.http.anonymous().post('/api/v1/auth/register', {
      email: 'stranger@example.com',
      password: 'a long enough passphrase',
      name: 'Stranger',
      organization_name: 'Strangers',
    });
    expect({ status, code: error.code }).toEqual({ status: 403, code: 'PERMISSION_DENIED' });
  });

  it('no program is started for a tool', async () => {
    const { status, error } = await app.http.post('/api/v1/tools', {
      ...{ kind: 'mcp', name: 'program', description: 'x', project_id: await project(app) },
      config: { transport: program },
    });
    expect({ status, fields: error.details.fields }).toEqual({
      status: 400,
      fields: { 'config.transport.type': ['"stdio" is disabled here (setting NEXUS_ALLOW_STDIO_TOOLS)'] },
    });
    expect(existsSync(MARKER)).toBe(false);
  });

  it('private addresses are not called', async () => {
    const tool = httpTool(await project(app), 'inner', 'http://127.0.0.1:9/');
    const { status, error } = await app.http.post('/api/v1/tools', tool);
    expect({ status, fields: error.details.fields }).toEqual({
      status: 400,
      fields: { url: ['is a private, loopback, link-local or reserved address'] },
    });
  });
});

describe('with everything open', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  it.each([
    ['the platform', () => app.url],
    ['the platform by name', () => app.url.replace('127.0.0.1', 'localhost')],
    ['the platform by the unspecified address', () => app.url.replace('127.0.0.1', '0.0.0.0')],
    ['the database', () => app.app.get(Settings).get('DYNAMODB_ENDPOINT') ?? ''],
    [
      'the database by name',
      () => (app.app.get(Settings).get('DYNAMODB_ENDPOINT') ?? '').replace('127.0.0.1', 'localhost'),
    ],
  ])('a tool does not reach %s', async (name, url) => {
    const tool = httpTool(await project(app), name.replaceAll(' ', '_'), url());
    const { status, error } = await app.http.post('/api/v1/tools', tool);
    expect({ status, fields: error.details.fields }).toEqual({
      status: 400,
      fields: { url: ['leads to the platform itself or to its database, which outgoing calls never reach'] },
    });
  });

  it('a program is not started for a tool whose name is taken', async () => {
    const project_id = await project(app);
    const taken = httpTool(project_id, 'taken', 'https://example.com/');
    expect((await app.http.post('/api/v1/tools', taken)).status).toBe(201);
    const { status } = await app.http.post('/api/v1/tools', {
      ...{ kind: 'mcp', name: 'taken', description: 'x', project_id },
      config: { transport: program },
    });
    expect(status).toBe(409);
    expect(existsSync(MARKER)).toBe(false);
  });
});
