import type { JsonSchema } from './operation.js';

const PREFIX = '#/$defs/';
const TRUNCATED = { $comment: 'left out: the schema is too large' };

/**
 * A schema that stands alone: what it refers to comes along under `$defs`, nearest first, until the budget is used up. What is
 * beyond it accepts anything and says so in `$comment`.
 * @param budget characters of JSON
 */
export function standalone(schema: JsonSchema, schemas: Record<string, JsonSchema>, budget: number): JsonSchema {
  const kept = new Map<string, JsonSchema>();
  let left = budget - sizeOf(schema);
  let next = referencesOf(schema);
  while (next.length > 0) {
    const found: string[] = [];
    for (const name of next) {
      if (kept.has(name)) continue;
      const one = Object.hasOwn(schemas, name) ? schemas[name] : undefined;
      const size = one === undefined || left <= 0 ? 0 : sizeOf(one);
      if (one === undefined || size > left) kept.set(name, one === undefined ? {} : TRUNCATED);
      else {
        left -= size;
        kept.set(name, one);
        found.push(...referencesOf(one));
      }
    }
    next = found;
  }
  return kept.size === 0 ? schema : { ...schema, $defs: Object.fromEntries(kept) };
}

/** Without examples: what a model or a validator needs. */
export function withoutExamples(schema: JsonSchema): JsonSchema {
  return stripped(schema, false) as JsonSchema;
}

function stripped(value: unknown, isMap: boolean): unknown {
  if (Array.isArray(value)) return value.map((one) => stripped(one, false));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).flatMap(([key, one]): [string, unknown][] => {
    if (!isMap && key === 'examples') return [];
    if (!isMap && (key === 'enum' || key === 'const' || key === 'default')) return [[key, one]];
    return [[key, stripped(one, !isMap && (key === 'properties' || key === '$defs' || key === 'patternProperties'))]];
  });
  return Object.fromEntries(entries);
}

const sizes = new WeakMap<JsonSchema, number>();

function sizeOf(schema: JsonSchema): number {
  const known = sizes.get(schema);
  if (known !== undefined) return known;
  const size = JSON.stringify(schema).length;
  sizes.set(schema, size);
  return size;
}

function referencesOf(schema: JsonSchema): string[] {
  const names = new Set<string>();
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const { $ref } = value as JsonSchema;
    if (typeof $ref === 'string' && $ref.startsWith(PREFIX)) names.add($ref.slice(PREFIX.length));
    for (const child of Object.values(value)) walk(child);
  };
  walk(schema);
  return [...names];
}
