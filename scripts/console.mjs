// Builds the console to console/dist: its client from openapi.json, its pages, and compressed copies of its files. Does nothing when
// nothing has changed. `--client` writes the client only, which its types need; `--force` builds in any case.
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const [FOLDER, DOCUMENT] = ['console', 'openapi.json'];
const CLIENT = join(FOLDER, 'src/client');
const OUTPUT = join(FOLDER, 'dist');
/** A change of these makes the build stale. The client is made from the document, so it is not among them. */
const INPUTS = ['src', 'public', 'index.html', 'vite.config.ts', 'package.json'].map((name) => join(FOLDER, name));
const COMPRESSED = /\.(?:js|css|svg|json|webmanifest)$/;
/** High enough to be small, low enough to take a tenth of a second. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };

const timeOf = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

/** The newest change in a file or folder, in milliseconds. */
function newestIn(path) {
  if (!existsSync(path) || path === CLIENT) return 0;
  if (!statSync(path).isDirectory()) return timeOf(path);
  return Math.max(timeOf(path), ...readdirSync(path).map((name) => newestIn(join(path, name))));
}

const clientIsStale = () =>
  timeOf(join(CLIENT, 'sdk.gen.ts')) < Math.max(timeOf(DOCUMENT), timeOf('scripts/console.mjs'));
const builtAt = () => timeOf(join(OUTPUT, 'index.html'));
const isStale = () => clientIsStale() || builtAt() < Math.max(timeOf(DOCUMENT), ...INPUTS.map(newestIn));

export async function writeClient() {
  if (!clientIsStale()) return;
  const { createClient } = await import('@hey-api/openapi-ts');
  await createClient({
    input: DOCUMENT,
    output: { path: CLIENT, postProcess: [] },
    logs: { level: 'silent', file: false },
    plugins: ['@hey-api/client-fetch', '@hey-api/typescript', { name: '@hey-api/sdk', examples: false }],
  });
}

async function compress(folder) {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && COMPRESSED.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  await Promise.all(
    paths.map(async (path) => {
      const content = readFileSync(path);
      const [small, older] = await Promise.all([promisify(brotliCompress)(content, BROTLI), promisify(gzip)(content)]);
      writeFileSync(`${path}.br`, small);
      writeFileSync(`${path}.gz`, older);
    }),
  );
}

/** Returns whether something was built. Installations without the console's packages, such as an image's, build nothing. */
export async function buildConsole({ force = false } = {}) {
  if (!existsSync('node_modules/vite') || !existsSync(join(FOLDER, 'index.html'))) return false;
  if (!force && !isStale()) return false;
  const startedAt = performance.now();
  const [{ build }] = await Promise.all([import('vite'), writeClient()]);
  rmSync(OUTPUT, { recursive: true, force: true });
  await build({ root: FOLDER, logLevel: 'error' });
  await compress(OUTPUT);
  process.stderr.write(`Built the console in ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
  return true;
}

if (import.meta.filename === process.argv[1]) {
  if (process.argv.includes('--client')) await writeClient();
  else await buildConsole({ force: process.argv.includes('--force') });
}
