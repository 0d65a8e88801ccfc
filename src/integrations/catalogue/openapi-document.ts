import { withPathPerField } from './graphql-paths.js';
import { type AuthScheme, type Catalogue, type JsonSchema, type Operation, type Parameter } from './operation.js';

const DEPTH_MAX = 60;
const INNER_DEPTH_MAX = 6;
const DESCRIPTION_MAX = 2_000;
/** Formats that generators in every language read alike. */
const FORMATS_KEPT = new Set(['date-time', 'date', 'uuid', 'int32', 'int64', 'float', 'double']);
const METHODS = new Set(['GET', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH', 'TRACE']);
/** Headers that a document does not declare as parameters: OpenAPI ignores them. */
const IGNORED_HEADERS = new Set(['accept', 'content-type', 'authorization']);
/** What generators append to the name of an operation; no schema may have such a name. */
const SUFFIXES = ['Data', 'Error', 'Errors', 'Response', 'Responses', 'Request', 'Params', 'Body', 'Answer'];
const TAKEN = ['Client', 'ClientOptions', 'Options', 'Response', 'Error', 'ApiError', 'Unset', 'File', 'Config'];

export interface DocumentOperation {
  /** Its id in the written document: words in small letters, joined by `_`. */
  id: string;
  /** Names of the path's parameters in the written document, in their order. */
  steps: string[];
  operation: Operation;
}

export interface WrittenDocument {
  document: JsonSchema;
  operations: DocumentOperation[];
  /** Operations that OpenAPI cannot describe. */
  left_out: { name: string; reason: string }[];
}

/**
 * Writes a catalogue as one OpenAPI 3.0 document, whatever its format was: the version that generators of every language read. The
 * same catalogue gives the same document. Each GraphQL field gets a path of its own, which the transport of a client replaces.
 */
export function openapiOf(catalogue: Catalogue, server: string): WrittenDocument {
  return new DocumentWriter(catalogue.format === 'graphql' ? withPathPerField(catalogue) : catalogue).write(server);
}

class DocumentWriter {
  private readonly names = new Map<string, string>();
  private readonly ids = new Set<string>();

  constructor(private readonly catalogue: Catalogue) {}

  write(server: string): WrittenDocument {
    const left_out: WrittenDocument['left_out'] = [];
    const operations: DocumentOperation[] = [];
    const paths: Record<string, JsonSchema> = {};
    const shapes = new Map<string, string>();
    for (const operation of this.catalogue.operations) {
      const { method, name } = operation;
      const shape = operation.path.replaceAll(/\{[^{}]*\}/g, '{}');
      const path = shapes.get(shape) ?? operation.path;
      const reason = reasonToLeaveOut(operation, method.toLowerCase() in (paths[path] ?? {}));
      if (reason !== undefined) {
        left_out.push({ name, reason });
        continue;
      }
      shapes.set(shape, path);
      operations.push({ id: this.idOf(name), steps: stepsOf(path), operation });
      (paths[path] ??= {})[method.toLowerCase()] = {};
    }
    this.nameSchemas(operations);
    for (const { id, operation } of operations) {
      const path = shapes.get(operation.path.replaceAll(/\{[^{}]*\}/g, '{}')) ?? operation.path;
      (paths[path] ??= {})[operation.method.toLowerCase()] = this.operation(id, operation, path);
    }
    const schemes = new Map(operations.flatMap(({ operation }) => operation.auth.flat()).map(schemeOf));
    const { title, api_version, description, schemas } = this.catalogue;
    // Who refers to a schema that may be null says so: some generators lose a type that is null by itself.
    const written = Object.entries(schemas).map(([name, schema]): [string, JsonSchema] => {
      const { nullable: _nullable, ...rest } = this.schema(schema);
      return [this.names.get(name) ?? name, rest];
    });
    const document = {
      openapi: '3.0.3',
      info: { title: plain(title) || 'API', version: plain(api_version) || '1', description: plain(description) },
      servers: [{ url: server }],
      paths,
      components: { schemas: Object.fromEntries(written), securitySchemes: Object.fromEntries(schemes) },
    };
    return { document, operations, left_out };
  }

  private idOf(name: string): string {
    const words = wordsOf(name).join('_').toLowerCase();
    let id = words;
    for (let copy = 2; this.ids.has(id.replaceAll('_', '')); copy++) id = `${words}_${copy}`;
    this.ids.add(id.replaceAll('_', ''));
    return id;
  }

  /** Names of types, each once without regard to case: some languages make a file of each. */
  private nameSchemas(operations: readonly DocumentOperation[]): void {
    const taken = new Set(TAKEN.map((name) => name.toLowerCase()));
    for (const { id } of operations)
      for (const suffix of ['', ...SUFFIXES]) taken.add((id.replaceAll('_', '') + suffix).toLowerCase());
    const names = Object.keys(this.catalogue.schemas);
    // What stands inside of a schema is named after it and its place.
    for (const name of names)
      for (const inner of innerNames(typeNameOf(name), this.catalogue.schemas[name])) taken.add(inner.toLowerCase());
    for (const name of names) {
      const typed = typeNameOf(name);
      let chosen = typed;
      for (let copy = 1; taken.has(chosen.toLowerCase()); copy++) chosen = `${typed}Model${copy === 1 ? '' : copy}`;
      taken.add(chosen.toLowerCase());
      this.names.set(name, chosen);
    }
  }

  private operation(id: string, operation: Operation, path: string): JsonSchema {
    const { summary, description, deprecated, answers, auth, method } = operation;
    const body = bodyOf(operation);
    const parameters = this.parameters(operation, path);
    const responses: Record<string, JsonSchema> = {};
    for (const one of answers) {
      // An answer to HEAD has no body, whatever a document says.
      const answer = method === 'HEAD' ? { ...one, schema: null } : one;
      const status = answer.status.replaceAll('X', '0');
      const type = answer.content_type?.startsWith('*') ? 'application/json' : answer.content_type;
      const isJson = type !== null && /[/+]json\b/i.test(type);
      responses[status] ??= {
        description: plain(answer.description) || 'The answer',
        ...(answer.schema && isJson ? { content: { [mediaType(type)]: { schema: this.schema(answer.schema) } } } : {}),
        ...(answer.schema && type !== null && type !== undefined && !isJson && type.startsWith('text/')
          ? { content: { [mediaType(type)]: { schema: { type: 'string' } } } }
          : {}),
      };
    }
    if (Object.keys(responses).length === 0) responses['default'] = { description: 'The answer' };
    const type =
      body === null ? '' : mediaType(body.content_type.startsWith('*') ? 'application/json' : body.content_type);
    return {
      operationId: id,
      ...(summary === '' ? {} : { summary: plain(summary) }),
      ...(description === '' ? {} : { description: plain(description) }),
      ...(deprecated ? { deprecated: true } : {}),
      parameters,
      ...(body
        ? {
            requestBody: {
              required: body.required,
              content: { [type]: { schema: this.bodySchema(type, body.schema) } },
            },
          }
        : {}),
      responses,
      security: auth.map((group) => Object.fromEntries(group.map((scheme) => [schemeOf(scheme)[0], []]))),
    };
  }

  private bodySchema(type: string, schema: JsonSchema): JsonSchema {
    return /[/+]json\b|form/i.test(type) ? this.schema(schema) : { type: 'string', format: 'binary' };
  }

  private parameters({ parameters, path: ownPath }: Operation, path: string): JsonSchema[] {
    const ownNames = stepsOf(ownPath);
    const names = stepsOf(path);
    const written = parameters
      .filter((one) => one.in !== 'path' && !(one.in === 'header' && IGNORED_HEADERS.has(one.name.toLowerCase())))
      .map((one) => this.parameter(one, one.name));
    const inPath = names.map((name, index) => {
      const own = parameters.find((one) => one.in === 'path' && one.name === ownNames[index]);
      return own
        ? this.parameter({ ...own, required: true }, name)
        : { name, in: 'path', required: true, schema: { type: 'string' } };
    });
    return [...inPath, ...written];
  }

  private parameter({ in: place, required, description, schema, style, explode }: Parameter, name: string): JsonSchema {
    const isJson = style === 'json';
    const isBracketed = isBracketedList(schema, place, style);
    return {
      ...{ name: isBracketed ? `${name}[]` : name, in: place },
      ...(description === '' ? {} : { description: plain(description) }),
      ...(required ? { required } : {}),
      ...(place === 'query' && !isJson ? { style: isBracketed ? 'form' : style, explode: isBracketed || explode } : {}),
      schema: isJson ? { type: 'string' } : this.schema(schema),
    };
  }

  /** In the words of OpenAPI 3.0. Limits, defaults and examples are left out: generated types do not hold them. */
  private schema(given: unknown, depth = 0): JsonSchema {
    if (typeof given !== 'object' || given === null || depth > DEPTH_MAX) return {};
    const schema = given as JsonSchema;
    const { $ref, description } = schema;
    if (typeof $ref === 'string') {
      const target = $ref.slice('#/$defs/'.length);
      const name = this.names.get(target);
      if (name === undefined) return {};
      const reference = { $ref: `#/components/schemas/${name}` };
      return isNullable(this.catalogue.schemas[target]) ? { nullable: true, allOf: [reference] } : reference;
    }
    const types = [schema['type']].flat().filter((type) => typeof type === 'string');
    const named = types.filter((type) => type !== 'null');
    const written: JsonSchema = {
      ...(typeof description === 'string' && description !== '' ? { description: plain(description) } : {}),
      ...(types.includes('null') ? { nullable: true } : {}),
    };
    const choices = (['oneOf', 'anyOf'] as const).find((key) => Array.isArray(schema[key]));
    if (choices) return this.choice(schema, choices, written, depth);
    if (Array.isArray(schema['allOf'])) {
      const { allOf, ...rest } = schema;
      const parts = (allOf as unknown[]).map((one) => this.schema(one, depth + 1));
      const own = rest['properties'] === undefined ? [] : [this.schema({ ...rest, description: undefined }, depth + 1)];
      return { ...written, allOf: [...parts, ...own] };
    }
    if (named.length > 1) return written;
    const type = named[0] ?? (schema['properties'] ? 'object' : schema['items'] ? 'array' : undefined);
    return { ...written, ...this.typed(schema, type, depth) };
  }

  private choice(schema: JsonSchema, key: 'oneOf' | 'anyOf', written: JsonSchema, depth: number): JsonSchema {
    const options = schema[key] as unknown[];
    const others = options.filter((one) => (one as JsonSchema | null)?.['type'] !== 'null');
    const isNullable = others.length < options.length || written['nullable'] === true;
    const parts = others.map((one) => withoutItemValues(this.schema(one, depth + 1)));
    const nullable = isNullable ? { nullable: true } : {};
    // A choice beside properties of its own has no type in most languages.
    if (schema['properties'] !== undefined) return { ...written, ...nullable, ...this.typed(schema, 'object', depth) };
    const [only] = parts;
    if (parts.length > 1) return { ...written, ...nullable, [key]: parts };
    if (only === undefined) return { ...written, ...nullable };
    if (!isNullable) return only;
    return only['$ref'] === undefined ? { ...only, ...nullable } : { ...nullable, allOf: [only] };
  }

  private typed(schema: JsonSchema, type: unknown, depth: number): JsonSchema {
    switch (type) {
      case 'object':
        return this.object(schema, depth);
      case 'array':
        return { type, items: this.schema(schema['items'] ?? {}, depth + 1) };
      case 'string':
      case 'integer':
      case 'number':
      case 'boolean': {
        const { format } = schema;
        return {
          type,
          ...(typeof format === 'string' && FORMATS_KEPT.has(format) ? { format } : {}),
          ...valuesOf(schema, type),
        };
      }
      default:
        return {};
    }
  }

  private object({ properties, required, additionalProperties }: JsonSchema, depth: number): JsonSchema {
    const entries = Object.entries((properties ?? {}) as JsonSchema);
    const names = new Set(entries.map(([name]) => name));
    const needed = Array.isArray(required) ? [...new Set(required as string[])].filter((name) => names.has(name)) : [];
    const isMap = typeof additionalProperties === 'object' && additionalProperties !== null;
    return {
      type: 'object',
      ...(entries.length > 0
        ? { properties: Object.fromEntries(entries.map(([name, one]) => [name, this.schema(one, depth + 1)])) }
        : {}),
      ...(needed.length > 0 ? { required: needed } : {}),
      ...(isMap ? { additionalProperties: this.schema(additionalProperties, depth + 1) } : {}),
      ...(additionalProperties === false ? { additionalProperties: false } : {}),
    };
  }
}

/** Undeclared in OpenAPI, and meant as `name[]=a&name[]=b`: a list in the style of objects. */
export const isBracketedList = (schema: JsonSchema, place: string, style: string): boolean =>
  place === 'query' && style === 'deepObject' && schema['type'] === 'array';

/** Null for an optional body that has no field: some documents give one to every request, also to those that only read. */
export function bodyOf({ body }: Pick<Operation, 'body'>): Operation['body'] {
  if (!body || body.required) return body;
  const { type, properties, additionalProperties, ...rest } = body.schema;
  const isEmpty = type === 'object' && Object.keys(properties ?? {}).length === 0 && !rest['$ref'] && !rest['allOf'];
  return isEmpty && (additionalProperties === undefined || additionalProperties === false) ? null : body;
}

/** Enums of texts only: other values have no common form in the languages. */
function valuesOf(schema: JsonSchema, type: string): JsonSchema {
  const given = schema['const'] === undefined ? schema['enum'] : [schema['const']];
  if (type !== 'string' || !Array.isArray(given)) return {};
  const texts = [...new Set(given)].filter(
    (one): one is string => typeof one === 'string' && /^[\w .:/+-]+$/.test(one),
  );
  // Names of constants are made from the letters alone: two values that differ in nothing else cannot both have one.
  const keys = new Set(texts.map((text) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, '')));
  const isWhole = texts.length === given.filter((one) => one !== null).length && keys.size === texts.length;
  return isWhole && texts.length > 0 && !keys.has('') ? { enum: texts } : {};
}

function reasonToLeaveOut({ callable, method, path }: Operation, isTaken: boolean): string | undefined {
  if (!callable) return 'it is a message';
  if (!METHODS.has(method)) return `OpenAPI has no method ${method}`;
  if (path.includes('?') || path.includes('#')) return 'its path holds a query';
  const names = stepsOf(path);
  if (new Set(names).size < names.length) return 'its path names a parameter twice';
  return isTaken ? 'another operation has its method and path' : undefined;
}

export const stepsOf = (path: string): string[] => [...path.matchAll(/\{([^{}]*)\}/g)].map(([, name]) => name ?? '');

function schemeOf({ name, type, in: place, param }: AuthScheme): [string, JsonSchema] {
  const key = name.replaceAll(/[^A-Za-z0-9]/g, '_');
  if (type === 'basic') return [key, { type: 'http', scheme: 'basic' }];
  if (type === 'api_key' && param !== undefined && (place === 'header' || place === 'query' || place === 'cookie'))
    return [key, { type: 'apiKey', in: place, name: param }];
  return [key, { type: 'http', scheme: 'bearer' }];
}

/** Lists of a choice hold any text: a generator names the list and its items alike. */
function withoutItemValues(schema: JsonSchema): JsonSchema {
  const { enum: values, ...items } = (schema['items'] ?? {}) as JsonSchema;
  return values === undefined ? schema : { ...schema, items };
}

const isNullable = (schema: JsonSchema | undefined): boolean => {
  const options = [schema?.['anyOf'] ?? schema?.['oneOf'] ?? []].flat() as (JsonSchema | null)[];
  return [schema?.['type']].flat().includes('null') || options.some((one) => one?.['type'] === 'null');
};

function typeNameOf(name: string): string {
  const words = wordsOf(name);
  const base = words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('') || 'Schema';
  return /^\d/.test(base) ? `Schema${base}` : base;
}

/** Names of the types that generators make of what stands inside of a schema. */
function innerNames(name: string, schema: unknown, depth = 0): string[] {
  if (typeof schema !== 'object' || schema === null || depth > INNER_DEPTH_MAX) return [];
  const { properties = {}, items, enum: values } = schema as JsonSchema;
  const own = depth > 0 && (values !== undefined || (schema as JsonSchema)['properties'] !== undefined) ? [name] : [];
  const below = Object.entries(properties as JsonSchema).flatMap(([key, one]) =>
    innerNames(name + typeNameOf(key), one, depth + 1),
  );
  const constants = Array.isArray(values) ? values.map((value) => name + typeNameOf(String(value))) : [];
  return [...own, ...constants, ...below, ...(items === undefined ? [] : innerNames(name, items, depth + 1))];
}

const mediaType = (type: string | undefined): string => (type ?? '').split(';')[0]!.trim().toLowerCase();

export const wordsOf = (name: string): string[] =>
  name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '');

/** Text that ends no comment and no literal in any language. Documents are foreign: their text stands in code that people run. */
export function plain(text: string): string {
  return text
    .slice(0, DESCRIPTION_MAX)
    .replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .replaceAll('\\', '/')
    .replaceAll('"', "'")
    .replaceAll('*/', '* /')
    .replaceAll('`', "'")
    .replaceAll(/\$\{|\{\{|\}\}/g, ' ')
    .trim();
}
