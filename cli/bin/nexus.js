#!/usr/bin/env node
// npm links this file when it installs, which is before `npm run build` has written dist/.
import { existsSync } from 'node:fs';

const program = new URL('../dist/nexus.js', import.meta.url);
if (existsSync(program)) await import(program.href);
else {
  process.stderr.write('nexus is not built yet. Run: npm run build\n');
  process.exitCode = 5;
}
