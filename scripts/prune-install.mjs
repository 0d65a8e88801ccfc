// After an install: deletes what no program reads, a third of its size. Source maps of libraries are not loaded (see src/main.ts),
// their TypeScript sources stand beside the compiled ones, and nothing is compiled against the headers of the package `node`.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const INSTALLED = 'node_modules';
const NODE_DISTRIBUTION = /node-[a-z]+-[a-z0-9]+$/;
const isDeclaration = (name) => /\.d\.[cm]?ts$/.test(name);

function prune(folder, inSource = false) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      const isUnread = entry.name === 'include' && NODE_DISTRIBUTION.test(folder);
      // A copy of the package that only `node --conditions=development` loads.
      if (isUnread || entry.name === '__dev__') rmSync(path, { recursive: true });
      else prune(path, inSource || entry.name === 'src');
    } else if (entry.isFile()) {
      const isSource = inSource && entry.name.endsWith('.ts') && !isDeclaration(entry.name);
      if (isSource || entry.name.endsWith('.map')) rmSync(path);
    }
  }
}

prune(INSTALLED);
