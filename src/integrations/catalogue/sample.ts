import type { JsonSchema } from './operation.js';

const DEPTH_MAX = 12;
/** From here on, only what is required is made: circles end. */
const OPTIONAL_DEPTH = 4;

const TEXTS: Readonly<Record<string, string>> = {
  'date-time': '2026-01-01T00:00:00Z',
  date: '2026-01-01',
  time: '00:00:00Z',
  duration: 'P1D',
  email: 'user@example.com',
  uuid: '00000000-0000-4000-8000-000000000000',
  uri: 'https://example.com/',
  'uri-reference': '/',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  byte: 'AA==',
  binary: 'text',
};

/** A value that fits a schema, from its examples where it has them; the same value each time. */
export function sampleOf(schema: JsonSchema, schemas: Record<string, JsonSchema>): unknown {
  return new Sampling(schemas).of(schema, 0);
}

class Sampling {
  constructor(private readonly schemas: Record<string, JsonSchema>) {}

  of(given: unknown, depth: number): unknown {
    if (typeof given !== 'object' || given === null || depth > DEPTH_MAX) return null;
    const schema = given as JsonSchema;
    const { $ref, examples, const: constant, enum: values, default: standard } = schema;
    if (Array.isArray(examples) && examples.length > 0) return (examples as unknown[])[0];
    if (constant !== undefined) return constant;
    if (Array.isArray(values) && values.length > 0) return (values as unknown[])[0];
    if (standard !== undefined && standard !== null) return standard;
    if (typeof $ref === 'string') return this.of(this.schemas[$ref.slice('#/$defs/'.length)] ?? {}, depth + 1);
    for (const choice of ['oneOf', 'anyOf'] as const) {
      const options = schema[choice];
      if (!Array.isArray(options) || options.length === 0) continue;
      const first = (options as unknown[]).find((one) => !isNull(one)) ?? (options as unknown[])[0];
      const chosen = this.of(first, depth + 1);
      return isObject(chosen) && schema['properties'] !== undefined
        ? { ...(this.object(schema, depth) as object), ...chosen }
        : chosen;
    }
    if (Array.isArray(schema['allOf'])) {
      const parts = [
        ...(schema['allOf'] as unknown[]).map((one) => this.of(one, depth + 1)),
        ...(schema['properties'] ? [this.object(schema, depth)] : []),
      ];
      const objects = parts.filter(isObject);
      return objects.length > 0 ? Object.assign({}, ...objects) : (parts[0] ?? null);
    }
    return this.ofType(schema, depth);
  }

  private ofType(schema: JsonSchema, depth: number): unknown {
    const types = [schema['type']].flat();
    const type =
      types.find((one) => one !== 'null') ?? (schema['properties'] ? 'object' : schema['items'] ? 'array' : types[0]);
    switch (type) {
      case 'object':
        return this.object(schema, depth);
      case 'array': {
        const least = Number(schema['minItems'] ?? 0);
        if (depth > OPTIONAL_DEPTH && least === 0) return [];
        return Array.from({ length: Math.min(Math.max(1, least), 100) }, () =>
          this.of(schema['items'] ?? {}, depth + 1),
        );
      }
      case 'integer':
      case 'number':
        return numberOf(schema, type);
      case 'boolean':
        return true;
      case 'null':
        return null;
      case 'string':
        return textOf(schema);
      default:
        return type === undefined ? {} : null;
    }
  }

  private object(schema: JsonSchema, depth: number): unknown {
    const properties = (schema['properties'] ?? {}) as JsonSchema;
    const required = new Set(Array.isArray(schema['required']) ? (schema['required'] as string[]) : []);
    const names = Object.keys(properties).filter((name) => depth <= OPTIONAL_DEPTH || required.has(name));
    const made = names.map((name): [string, unknown] => [name, this.of(properties[name], depth + 1)]);
    const missing = [...required]
      .filter((name) => !Object.hasOwn(properties, name))
      .map((name): [string, unknown] => [name, 'text']);
    return Object.fromEntries([...made, ...missing]);
  }
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isNull = (schema: unknown): boolean => isObject(schema) && (schema as JsonSchema)['type'] === 'null';

function numberOf(schema: JsonSchema, type: 'integer' | 'number'): number {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema as Record<
    string,
    number | undefined
  >;
  const step = multipleOf ?? 1;
  if (minimum !== undefined) return type === 'integer' ? Math.ceil(minimum / step) * step : minimum;
  if (exclusiveMinimum !== undefined) return (Math.floor(exclusiveMinimum / step) + 1) * step;
  if (maximum !== undefined && maximum < step) return maximum;
  if (exclusiveMaximum !== undefined && exclusiveMaximum <= step) return exclusiveMaximum - step;
  return step;
}

function textOf({ format, minLength, maxLength }: JsonSchema): string {
  const known = typeof format === 'string' ? (TEXTS[format] ?? 'text') : 'text';
  const least = Math.min(Number(minLength ?? 0), 10_000);
  return known.padEnd(least, 'x').slice(0, typeof maxLength === 'number' ? Math.max(maxLength, 0) : undefined);
}
