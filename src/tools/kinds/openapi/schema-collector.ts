import type { JsonSchema } from '../tool-kind.js';

export type OpenapiDocument = Record<string, unknown>;

const DEPTH_MAX = 200;
/** Schemas that one operation may refer to, directly or through others. */
const DEFINITIONS_MAX = 1_000;

/** What a reference inside the document points to; undefined when there is nothing. */
export function pointedTo(document: OpenapiDocument, reference: string): unknown {
  if (!reference.startsWith('#')) return undefined;
  const steps = decodeURIComponent(reference.slice(1)).split('/').slice(1);
  return steps
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>(
      (at, step) => (isRecord(at) || Array.isArray(at) ? (at as JsonSchema)[step] : undefined),
      document,
    );
}

/** The thing itself, following references. Circles end after a few steps. */
export function resolved(document: OpenapiDocument, thing: unknown): JsonSchema {
  let at = thing;
  for (let step = 0; step < 20 && isRecord(at) && typeof at['$ref'] === 'string'; step++)
    at = pointedTo(document, at['$ref']);
  return isRecord(at) ? at : {};
}

/**
 * Copies schemas out of a document so that they stand alone: what they refer to comes along under `$defs`, each once, so
 * circles stay circles.
 */
export class SchemaCollector {
  private readonly names = new Map<string, string>();
  private readonly definitions: JsonSchema = {};

  constructor(private readonly document: OpenapiDocument) {}

  /** Undefined when no schema referred to another. */
  get defs(): JsonSchema | undefined {
    return this.names.size === 0 ? undefined : this.definitions;
  }

  copy(schema: unknown, depth = 0): unknown {
    if (depth > DEPTH_MAX) return {};
    if (Array.isArray(schema)) return schema.map((one) => this.copy(one, depth + 1));
    if (!isRecord(schema)) return schema;
    if (typeof schema['$ref'] === 'string') return { $ref: `#/$defs/${this.nameOf(schema['$ref'])}` };
    const { nullable, example: _example, xml: _xml, externalDocs: _docs, discriminator: _kind, ...rest } = schema;
    const copied = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, this.copy(value, depth + 1)]));
    // OpenAPI 3.0 says "or null" in its own words, and limits with true or false.
    if (nullable === true && typeof copied['type'] === 'string') copied['type'] = [copied['type'], 'null'];
    for (const bound of ['exclusiveMinimum', 'exclusiveMaximum'])
      if (typeof copied[bound] === 'boolean') delete copied[bound];
    return copied;
  }

  private nameOf(reference: string): string {
    const known = this.names.get(reference);
    if (known !== undefined) return known;
    const base = (reference.split('/').at(-1) ?? 'schema').replaceAll(/[^A-Za-z0-9_]/g, '_');
    if (this.names.size >= DEFINITIONS_MAX) throw new Error(`an operation refers to over ${DEFINITIONS_MAX} schemas`);
    const name = Object.hasOwn(this.definitions, base) ? `${base}_${this.names.size}` : base;
    this.names.set(reference, name);
    // The name is taken before the schema is copied, since that may come back to it.
    this.definitions[name] = {};
    this.definitions[name] = this.copy(pointedTo(this.document, reference) ?? {});
    return name;
  }
}

export function isRecord(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
