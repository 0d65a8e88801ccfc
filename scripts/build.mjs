// Compiles src/ to dist/ with swc, file by file: only what has changed, and without checking types (npm run types does). Copies YAML as it is.
// Builds the command line and the console too, see scripts/cli.mjs and scripts/console.mjs. `--platform` leaves the console out. `--watch` runs the platform and restarts it after every change.
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transform } from '@swc/core';
import { buildCli } from './cli.mjs';
import { buildConsole } from './console.mjs';

const [SOURCE, OUTPUT] = ['src', 'dist'];
/** A change of these makes every file stale. */
const INPUTS = ['.swcrc', 'package.json', 'scripts/build.mjs'];
const SHARED = JSON.parse(readFileSync('.swcrc', 'utf8'));
/** Node keeps the text of each module and its source map in memory: without comments, columns and sources they take 6 MB less. */
const OPTIONS = {
  ...SHARED,
  jsc: { ...SHARED.jsc, minify: { compress: false, mangle: false, format: { comments: false } } },
  emitSourceMapColumns: false,
  sourceMaps: true,
  inlineSourcesContent: false,
  swcrc: false,
};
/** How long a burst of changes, such as a checkout, may go on before the restart. */
const SETTLED_MS = 50;

const timeOf = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);
const filesOf = (folder, ending) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
        .map((entry) => join(entry.parentPath, entry.name))
    : [];
const outputOf = (path) => join(OUTPUT, relative(SOURCE, path)).replace(/\.ts$/, '.js');

async function compile(path) {
  const output = outputOf(path);
  const { code, map } = await transform(readFileSync(path, 'utf8'), {
    ...OPTIONS,
    filename: resolve(path),
    sourceFileName: relative(dirname(output), path),
  });
  const name = output.slice(output.lastIndexOf('/') + 1);
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(`${output}.map`, map);
  writeFileSync(output, `${code}//# sourceMappingURL=${name}.map\n`);
}

/** Compiles what is newer than its output and removes outputs without a source. Returns how many files were compiled. */
async function build() {
  const sources = filesOf(SOURCE, '.ts').filter((path) => !/\.(spec|d)\.ts$/.test(path));
  const changedAt = Math.max(...INPUTS.map(timeOf));
  const stale = sources.filter((path) => timeOf(outputOf(path)) < Math.max(timeOf(path), changedAt));
  const wanted = new Set(sources.map(outputOf));
  for (const output of filesOf(OUTPUT, '.js'))
    if (!wanted.has(output)) for (const file of [output, `${output}.map`]) rmSync(file, { force: true });
  if (stale.length > 0) process.stderr.write(`Compiling ${stale.length} of ${sources.length} files … `);
  const startedAt = performance.now();
  await Promise.all(stale.map(compile));
  for (const data of filesOf(SOURCE, '.yaml'))
    if (timeOf(outputOf(data)) < timeOf(data)) copyFileSync(data, outputOf(data));
  if (stale.length > 0) process.stderr.write(`done in ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
  return stale.length;
}

/** Bundles the workflows of ENGINE=temporal into the file that workers load. Does nothing if the SDK is not installed. */
async function bundleWorkflows() {
  const [source, sdk, bundle] = ['workflow.mjs', 'sdk.mjs', 'workflow-bundle.cjs'].map((name) =>
    join('temporal', name),
  );
  if (!existsSync('temporal/node_modules') || timeOf(bundle) > Math.max(timeOf(source), timeOf(sdk))) return;
  const { bundleWorkflows: bundled } = await import(pathToFileURL(resolve(sdk)).href);
  writeFileSync(bundle, await bundled());
}

async function serveAndWatch() {
  let platform;
  let timer;
  const restart = async () => {
    try {
      await build();
    } catch (error) {
      process.stderr.write(`${error.message}\n`);
      return;
    }
    const before = platform;
    if (before && before.exitCode === null) {
      const ended = new Promise((done) => before.once('exit', done));
      before.kill('SIGTERM');
      await ended;
    }
    platform = spawn(process.execPath, [join(OUTPUT, 'main.js')], { stdio: 'inherit' });
  };
  let turn = restart();
  watch(SOURCE, { recursive: true }, (_event, name) => {
    if (!name?.endsWith('.ts')) return;
    clearTimeout(timer);
    timer = setTimeout(() => (turn = turn.then(restart)), SETTLED_MS);
  });
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => {
      platform?.once('exit', () => process.exit(0));
      if (!platform || platform.exitCode !== null || !platform.kill(signal)) process.exit(0);
    });
}

try {
  await (process.argv.includes('--watch')
    ? serveAndWatch()
    : Promise.all([
        build(),
        bundleWorkflows(),
        buildCli(),
        ...(process.argv.includes('--platform') ? [] : [buildConsole()]),
      ]));
} catch (error) {
  process.stderr.write(`\nThe build failed:\n${error.message}\n`);
  process.exitCode = 1;
}
