/**
 * Lets Node.js run the sources, with `--import`: `./name.js` is imported, and the file beside it is `./name.ts`. The worker processes of
 * tests load it too. They live for less time than it takes to compile what they load, so compiled code is cached.
 */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const KEPT = fileURLToPath(new URL('../node_modules/.cache/nexus/sources/', import.meta.url));

function compiled(source: string): string {
  const kept = join(KEPT, `${createHash('sha256').update(`${process.version}\n${source}`).digest('hex')}.js`);
  try {
    return readFileSync(kept, 'utf8');
  } catch {
    const code = stripTypeScriptTypes(source, { mode: 'transform' });
    keep(kept, code);
    return code;
  }
}

/** Whole or not at all, because other workers read it meanwhile. */
function keep(path: string, code: string): void {
  const unfinished = `${path}.${randomUUID()}`;
  try {
    mkdirSync(KEPT, { recursive: true });
    writeFileSync(unfinished, code);
    renameSync(unfinished, path);
  } catch {
    // Where nothing can be written, the next worker compiles it again.
  }
}

registerHooks({
  resolve: (specifier, context, next) => {
    const isSource = specifier.startsWith('.')
      ? context.parentURL?.endsWith('.ts') === true
      : specifier.startsWith('file:') && !existsSync(fileURLToPath(specifier));
    return next(isSource ? specifier.replace(/\.js$/, '.ts') : specifier, context);
  },
  load: (url, context, next) => {
    if (!url.endsWith('.ts')) return next(url, context);
    return { format: 'module', source: compiled(readFileSync(fileURLToPath(url), 'utf8')), shortCircuit: true };
  },
});
