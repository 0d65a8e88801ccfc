// The official conformance suite against this platform's door. It sends no credentials, so a front adds them. Scenarios that fail are named
// in EXPECTED with the reason; one that passes although it is named there fails this test too.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request as send } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Test } from '@nestjs/testing';
import { conformanceServer } from './fixture.mjs';

const root = new URL('../../../dist/', import.meta.url);
const load = (path) => import(new URL(path, root).href);
/** Scenario → why it fails. */
const EXPECTED = {
  '2026-07-28': {},
  '2025-11-25': Object.fromEntries([
    ...[
      'tools-call-sampling',
      'tools-call-elicitation',
      'elicitation-sep1034-defaults',
      'elicitation-sep1330-enums',
    ].map((name) => [name, 'each request is served by itself, so the server cannot ask the client in between']),
    ...['resources-subscribe', 'resources-unsubscribe'].map((name) => [
      name,
      'subscriptions are offered in 2026-07-28 only',
    ]),
  ]),
};
const PASSWORD = 'an administrator of client tests';

const directory = mkdtempSync(join(tmpdir(), 'nexus-conformance-'));
let app;
let front;

before(async () => {
  const [{ AppModule }, { configureApp }, { parseSettings }, { McpServers }, { McpServersModule }, { TableCreation }] =
    await Promise.all([
      load('app.module.js'),
      load('configure-app.js'),
      load('platform/config/load-settings.js'),
      load('protocols/mcp/mcp-servers.js'),
      load('protocols/mcp/mcp-servers.module.js'),
      load('platform/database/tables/table-creation.js'),
    ]);
  const settings = parseSettings({
    ENVIRONMENT: 'test',
    LOG_LEVEL: 'silent',
    API_PORT: '0',
    NEXUS_DATA_DIR: directory,
    NEXUS_ADMIN_EMAIL: 'admin@nexus.test',
    NEXUS_ADMIN_PASSWORD: PASSWORD,
    NEXUS_BCRYPT_ROUNDS: '4',
    RATE_LIMIT_PER_MINUTE: '1000000',
  });
  // Nest overrides no provider of a module that is loaded later, so this one is loaded with the others.
  const module = await Test.createTestingModule({ imports: [AppModule.forRoot(settings), McpServersModule] })
    .overrideProvider(McpServers)
    .useValue(Object.assign(Object.create(McpServers.prototype), { create: conformanceServer }))
    .compile();
  app = module.createNestApplication({ logger: false, bodyParser: false });
  await app.get(TableCreation).createMissing();
  configureApp(app);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address();
  const token = await signedIn(port);
  front = createServer((request, response) => {
    const headers = { ...request.headers, authorization: `Bearer ${token}` };
    const forwarded = send(
      { port, host: '127.0.0.1', method: request.method, path: request.url, headers },
      (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        response.flushHeaders();
        answer.pipe(response);
      },
    );
    forwarded.on('error', () => response.destroy());
    response.on('close', () => forwarded.destroy());
    request.pipe(forwarded);
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
});
after(async () => {
  front?.closeAllConnections();
  front?.close();
  await app?.close();
  rmSync(directory, { recursive: true, force: true });
});

for (const revision of Object.keys(EXPECTED))
  test(`the conformance suite, revision ${revision}`, async (context) => {
    const { port } = front.address();
    const output = await run([
      'server',
      '--url',
      `http://localhost:${port}/mcp`,
      '--requirements',
      revision,
      '-o',
      directory,
    ]);
    if (process.env.VERBOSE) console.log(output);
    const unscored = new Set([...output.matchAll(/^ {2}[✓✗] ([\w-]+) \([\w-]+\)$/gm)].map(([, name]) => name));
    const lines = [...output.matchAll(/^[✓✗] ([\w-]+): (\d+) passed, (\d+) failed/gm)].filter(
      ([, name]) => !unscored.has(name),
    );
    assert.ok(lines.length >= 10, `the suite said: ${output.slice(-3000)}`);
    const failed = lines.filter(([, , , count]) => Number(count) > 0).map(([, name]) => name);
    const checks = lines.reduce((sum, [, , passed]) => sum + Number(passed), 0);
    context.diagnostic(`${lines.length - failed.length} of ${lines.length} required scenarios pass, ${checks} checks`);
    for (const [name, reason] of Object.entries(EXPECTED[revision])) context.diagnostic(`expected: ${name}: ${reason}`);
    assert.deepEqual(failed.toSorted(), Object.keys(EXPECTED[revision]).toSorted());
  });

async function run(args) {
  const suite = spawn('npx', ['conformance', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [suite.stdout, suite.stderr]) stream.on('data', (chunk) => (output += chunk));
  await once(suite, 'close');
  return output;
}

async function signedIn(port) {
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'admin@nexus.test', password: PASSWORD }),
    });
    if (response.ok) return (await response.json()).access_token;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
