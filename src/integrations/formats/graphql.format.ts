import {
  buildClientSchema,
  buildSchema,
  getNamedType,
  getNullableType,
  type GraphQLArgument,
  GraphQLError,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLOutputType,
  type GraphQLSchema,
  type IntrospectionQuery,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
  parse,
  validateSchema,
} from 'graphql';
import type { Catalogue, DocumentFault, JsonSchema, Operation, Parameter } from '../catalogue/operation.js';
import { NO_PAGES, type Pagination } from '../catalogue/operation.js';
import { OperationNames, isRecord, type Source, SourceFormat } from './source-format.js';
import { DocumentFaults, escaped, fault, located } from './source-text.js';

/** Levels of objects that a selection goes into below the field itself. */
const SELECTION_DEPTH = 2;
const FIELDS_MAX = 150;
const DESCRIPTION_MAX = 1_000;
const FAULTS_MAX = 100;
const TEXTS = new Set(['name', 'description', 'deprecationReason']);
const NOTES_MAX = 100;
/** GitHub's own schema has such fields. The first definition counts. */
const REPEATED_FIELD = /^Field "[^"]+" can only be defined once/;
const DEFINITION = /^\s*(?:"""|"|#|extend\b|schema\b|type\b|interface\b|input\b|enum\b|union\b|scalar\b|directive\b)/;
const DESTRUCTIVE = /^(?:delete|remove|destroy|purge)(?:[A-Z_]|$)/;
/** The lists of a connection stand one level deeper than other objects. */
const CONNECTION_FIELDS = new Set(['nodes', 'edges', 'node']);
const PAGE_INFO = 'pageInfo';

/** GraphQL as SDL or as the answer to an introspection query. Each query and each mutation is an operation. */
export class GraphqlFormat extends SourceFormat {
  readonly name = 'graphql';

  detects({ text, document }: Pick<Source, 'text' | 'document'>): boolean {
    if (isRecord(document))
      return isRecord(document['__schema']) || (isRecord(document['data']) && '__schema' in document['data']);
    return (
      DEFINITION.test(text) &&
      /\b(?:type|schema|interface|input|enum|union|scalar)[ \t]+[A-Z_a-z{@]|\bschema\{/.test(text)
    );
  }

  async read({ text, document }: Source): Promise<Catalogue> {
    const schema = isRecord(document) && !DEFINITION.test(text) ? fromIntrospection(document, text) : fromText(text);
    const isPublished = isRecord(document);
    const errors = validateSchema(schema);
    // What a running server answers can be called, whatever rule it breaks; deprecation is never a reason to refuse.
    const faults = errors.filter(({ message }) => !isPublished && !/deprecated/.test(message)).flatMap(faultsOf);
    if (faults.length > 0) throw located(text, faults);
    const notes = errors.slice(0, NOTES_MAX).map(({ message }) => ({ rule: 'schema-rule', pointer: '', message }));
    return new GraphqlReading(schema, notes).catalogue();
  }
}

function fromText(text: string): GraphQLSchema {
  try {
    parse(text, { noLocation: false });
  } catch (error) {
    throw new DocumentFaults(
      error instanceof GraphQLError ? faultsOf(error) : [{ ...fault('', String(error)), line: 1, column: 1 }],
    );
  }
  try {
    return buildSchema(text);
  } catch (error) {
    if (error instanceof GraphQLError) throw new DocumentFaults(faultsOf(error));
    // The library joins what it found; each message names what it is about in quotes.
    const messages = (error instanceof Error ? error.message : String(error)).split('\n\n').slice(0, FAULTS_MAX);
    if (messages.every((message) => REPEATED_FIELD.test(message))) return buildSchema(text, { assumeValidSDL: true });
    throw new DocumentFaults(messages.map((message) => ({ ...fault('', message), ...placeOf(text, message) })));
  }
}

function placeOf(text: string, message: string): Pick<DocumentFault, 'line' | 'column'> {
  const [, quoted = ''] = /"@?([\w.]+)/.exec(message) ?? [];
  const name = quoted.split('.').at(-1) ?? '';
  const offset = name === '' ? -1 : text.search(new RegExp(`\\b${name}\\b`));
  if (offset < 0) return { line: 1, column: 1 };
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

function fromIntrospection(document: Record<string, unknown>, text: string): GraphQLSchema {
  const isWrapped = isRecord(document['data']);
  const found = isWrapped ? (document['data'] as Record<string, unknown>) : document;
  const pointer = isWrapped ? '/data/__schema' : '/__schema';
  if (!isRecord(found['__schema']))
    throw located(text, [fault(pointer, 'must be the response to an introspection query')]);
  const { types } = found['__schema'];
  if (!Array.isArray(types)) throw located(text, [fault(`${pointer}/types`, 'must be a list')]);
  const broken = types.flatMap((type: unknown, index) =>
    isRecord(type) && typeof type['name'] === 'string' && typeof type['kind'] === 'string'
      ? []
      : [fault(`${pointer}/types/${index}`, 'must be a type with a name and a kind')],
  );
  if (broken.length > 0) throw located(text, broken);
  const wrong = textFaults(found['__schema'], pointer);
  if (wrong.length > 0) throw located(text, wrong);
  try {
    const schema = buildClientSchema(found as unknown as IntrospectionQuery);
    // The library reads types when they are used; a fault in one shows here.
    for (const type of Object.values(schema.getTypeMap())) {
      if (isObjectType(type) || isInterfaceType(type) || isInputObjectType(type)) type.getFields();
      if (isUnionType(type)) type.getTypes();
    }
    // It throws for names that are no texts. The schema keeps the result.
    validateSchema(schema);
    return schema;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const [, name] = /(?:type|Type|for) "?(\w+)"?/.exec(message) ?? [];
    const index = types.findIndex((type: unknown) => isRecord(type) && type['name'] === name);
    throw located(text, [fault(index < 0 ? pointer : `${pointer}/types/${index}`, message)]);
  }
}

/** Names and descriptions that are no texts. Only lists and non-null types have no name. */
function textFaults(value: unknown, pointer: string): DocumentFault[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]: [string, unknown]) => {
    const place = `${pointer}/${escaped(key)}`;
    const isText = typeof child === 'string';
    const mayBeNull = key !== 'name' || 'ofType' in value;
    if (TEXTS.has(key) && !Array.isArray(value) && !isText && !(child === null && mayBeNull))
      return [fault(place, 'must be a string')];
    return textFaults(child, place);
  });
}

function faultsOf({ message, locations }: GraphQLError): DocumentFault[] {
  const [place] = locations ?? [];
  return [{ ...fault('', message), line: place?.line ?? 1, column: place?.column ?? 1 }];
}

class GraphqlReading {
  private readonly names = new OperationNames();
  private readonly schemas = new Map<string, JsonSchema>();

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly notes: Catalogue['notes'],
  ) {}

  catalogue(): Catalogue {
    const operations = (['query', 'mutation'] as const).flatMap((kind) => {
      const type = kind === 'query' ? this.schema.getQueryType() : this.schema.getMutationType();
      return Object.values(type?.getFields() ?? {}).map((field) => this.operation(kind, field));
    });
    return {
      ...{ format: 'graphql', format_version: '', title: 'GraphQL API', api_version: '' },
      description: (this.schema.description ?? '').slice(0, DESCRIPTION_MAX),
      servers: [],
      operations,
      schemas: Object.fromEntries(this.schemas),
      notes: this.notes,
    };
  }

  private operation(kind: 'query' | 'mutation', field: GraphQLField<unknown, unknown>): Operation {
    const { name, description, deprecationReason, args } = field;
    const { text, schema } = this.selection(field.type);
    const declared = args.map((one) => `$${one.name}: ${String(one.type)}`).join(', ');
    const passed = args.map((one) => `${one.name}: $${one.name}`).join(', ');
    const called = `${name}${passed === '' ? '' : `(${passed})`}${text}`;
    const isRead = kind === 'query';
    return {
      ...this.names.next(`${kind} ${name}`, name),
      source_id: `${kind}.${name}`,
      method: 'POST',
      path: '/',
      server: null,
      summary: (description ?? '').split('\n')[0]?.slice(0, 200) ?? '',
      description: (description ?? '').slice(0, DESCRIPTION_MAX),
      tags: [kind],
      deprecated: deprecationReason !== undefined && deprecationReason !== null,
      risk: isRead ? 'read' : DESTRUCTIVE.test(name) ? 'destructive' : 'write',
      idempotent: isRead,
      callable: true,
      parameters: args.map((one) => this.parameter(one)),
      headers: {},
      body: null,
      answers: [
        {
          ...{ status: '200', description: 'The response, with errors next to data when part of it failed.' },
          content_type: 'application/json',
          schema: {
            type: 'object',
            properties: {
              data: { type: ['object', 'null'], properties: { [name]: schema } },
              errors: { type: 'array', items: { type: 'object', properties: { message: { type: 'string' } } } },
            },
          },
          headers: [],
        },
      ],
      pagination: paginationOf(name, args, schema),
      auth: [],
      rate_limit: null,
      pointer: `/${kind}/${name}`,
      graphql: `${kind} ${name}${declared === '' ? '' : `(${declared})`} { ${called} }`,
    };
  }

  private parameter({
    name,
    type,
    description,
    defaultValue,
  }: GraphQLArgument & { defaultValue?: unknown }): Parameter {
    return {
      ...{ key: name, name, in: 'query', description: (description ?? '').slice(0, DESCRIPTION_MAX) },
      required: isNonNullType(type) && defaultValue === undefined,
      schema: this.input(type),
      ...{ style: 'form', explode: true },
    };
  }

  private input(type: GraphQLInputType): JsonSchema {
    const inner = getNullableType(type);
    if (isListType(inner)) return { type: 'array', items: this.input(inner.ofType) };
    if (isEnumType(inner)) return { type: 'string', enum: inner.getValues().map(({ name }) => name) };
    if (!isInputObjectType(inner)) return scalar(getNamedType(inner).name);
    if (!this.schemas.has(inner.name)) {
      // The name is taken first: input types may hold themselves.
      this.schemas.set(inner.name, {});
      const fields = Object.values(inner.getFields());
      const required = fields
        .filter((one) => isNonNullType(one.type) && one.defaultValue === undefined)
        .map(({ name }) => name);
      this.schemas.set(inner.name, {
        type: 'object',
        properties: Object.fromEntries(fields.map((one) => [one.name, this.input(one.type)])),
        ...(required.length > 0 ? { required } : {}),
        additionalProperties: false,
      });
    }
    return { $ref: `#/$defs/${inner.name}` };
  }

  /** The fields that a call asks for, to a bounded depth, and the schema of what they answer. */
  private selection(type: GraphQLOutputType): { text: string; schema: JsonSchema } {
    let left = FIELDS_MAX;
    const select = (given: GraphQLOutputType, depth: number): { text: string; schema: JsonSchema } | undefined => {
      const named = getNamedType(given);
      const wrap = (schema: JsonSchema): JsonSchema => wrapped(given, schema);
      if (isEnumType(named)) return { text: '', schema: wrap({ type: 'string' }) };
      if (isLeafType(named)) return { text: '', schema: wrap(scalar(named.name)) };
      if (depth < 0) return undefined;
      const declared = isUnionType(named) ? [] : Object.values(named.getFields());
      // Where the next page begins is asked for first: a bounded selection must not lose it.
      const fields = declared.toSorted((a, b) => Number(b.name === PAGE_INFO) - Number(a.name === PAGE_INFO));
      const chosen: string[] = ['__typename'];
      const properties: [string, JsonSchema][] = [['__typename', { type: 'string' }]];
      for (const field of fields) {
        if (left <= 0 || field.args.some((one) => isNonNullType(one.type) && one.defaultValue === undefined)) continue;
        const found = select(field.type, depth - (CONNECTION_FIELDS.has(field.name) ? 0.5 : 1));
        if (!found) continue;
        left--;
        chosen.push(field.name + found.text);
        properties.push([field.name, found.schema]);
      }
      return {
        text: ` { ${chosen.join(' ')} }`,
        schema: wrap({
          ...{ type: 'object', title: named.name, properties: Object.fromEntries(properties) },
          required: properties.map(([name]) => name),
        }),
      };
    };
    return select(type, SELECTION_DEPTH) ?? { text: '', schema: {} };
  }
}

/** Of a connection as Relay specifies it: `after` takes the cursor that `pageInfo` gave. */
function paginationOf(name: string, args: readonly GraphQLArgument[], { properties }: JsonSchema): Pagination {
  const fields = (properties ?? {}) as Record<string, JsonSchema>;
  const info = (fields[PAGE_INFO]?.['properties'] ?? {}) as Record<string, unknown>;
  const items = ['nodes', 'edges'].find((field) => [fields[field]?.['type']].flat().includes('array'));
  const has = (wanted: string): boolean => args.some((one) => one.name === wanted);
  if (items === undefined || !has('after') || info['endCursor'] === undefined) return NO_PAGES;
  return {
    ...{ kind: 'cursor', param: 'after', size_param: has('first') ? 'first' : null },
    next_field: `data.${name}.${PAGE_INFO}.endCursor`,
    items_field: `data.${name}.${items}`,
  };
}

function wrapped(type: GraphQLOutputType, schema: JsonSchema): JsonSchema {
  const inner = getNullableType(type);
  const whole = isListType(inner) ? { type: 'array', items: wrapped(inner.ofType, schema) } : schema;
  const { type: kind } = whole;
  return isNonNullType(type) || kind === undefined ? whole : { ...whole, type: [kind, 'null'].flat() };
}

/** Scalars of an API's own may be any JSON. */
function scalar(name: string): JsonSchema {
  const known: Record<string, JsonSchema> = {
    Int: { type: 'integer' },
    Float: { type: 'number' },
    Boolean: { type: 'boolean' },
    String: { type: 'string' },
    ID: { type: 'string' },
  };
  return Object.hasOwn(known, name) ? (known[name] ?? {}) : {};
}
