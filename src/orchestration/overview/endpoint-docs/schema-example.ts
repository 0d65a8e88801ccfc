import type { OpenAPIObject } from '@nestjs/swagger';

/** The part of a schema that an example can be made of. */
export interface Schema {
  $ref?: string;
  type?: string;
  example?: unknown;
  default?: unknown;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  allOf?: Schema[];
  nullable?: boolean;
}

const DEEPEST = 8;

/** An example of a schema, made of the examples that the document gives for its parts; null where it gives none. */
export function exampleOf(document: OpenAPIObject, schema: Schema, depth = 0): unknown {
  if (schema.example !== undefined) return schema.example;
  if (depth > DEEPEST) return null;
  const inner = (one: Schema): unknown => exampleOf(document, one, depth + 1);
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').at(-1) ?? '';
    return inner((document.components?.schemas?.[name] ?? {}) as Schema);
  }
  if (schema.allOf) return merged(schema.allOf.map(inner));
  if (schema.properties)
    return Object.fromEntries(Object.entries(schema.properties).map(([name, one]) => [name, inner(one)]));
  if (schema.items) return [inner(schema.items)];
  return schema.default ?? schema.enum?.[0] ?? null;
}

function merged(parts: unknown[]): unknown {
  const objects = parts.filter((part): part is object => typeof part === 'object' && part !== null);
  return objects.length === parts.length ? Object.assign({}, ...objects) : (parts[0] ?? null);
}
