// Runs a tool that only CI and contributors need, from .ci/node_modules. Usage: node scripts/ci-tool.mjs <tool> [arguments]
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const [tool, ...args] = process.argv.slice(2);
const program = `.ci/node_modules/.bin/${tool}`;
if (existsSync(program)) {
  const { status, error } = spawnSync(program, args, { stdio: 'inherit' });
  if (error) throw error;
  process.exitCode = status ?? 1;
} else {
  console.error(`${tool} is not installed. Run npm run ci:install.`);
  process.exitCode = 1;
}
