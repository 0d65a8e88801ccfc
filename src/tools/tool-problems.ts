import { builtinTools } from './builtin/index.js';
import type { DefinedTool } from './tool-definition.js';

/** What keeps the tools of a definition from being used. Attached tools come and go, so whether one is there shows at the run. */
export function problemsOfTools(tools: readonly DefinedTool[]): string[] {
  const builtin = new Set(builtinTools.map(({ name }) => name));
  const written = new Set<string>();
  return tools.flatMap(({ kind, name }) => {
    if (kind === 'builtin') return builtin.has(name) ? [] : [`there is no tool "${name}"`];
    if (builtin.has(name)) return [`"${name}" is the name of a built-in tool`];
    if (written.has(name)) return [`there are two tools "${name}"`];
    written.add(name);
    return [];
  });
}
