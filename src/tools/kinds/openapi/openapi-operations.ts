import { riskOf } from '../http/http-request.js';
import { type HttpCall, type InputPlace, type JsonSchema, operationName, type ToolOperation } from '../tool-kind.js';
export type OpenapiDocument = Record<string, unknown>;

const DEPTH_MAX = 200;
/** Schemas that one operation may refer to, directly or through others. */
const DEFINITIONS_MAX = 1_000;
const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete'];
const DESCRIPTION_MAX = 1_000;
const PLACES: Readonly<Record<string, InputPlace>> = { path: 'path', query: 'query', header: 'header' };

/** An operation as it stands in a document. */
export interface ListedOperation {
  /** Its id, or its method and path. */
  operation: string;
  method: string;
  path: string;
  /** What stands under the path, shared by its methods. */
  item: JsonSchema;
  described: JsonSchema;
}

/** Every operation of a document. */
export function listedOperations(document: OpenapiDocument): ListedOperation[] {
  return Object.entries(isRecord(document['paths']) ? document['paths'] : {}).flatMap(([path, entry]) => {
    const item = resolved(document, entry);
    return METHODS.filter((method) => isRecord(item[method])).map((method) => {
      const described = item[method] as JsonSchema;
      const operation = typeof described['operationId'] === 'string' ? described['operationId'] : `${method}_${path}`;
      return { operation, method, path, item, described };
    });
  });
}

/** One operation as a tool's. @param server the address before every path */
export function operationOf(
  tool: string,
  document: OpenapiDocument,
  server: string,
  { operation, method, path, item, described }: ListedOperation,
): ToolOperation {
  const base = server.replace(/(?<!\/)\/+$/, '');
  const { schema, places } = inputOf(document, item, described);
  const call: HttpCall = {
    ...{ method: method.toUpperCase(), url: base + path, headers: {}, places },
    allowed_hosts: [new URL(base).host],
  };
  return {
    name: operationName(tool, operation),
    operation,
    description: descriptionOf(described, method, path),
    input_schema: schema,
    risk: riskOf(method),
    call,
  };
}

/** The first server with the defaults of its variables, relative to where the document was found; undefined without one. */
export function serverOf(
  document: OpenapiDocument,
  config: { server_url?: string | undefined; url?: string | undefined },
): string | undefined {
  const servers = Array.isArray(document['servers']) ? (document['servers'] as unknown[]) : [];
  const first = isRecord(servers[0]) ? servers[0] : {};
  const variables = isRecord(first['variables']) ? first['variables'] : {};
  const stated = typeof first['url'] === 'string' ? first['url'] : '/';
  const filled = stated.replaceAll(/\{([^{}]+)\}/g, (_, name: string) => {
    const variable = variables[name];
    return isRecord(variable) ? String(variable['default']) : '';
  });
  const address = config.server_url ?? filled;
  return URL.canParse(address, config.url) ? new URL(address, config.url).href : undefined;
}

function inputOf(
  document: OpenapiDocument,
  item: JsonSchema,
  operation: JsonSchema,
): { schema: JsonSchema; places: HttpCall['places'] } {
  const collector = new SchemaCollector(document);
  const properties: JsonSchema = {};
  const required: string[] = [];
  const places: HttpCall['places'] = {};
  for (const one of [...listOf(item['parameters']), ...listOf(operation['parameters'])]) {
    const parameter = resolved(document, one);
    const { name, in: where, description, schema } = parameter;
    const place = PLACES[String(where)];
    if (typeof name !== 'string' || place === undefined) continue;
    const copied = collector.copy(schema ?? { type: 'string' });
    properties[name] = isRecord(copied) && typeof description === 'string' ? { ...copied, description } : copied;
    places[name] = place;
    if (parameter['required'] === true && !required.includes(name)) required.push(name);
  }
  const body = resolved(document, operation['requestBody']);
  const content = bodySchema(body);
  if (content !== undefined) {
    properties['body'] = collector.copy(content);
    places['body'] = 'body';
    if (body['required'] === true) required.push('body');
  }
  const { defs } = collector;
  return {
    schema: { type: 'object', properties, required, additionalProperties: false, ...(defs ? { $defs: defs } : {}) },
    places,
  };
}

function bodySchema(body: JsonSchema): unknown {
  const content = isRecord(body['content']) ? body['content'] : {};
  const [, media] = Object.entries(content).find(([type]) => /\bjson\b/i.test(type)) ?? [];
  return isRecord(media) ? (media['schema'] ?? {}) : undefined;
}

function descriptionOf({ summary, description }: JsonSchema, method: string, path: string): string {
  const words = [summary, description].filter((text) => typeof text === 'string' && text !== '').join('. ');
  return (words === '' ? `${method.toUpperCase()} ${path}` : words).slice(0, DESCRIPTION_MAX);
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);

/** The target of a reference inside the document; undefined when it does not exist. */
function pointedTo(document: OpenapiDocument, reference: string): unknown {
  if (!reference.startsWith('#')) return undefined;
  const steps = decodeURIComponent(reference.slice(1)).split('/').slice(1);
  return steps
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>(
      (at, step) => (isRecord(at) || Array.isArray(at) ? (at as JsonSchema)[step] : undefined),
      document,
    );
}

/** The value itself, or the target of its reference. A chain of references ends after 20 steps, so circles end too. */
function resolved(document: OpenapiDocument, thing: unknown): JsonSchema {
  let at = thing;
  for (let step = 0; step < 20 && isRecord(at) && typeof at['$ref'] === 'string'; step++)
    at = pointedTo(document, at['$ref']);
  return isRecord(at) ? at : {};
}

/**
 * Copies schemas out of a document so that they stand alone: what they refer to comes along under `$defs`, each once, so
 * circles stay circles.
 */
class SchemaCollector {
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

function isRecord(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
