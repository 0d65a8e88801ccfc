/** Answers that tell whether an operation is deterministic. */
export const REPEATS = 3;

const PATHS_MAX = 300;
const DEPTH_MAX = 12;

/** The type of each field of a body, by its path: `items[].id` is `string`. Types that differ between items are joined by `|`. */
export type Shape = Record<string, string>;

/** The first 300 fields, at most 12 levels deep. */
export function shapeOf(body: unknown): Shape {
  const types = new Map<string, Set<string>>();
  const walk = (value: unknown, path: string, depth: number): void => {
    if (types.size >= PATHS_MAX && !types.has(path)) return;
    const type = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
    types.set(path, (types.get(path) ?? new Set()).add(type));
    if (depth >= DEPTH_MAX) return;
    if (Array.isArray(value)) for (const item of value as unknown[]) walk(item, `${path}[]`, depth + 1);
    else if (typeof value === 'object' && value !== null)
      for (const [name, child] of Object.entries(value)) walk(child, path === '' ? name : `${path}.${name}`, depth + 1);
  };
  walk(body, '', 0);
  return Object.fromEntries([...types].map(([path, found]) => [path, [...found].toSorted().join('|')]));
}

/** How an answer differs from the recorded one: fields that are gone and types that changed. Null fits every type. */
export function differencesOf(golden: Shape, found: Shape): string[] {
  const differences: string[] = [];
  for (const [path, type] of Object.entries(golden)) {
    const now = found[path];
    const shown = path === '' ? 'the body' : path;
    if (now === undefined) {
      // Below an empty list or a null, and beyond the bound, nothing is known.
      const parent = path.endsWith('[]') ? undefined : found[path.slice(0, Math.max(path.lastIndexOf('.'), 0))];
      if (parent?.includes('object') && Object.keys(found).length < PATHS_MAX) differences.push(`${shown} is missing`);
      continue;
    }
    const known = new Set(type.split('|'));
    const added = now.split('|').filter((one) => one !== 'null' && !known.has(one));
    if (added.length > 0 && type !== 'null') differences.push(`${shown} is ${added.join(' or ')}, not ${type}`);
  }
  return differences;
}
