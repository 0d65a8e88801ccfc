// After an install: deletes what no program reads, a third of its size. Licences stay.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const INSTALLED = 'node_modules';

const UNREAD_FOLDERS = [
  // Nothing is compiled against the headers of the package `node`.
  /\/node-[a-z]+-[a-z0-9]+\/include$/,
  // A copy of the package that only `node --conditions=development` loads.
  /\/__dev__$/,
  // Declarations of the AWS SDK for TypeScript 3.4.
  /\/dist-types\/ts3\.4$/,
  // The compiler's messages in other languages.
  /\/typescript\/lib\/[a-z]{2}(-[a-z]{2})?$/,
  // The calculator loads the bundle in lib/browser.
  /\/mathjs\/lib\/(cjs|esm)$/,
  // CommonJS of packages that are only imported: by @nestjs/swagger and by the build of the console.
  /\/es-toolkit\/(compat|fp)$/,
  /\/@mantine\/[a-z]+\/cjs$/,
  // ES modules of a package that only jest loads, which requires it.
  /\/@sinclair\/typebox\/build\/esm$/,
  /\/bintrees\/test$/,
];

const LICENCE = /licence|license|notice|copying|third/i;

/** Documentation, source maps, which are not loaded (see src/main.ts), and TypeScript sources, which stand beside the compiled ones. */
function isUnread(name, inSource) {
  if (/\.mdx?$/.test(name)) return !LICENCE.test(name);
  if (name.endsWith('.map')) return true;
  return inSource && name.endsWith('.ts') && !/\.d\.[cm]?ts$/.test(name);
}

function prune(folder, inSource = false) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isFile() && isUnread(entry.name, inSource)) rmSync(path);
    if (!entry.isDirectory()) continue;
    if (UNREAD_FOLDERS.some((unread) => unread.test(path))) rmSync(path, { recursive: true });
    else prune(path, inSource || entry.name === 'src');
  }
}

prune(INSTALLED);
