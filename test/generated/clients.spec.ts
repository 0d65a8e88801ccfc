import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { unzip } from '../../src/platform/archive/zip.js';
import { startApp, type TestApp } from '../support/app.js';
import type { HttpClient } from '../support/http.js';
import { apiDocument, importApi } from '../support/imported-api.js';

const CACHE = process.env['NEXUS_TEST_CACHE'] ?? '';
const NODE_MODULES = join(process.cwd(), 'node_modules');
const LIMITS = { files_max: 10_000, bytes_max: 100_000_000 };
const DOCUMENTS = [
  'books.openapi-3.1.yaml',
  'payments.openapi-3.0.json',
  'orders.swagger-2.0.json',
  'tickets.postman-2.1.json',
  'library.graphql',
];

let app: TestApp;
let http: HttpClient;
let folder: string;

beforeAll(async () => {
  app = await startApp({
    CLIENT_GENERATOR_PYTHON: process.env['CLIENT_GENERATOR_PYTHON'] ?? '',
    CLIENT_GENERATOR_GO: process.env['CLIENT_GENERATOR_GO'] ?? '',
  });
  http = app.http.as('client-org');
  folder = mkdtempSync(join(tmpdir(), 'generated-clients-'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await app.close();
});

/** Runs a command to its end without blocking the mock in this process. */
function run(cwd: string, env: Record<string, string>, command: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env } });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0
        ? resolve(output)
        : reject(new Error(`${command} ${args.join(' ')}: ${code}\n${output.slice(-6_000)}`)),
    );
  });
}

async function generate(integration_id: string, language: string): Promise<Buffer> {
  const answer = await fetch(`${app.url}/api/v1/integrations/${integration_id}/clients`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...http.headers },
    body: JSON.stringify({ language, package_name: 'sample-client' }),
  });
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
  expect(answer.headers.get('content-type')).toBe('application/zip');
  return Buffer.from(await answer.arrayBuffer());
}

/** What a user does with the package of each language: compile it strictly, run its test. */
const CHECKS: Record<string, (cwd: string, env: Record<string, string>) => Promise<string>> = {
  typescript: async (cwd, env) => {
    symlinkSync(NODE_MODULES, join(cwd, 'node_modules'));
    await run(cwd, env, process.execPath, join(NODE_MODULES, 'typescript/bin/tsc'), '--strict');
    return run(cwd, env, process.execPath, '--test', '--test-reporter=tap', 'dist/test/client.test.js');
  },
  python: async (cwd, env) => {
    const bin = join(CACHE, 'python/bin');
    await run(cwd, env, join(bin, 'mypy'), '--strict', '--cache-dir', join(folder, 'mypy'), 'sample_client');
    return run(
      cwd,
      { ...env, PYTHONDONTWRITEBYTECODE: '1' },
      join(bin, 'python'),
      '-m',
      'unittest',
      'discover',
      '-v',
      '-s',
      'tests',
    );
  },
  go: async (cwd, env) => {
    await run(cwd, env, 'go', 'vet', './...');
    return run(cwd, env, 'go', 'test', '-v', './...');
  },
};

describe.each(Object.keys(CHECKS))('a client in %s', (language) => {
  it.each(DOCUMENTS)(
    'of %s compiles strictly, passes its test against the mock, and has the same bytes each time',
    async (name) => {
      const { integration_id } = await importApi(http, apiDocument(name));
      await http.post(`/api/v1/integrations/${integration_id}/mock`, { mode: 'on' });
      const archives: Buffer[] = [];
      for (let time = 0; time < 3; time++) archives.push(await generate(integration_id, language));
      expect(archives.map((one) => one.equals(archives[0] as Buffer))).toEqual([true, true, true]);
      const cwd = join(folder, `${language}-${name}`);
      for (const [path, content] of Object.entries(await unzip(archives[0] as Buffer, LIMITS))) {
        const file = join(cwd, path.replace(/^sample-client\//, ''));
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, content);
      }
      const output = await CHECKS[language]!(cwd, { API_BASE_URL: `${app.url}/mock/${integration_id}` });
      expect(output).toMatch({ typescript: /# fail 0/, python: /^OK$/m, go: /^PASS$/m }[language]!);
    },
  );
});
