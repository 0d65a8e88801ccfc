// Generates clients in every language, compiles them and runs their own tests. What that needs is installed by generator-tools.mjs;
// Python 3.11 or later and Go 1.24 or later must be there.
// Usage: npm run test:generated [-- <arguments of jest>]
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { generatorTools } from './generator-tools.mjs';

const cache = generatorTools();
// The same project tests the readers of documents, which are installed apart, too.
if (!existsSync('documents/node_modules')) spawnSync('npm', ['run', 'documents:install'], { stdio: 'inherit' });
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
