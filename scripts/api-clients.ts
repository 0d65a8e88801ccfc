// Generates the client of a catalogue in each language, compiles it strictly, and runs the test that it brings.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { clientTasks } from '../src/integrations/catalogue/client-tasks.js';
import type { Catalogue } from '../src/integrations/catalogue/operation.js';
import { CLIENT_LANGUAGES, type ClientLanguageName } from '../src/integrations/clients/client-language.js';
import { ClientPackages } from '../src/integrations/clients/client-packages.js';

const NODE_MODULES = join(process.cwd(), 'node_modules');
const PACKAGE = 'sample-client';
const SHOWN = 2_000;

/** @throws Error with the end of what it printed */
function run(cwd: string, env: Record<string, string>, command: string, ...args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env } });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${command} ${args.join(' ')}: ${code}\n${output.slice(-SHOWN)}`)),
    );
  });
}

/** What a user does with the package of each language: compile it strictly, run its test. */
const CHECKS: Record<ClientLanguageName, (cwd: string, tools: string) => Promise<void>> = {
  typescript: async (cwd) => {
    symlinkSync(NODE_MODULES, join(cwd, 'node_modules'));
    const compiler = join(NODE_MODULES, 'typescript/bin/tsc');
    await run(cwd, {}, process.execPath, '--max-old-space-size=4096', compiler, '--strict');
    await run(cwd, {}, process.execPath, '--test', 'dist/test/client.test.js');
  },
  python: async (cwd, tools) => {
    const bin = join(tools, 'python/bin');
    await run(cwd, {}, join(bin, 'mypy'), '--strict', '--cache-dir', join(cwd, '.mypy'), 'sample_client');
    const env = { PYTHONDONTWRITEBYTECODE: '1' };
    await run(cwd, env, join(bin, 'python'), '-m', 'unittest', 'discover', '-s', 'tests');
  },
  go: async (cwd) => {
    await run(cwd, {}, 'go', 'vet', './...');
    await run(cwd, {}, 'go', 'test', './...');
  },
};

/** Operations that the client of each language has, when it compiles and its test passes; otherwise what went wrong. */
export async function clientsOf(catalogue: Catalogue, tools: string): Promise<{ cells: string[]; failures: string[] }> {
  const python = join(tools, 'python/bin/openapi-python-client');
  const packages = new ClientPackages({ python, go: join(tools, 'oapi-codegen') });
  const plan = clientTasks.plan_client([catalogue], { server: null });
  const failures: string[] = [];
  const cells: string[] = [];
  for (const language of CLIENT_LANGUAGES) {
    if (plan.operations.length === 0) {
      cells.push('none');
      continue;
    }
    const cwd = mkdtempSync(join(tmpdir(), 'api-client-'));
    const started = performance.now();
    try {
      const { files, operations } = await packages.packageOf(language, plan, PACKAGE);
      for (const [path, content] of Object.entries(files)) {
        mkdirSync(dirname(join(cwd, path)), { recursive: true });
        writeFileSync(join(cwd, path), content);
      }
      await CHECKS[language](cwd, tools);
      cells.push(`${operations.length} / ${plan.operations.length}`);
    } catch (error) {
      const details = error instanceof Error && 'details' in error ? JSON.stringify(error.details) : '';
      failures.push(`${language}: ${String(error)} ${details}`);
      cells.push('failed');
    } finally {
      rmSync(cwd, { recursive: true, force: true });
    }
    process.stderr.write(`  ${language}: ${cells.at(-1)}, ${Math.round((performance.now() - started) / 1_000)} s\n`);
  }
  return { cells, failures };
}
