// Installs the generators of all clients and what checks their code, once, outside of the checkout: in NEXUS_TEST_CACHE, by default
// ~/.cache/nexus-generated. Python 3.11 or later and Go 1.24 or later are used when they are there. Alone it prints the folder.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const GO_GENERATOR = 'github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2';
const PYTHON_TEST_TOOLS = ['mypy==2.4.1'];

function run(command, args, options = {}) {
  // The output goes to the errors: the folder alone is printed.
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2], ...options });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${error?.message ?? status}`);
}

const has = (command, ...args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/** The folder, with `python/bin` and `oapi-codegen`, as far as Python and Go are there. */
export function generatorTools() {
  const requirements = readFileSync('generators/requirements.txt', 'utf8');
  const version = createHash('sha256')
    .update(requirements + GO_GENERATOR + PYTHON_TEST_TOOLS.join())
    .digest('hex')
    .slice(0, 12);
  const cache = join(process.env.NEXUS_TEST_CACHE ?? join(homedir(), '.cache/nexus-generated'), version);
  const python = process.env.PYTHON ?? 'python3';
  mkdirSync(cache, { recursive: true });
  if (!existsSync('generators/node_modules/@hey-api/openapi-ts'))
    run('npm', ['ci', '--no-audit', '--no-fund', '--prefix', 'generators']);
  if (
    !existsSync(join(cache, 'python/bin/mypy')) &&
    has(python, '-c', 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))')
  ) {
    // A virtual environment holds its own path, so it is made in place and a broken one made again.
    rmSync(join(cache, 'python'), { recursive: true, force: true });
    run(python, ['-m', 'venv', join(cache, 'python')]);
    run(join(cache, 'python/bin/pip'), ['install', '-q', '-r', 'generators/requirements.txt', ...PYTHON_TEST_TOOLS]);
  }
  if (!existsSync(join(cache, 'oapi-codegen')) && has('go', 'version')) {
    const bin = join(cache, 'go');
    run('go', ['install', GO_GENERATOR], { env: { ...process.env, GOBIN: bin } });
    renameSync(join(bin, 'oapi-codegen'), join(cache, 'oapi-codegen'));
  }
  return cache;
}

if (import.meta.main) console.log(generatorTools());
