// Generates clients in every language, compiles them and runs their own tests. What that needs is installed once, outside of the
// checkout: in NEXUS_TEST_CACHE, by default ~/.cache/nexus-generated. Python 3.11 or later and Go 1.24 or later must be there.
// Usage: npm run test:generated [-- <arguments of jest>]
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const GO_GENERATOR = 'github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2';
const PYTHON_TEST_TOOLS = ['mypy==2.4.1'];

const requirements = readFileSync('generators/requirements.txt', 'utf8');
const version = createHash('sha256')
  .update(requirements + GO_GENERATOR + PYTHON_TEST_TOOLS.join())
  .digest('hex')
  .slice(0, 12);
const cache = join(process.env.NEXUS_TEST_CACHE ?? join(homedir(), '.cache/nexus-generated'), version);
const python = process.env.PYTHON ?? 'python3';

function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', ...options });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${error?.message ?? status}`);
}

if (!existsSync('generators/node_modules/@hey-api/openapi-ts'))
  run('npm', ['ci', '--no-audit', '--no-fund', '--prefix', 'generators']);
if (!existsSync(join(cache, 'python/bin/openapi-python-client'))) {
  // A virtual environment holds its own path, so it is made in place and a broken one made again.
  rmSync(join(cache, 'python'), { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  run(python, ['-m', 'venv', join(cache, 'python')]);
  run(join(cache, 'python/bin/pip'), ['install', '-q', '-r', 'generators/requirements.txt', ...PYTHON_TEST_TOOLS]);
}
if (!existsSync(join(cache, 'oapi-codegen'))) {
  const bin = join(cache, 'go');
  run('go', ['install', GO_GENERATOR], { env: { ...process.env, GOBIN: bin } });
  renameSync(join(bin, 'oapi-codegen'), join(cache, 'oapi-codegen'));
}
const { status } = spawnSync(
  process.execPath,
  [
    ...['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', '--testTimeout=240000'],
    ...['--selectProjects', 'generated', ...process.argv.slice(2)],
  ],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      NEXUS_TEST_GENERATED: 'true',
      CLIENT_GENERATOR_PYTHON: join(cache, 'python/bin/openapi-python-client'),
      CLIENT_GENERATOR_GO: join(cache, 'oapi-codegen'),
      NEXUS_TEST_CACHE: cache,
    },
  },
);
process.exitCode = status ?? 1;
