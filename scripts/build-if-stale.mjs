// Builds when there is no build or a source is newer than it, so that `npm start` works after `npm ci` and after every edit.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const INPUTS = ['nest-cli.json', 'tsconfig.json', 'tsconfig.build.json', 'package.json'];

function newest(folder) {
  return Math.max(
    0,
    ...readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs),
  );
}

function builtAt() {
  try {
    return statSync('dist/main.js').mtimeMs;
  } catch {
    return 0;
  }
}

const changedAt = Math.max(newest('src'), ...INPUTS.map((file) => statSync(file).mtimeMs));
if (changedAt > builtAt()) {
  const { status } = spawnSync('nest', ['build'], { stdio: 'inherit' });
  process.exit(status ?? 1);
}
