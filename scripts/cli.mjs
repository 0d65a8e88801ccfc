// Bundles the command line to cli/dist/nexus.js: one file without dependencies. Does nothing when nothing has changed; `--force` bundles
// in any case.
import { chmodSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
const OUTPUT = join(ROOT, 'cli/dist/nexus.js');
const INPUTS = ['cli/src', 'cli/package.json', 'sdks/typescript/src', 'scripts/cli.mjs', 'package-lock.json'];

const timeOf = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

/** The newest change in a file or folder, in milliseconds. */
function newestIn(path) {
  if (!existsSync(path)) return 0;
  if (!statSync(path).isDirectory()) return timeOf(path);
  return Math.max(timeOf(path), ...readdirSync(path).map((name) => newestIn(join(path, name))));
}

/** Returns whether something was built. Installations without the packages for it, such as an image's, build nothing. */
export async function buildCli({ force = false } = {}) {
  if (!existsSync(join(ROOT, 'node_modules/rolldown')) || !existsSync(join(ROOT, 'cli/src'))) return false;
  if (!force && timeOf(OUTPUT) > Math.max(...INPUTS.map((path) => newestIn(join(ROOT, path))))) return false;
  const { rolldown } = await import('rolldown');
  const bundle = await rolldown({
    input: join(ROOT, 'cli/src/nexus.ts'),
    platform: 'node',
    resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
    transform: { target: 'node20' },
    logLevel: 'warn',
  });
  rmSync(join(OUTPUT, '..'), { recursive: true, force: true });
  await bundle.write({ file: OUTPUT, format: 'esm' });
  await bundle.close();
  chmodSync(OUTPUT, 0o755);
  return true;
}

if (import.meta.filename === process.argv[1]) await buildCli({ force: process.argv.includes('--force') });
