import type { JsonSchema } from '../catalogue/operation.js';
import { isRecord, type Json } from './source-format.js';

const DEPTH_MAX = 150;
const SCHEMAS_MAX = 50_000;
const EXAMPLE_MAX_CHARACTERS = 20_000;
/** Keywords whose values are data: a "$ref" inside them is not a reference. */
const DATA = new Set(['default', 'enum', 'const', 'examples']);
const DROPPED = new Set(['nullable', 'example', 'xml', 'externalDocs', 'discriminator', '$schema', '$id', '$anchor']);

/**
 * Copies the schemas of a document in the words of JSON Schema 2020-12. What they refer to is kept once, under `schemas`, and
 * referred to as `#/$defs/<name>`; circles stay circles.
 */
export class SchemaCollector {
  private readonly names = new Map<string, string>();
  private readonly taken = new Set<string>();
  private readonly collected = new Map<string, JsonSchema>();
  private anchors: Map<string, string> | undefined;

  constructor(private readonly document: unknown) {}

  get schemas(): Record<string, JsonSchema> {
    return Object.fromEntries(this.collected);
  }

  /** Pointers of the collected schemas that are not the prefix and the name. */
  pointersBeside(prefix: string): Record<string, string> {
    const pointers = [...this.names].map(([reference, name]): [string, string] => [
      name,
      decoded(this.pointerOf(reference) ?? ''),
    ]);
    return Object.fromEntries(pointers.filter(([name, pointer]) => pointer !== prefix + name));
  }

  copy(schema: unknown): JsonSchema {
    const copied = this.copied(schema, 0);
    return isRecord(copied) ? copied : copied === false ? { not: {} } : {};
  }

  /** The target of a reference inside the document; undefined when it does not exist. */
  target(reference: string): unknown {
    const pointer = this.pointerOf(reference);
    return pointer === undefined ? undefined : at(this.document, pointer);
  }

  /** The value itself, or the target of its reference. A chain ends after 20 steps, so circles end too. */
  resolve(value: unknown): Json {
    let current = value;
    for (let step = 0; step < 20 && isRecord(current) && typeof current['$ref'] === 'string'; step++)
      current = this.target(current['$ref']);
    return isRecord(current) ? current : {};
  }

  private copied(schema: unknown, depth: number): unknown {
    if (depth > DEPTH_MAX) return {};
    if (Array.isArray(schema)) return schema.map((one) => this.copied(one, depth + 1));
    if (!isRecord(schema)) return schema;
    if (typeof schema['$ref'] === 'string') return { $ref: `#/$defs/${this.nameOf(schema['$ref'])}` };
    const entries: [string, unknown][] = [];
    for (const [key, value] of Object.entries(schema)) {
      if (DROPPED.has(key) || key.startsWith('x-')) continue;
      const isMap = key === 'properties' || key === 'patternProperties' || key === '$defs' || key === 'definitions';
      if (DATA.has(key)) entries.push([key, value]);
      else if (isMap && isRecord(value))
        entries.push([
          key,
          Object.fromEntries(Object.entries(value).map(([name, one]) => [name, this.copied(one, depth + 2)])),
        ]);
      else entries.push([key, this.copied(value, depth + 1)]);
    }
    return modern(schema, Object.fromEntries(entries));
  }

  private nameOf(reference: string): string {
    const known = this.names.get(reference);
    if (known !== undefined) return known;
    if (this.names.size >= SCHEMAS_MAX) throw new Error(`it refers to more than ${SCHEMAS_MAX} schemas`);
    const base = decoded(reference.split('/').at(-1) ?? '').replaceAll(/[^A-Za-z0-9_.-]/g, '_') || 'schema';
    let name = base;
    for (let copy = 2; this.taken.has(name) || name === '__proto__'; copy++) name = `${base}_${copy}`;
    this.taken.add(name);
    this.names.set(reference, name);
    // The name is taken before the schema is copied, since that may come back to it.
    this.collected.set(name, {});
    this.collected.set(name, this.copy(this.target(reference)));
    return name;
  }

  /** Undefined for a reference to another document. */
  private pointerOf(reference: string): string | undefined {
    if (reference === '#' || reference.startsWith('#/')) return reference.slice(1);
    this.anchors ??= anchorsOf(this.document);
    return this.anchors.get(reference);
  }
}

/** OpenAPI 2.0 and 3.0 say "or null" in their own words, limits with true or false, and give one example. */
function modern(schema: Json, copied: Json): Json {
  if ((schema['nullable'] === true || schema['x-nullable'] === true) && copied['type'] !== undefined) {
    copied['type'] = [copied['type'], 'null'].flat();
    if (Array.isArray(copied['enum']) && !copied['enum'].includes(null))
      copied['enum'] = [...(copied['enum'] as unknown[]), null];
  } else if (schema['nullable'] === true && Array.isArray(copied['allOf']))
    return { anyOf: [copied, { type: 'null' }] };
  for (const [flag, bound] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const)
    if (typeof copied[flag] === 'boolean') {
      if (copied[flag] && copied[bound] !== undefined) {
        copied[flag] = copied[bound];
        delete copied[bound];
      } else delete copied[flag];
    }
  if (copied['type'] === 'file') return { type: 'string', format: 'binary' };
  // Of draft 4: a flag on the property itself.
  if (typeof copied['required'] === 'boolean') delete copied['required'];
  const { example } = schema;
  if (example !== undefined && copied['examples'] === undefined && isSmall(example)) copied['examples'] = [example];
  else if (copied['examples'] !== undefined && (!Array.isArray(copied['examples']) || !isSmall(copied['examples'])))
    delete copied['examples'];
  return copied;
}

export const isSmall = (value: unknown): boolean => (JSON.stringify(value) ?? '').length <= EXAMPLE_MAX_CHARACTERS;

/** What a JSON pointer leads to; undefined when there is nothing. */
export function at(document: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((current, step) => {
      const key = decoded(step).replaceAll('~1', '/').replaceAll('~0', '~');
      const isInside = typeof current === 'object' && current !== null && Object.hasOwn(current, key);
      return isInside ? (current as Json)[key] : undefined;
    }, document);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Pointers by `#anchor` and by `$id`. */
function anchorsOf(document: unknown): Map<string, string> {
  const found = new Map<string, string>();
  const walk = (value: unknown, pointer: string, depth: number): void => {
    if (typeof value !== 'object' || value === null || depth > DEPTH_MAX) return;
    const { $anchor, $id } = value as Json;
    if (typeof $anchor === 'string') found.set(`#${$anchor}`, pointer);
    if (typeof $id === 'string') found.set($id, pointer);
    for (const [key, child] of Object.entries(value))
      walk(child, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, depth + 1);
  };
  walk(document, '', 0);
  return found;
}

/** What a JSON Schema says about one example of the data. */
export function schemaOfExample(value: unknown, depth = 0): JsonSchema {
  if (depth > 20) return {};
  if (value === null) return {};
  if (Array.isArray(value)) {
    const [first] = value as unknown[];
    return first === undefined ? { type: 'array' } : { type: 'array', items: schemaOfExample(first, depth + 1) };
  }
  if (isRecord(value)) {
    const properties = Object.entries(value).map(([key, one]) => [key, schemaOfExample(one, depth + 1)]);
    return { type: 'object', properties: Object.fromEntries(properties) };
  }
  return { type: typeof value === 'number' ? 'number' : typeof value };
}
