// The tests of ENGINE=temporal. Usage: npm run test:temporal-java | npm run test:temporal [-- <arguments of Jest>]
// java: on the test server of Maven Central, which has no schedules. server: on the development server of Temporal's command line: the one
// that TEMPORAL_CLI names, `temporal` on the path, or one that is built here with Go, once: 7 minutes and 1.9 GB of memory.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Newer ones cannot be installed by `go install`. */
const VERSION = 'v1.5.1';
const [kind, ...more] = process.argv.slice(2);

const found = (program, ...args) => spawnSync(program, args, { stdio: 'ignore' }).status === 0;

function skip(reason) {
  console.log(`SKIPPED: npm run test:temporal${kind === 'java' ? '-java' : ''}: ${reason}`);
  process.exit(process.env.NEXUS_TEMPORAL_REQUIRED === 'true' ? 1 : 0);
}

function commandLine() {
  if (process.env.TEMPORAL_CLI) return process.env.TEMPORAL_CLI;
  if (found('temporal', '--version')) return 'temporal';
  const folder = join(
    process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'),
    'nexus',
    `temporal-cli-${VERSION.slice(1)}`,
  );
  const program = join(folder, 'temporal');
  if (existsSync(program)) return program;
  if (!found('go', 'version'))
    skip('there is no `temporal` on the path, TEMPORAL_CLI is not set, and there is no Go to build it with');
  console.log(`Building Temporal's command line ${VERSION} in ${folder}: about 7 minutes, once.`);
  mkdirSync(folder, { recursive: true });
  const module = `github.com/temporalio/cli/cmd/temporal@${VERSION}`;
  const { status } = spawnSync('go', ['install', module], { stdio: 'inherit', env: { ...process.env, GOBIN: folder } });
  if (status !== 0) skip(`go install ${module} failed`);
  return program;
}

if (!existsSync('temporal/node_modules')) skip('the SDK is not installed: npm run temporal:install');
if (kind === 'java' && !(found('java', '-version') && found('mvn', '-v'))) skip('it needs Java 17 and Maven');
const environment = kind === 'java' ? { TEMPORAL_CLI: '' } : { TEMPORAL_CLI: commandLine() };
if (kind === 'java')
  console.log('Left to npm run test:temporal: schedules and search attributes, which the test server does not have.');
const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];
const run = (...words) =>
  spawnSync(
    process.execPath,
    [...jest, '--selectProjects', 'temporal', '--testTimeout=240000', '--maxWorkers=1', '--forceExit', ...words],
    { stdio: 'inherit', env: { ...process.env, ...environment, NEXUS_TEST_TEMPORAL: kind } },
  ).status ?? 1;
let status = run(...more);
if (status !== 0 && kind === 'java') {
  // A run on it can stop for good, without an error, while other work takes the processor. The real server has never shown this.
  console.log("On a busy machine Temporal's test server loses tasks. The files that failed run once more.");
  status = run('--onlyFailures', ...more);
}
process.exitCode = status;
