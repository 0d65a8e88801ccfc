import type { ToolCatalogue } from '../../tools/tool-catalogue.js';
import type { StageContext } from './stage-runner.js';

/** The items whose tool is in the catalogue, each tool once; every other one is dropped with a warning. */
export function knownTools<T>(
  context: Pick<StageContext, 'log'>,
  catalogue: ToolCatalogue,
  items: readonly T[],
  nameOf: (item: T) => string,
): T[] {
  const kept = new Map<string, T>();
  for (const item of items) {
    const name = nameOf(item);
    if (catalogue.find(name) === undefined) {
      context.log('warning', `The tool "${name.slice(0, 100)}" is not in the catalogue and was dropped`);
    } else if (!kept.has(name)) {
      kept.set(name, item);
    }
  }
  return [...kept.values()];
}
