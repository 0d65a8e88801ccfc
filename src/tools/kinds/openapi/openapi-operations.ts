import { riskOf } from '../http/http-request.js';
import { type HttpCall, type InputPlace, type JsonSchema, operationName, type ToolOperation } from '../tool-kind.js';
import { isRecord, type OpenapiDocument, resolved, SchemaCollector } from './schema-collector.js';

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
