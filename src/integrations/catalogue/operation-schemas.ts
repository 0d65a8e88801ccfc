import type { JsonSchema } from './operation.js';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { LRUCache } from 'lru-cache';

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

export interface SchemaFault {
  pointer: string;
  message: string;
}

const FAULTS_MAX = 20;
const KEPT = 200;
const COMBINING = new Set(['anyOf', 'oneOf', 'if']);

type Validate = ((value: unknown) => unknown) & { errors?: ErrorObject[] | null };

/** Compiled schemas by their text; the longest unused goes first. */
const compiled = new LRUCache<string, Validate>({ max: KEPT });

/**
 * What is wrong with a value by a foreign schema that stands alone, at most 20 faults. Regular expressions and formats are not
 * checked: an expression may take for ever. Runs in a worker process that can be killed.
 */
export function schemaFaults(schema: JsonSchema, value: unknown): SchemaFault[] {
  const text = JSON.stringify(schema);
  const validate = compiled.get(text) ?? compile(schema);
  compiled.set(text, validate);
  if (validate(value)) return [];
  const errors = validate.errors ?? [];
  // The validator would hold on to the value until the next one.
  validate.errors = null;
  const exact = errors.filter(({ keyword }) => !COMBINING.has(keyword));
  const all = (exact.length > 0 ? exact : errors).map(({ instancePath, message = 'does not fit', params }) => ({
    pointer: instancePath,
    message: `${message}${extra(params as Record<string, unknown>)}`,
  }));
  const unique = new Map(all.map((one) => [`${one.pointer} ${one.message}`, one]));
  return [...unique.values()].slice(0, FAULTS_MAX);
}

function compile(schema: JsonSchema): Validate {
  const anything = Object.assign(() => ({ test: () => true }), { code: 'undefined' });
  const ajv = new Ajv2020({
    strict: false,
    allErrors: true,
    logger: false,
    validateFormats: false,
    validateSchema: false,
    inlineRefs: false,
    code: { regExp: anything },
  });
  for (const keyword of ['pattern', 'patternProperties']) ajv.removeKeyword(keyword);
  return ajv.compile(schema) as Validate;
}

function extra({ allowedValues, additionalProperty }: Record<string, unknown>): string {
  if (Array.isArray(allowedValues)) return ` (${allowedValues.slice(0, 20).join(', ')})`;
  return typeof additionalProperty === 'string' ? ` (${additionalProperty.slice(0, 100)})` : '';
}
