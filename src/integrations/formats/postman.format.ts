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
  recordOf,
  type Source,
  SourceFormat,
  textOf,
} from './source-format.js';
import { paginationOf } from '../catalogue/pagination.js';
import { isSmall, schemaOfExample } from './schema-collector.js';
import { fault, located } from './source-text.js';

const DESCRIPTION_MAX = 1_000;
const METHOD = /^[A-Z]{1,20}$/;
const READS = new Set(['GET', 'HEAD', 'OPTIONS']);
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
const OWN_HEADERS = new Set(['accept', 'content-type', 'content-length', 'host', 'connection', 'user-agent']);
const SECRET_HEADER = /^(?:authorization|cookie|.*(?:api[-_]?key|token|secret|password).*)$/i;
const VARIABLE = /\{\{([^{}]+)\}\}/g;
const ORIGIN = /^(?:[a-z][a-z0-9+.-]*:\/\/)?([^/?#]*)/i;

/** What a folder hands down to its requests. */
interface Scope {
  folders: string[];
  auth: unknown;
  variables: ReadonlyMap<string, string>;
}

/** Postman collections 2.0 and 2.1: folders, variables and authentication are inherited; scripts are not run. */
export class PostmanFormat extends SourceFormat {
  readonly name = 'postman';

  detects({ document }: Pick<Source, 'document'>): boolean {
    if (!isRecord(document) || !isRecord(document['info'])) return false;
    const { info } = document;
    return 'item' in document || '_postman_id' in info || /postman/i.test(textOf(info['schema']));
  }

  async read({ document, text }: Source): Promise<Catalogue> {
    const faults = faultsOf(document);
    if (faults.length > 0) throw located(text, faults);
    return new PostmanReading(document as Json).catalogue();
  }
}

/** What a collection must have to be read, by the published schema of its format. */
function faultsOf(document: unknown): DocumentFault[] {
  if (!isRecord(document)) return [fault('', 'must be an object')];
  const faults: DocumentFault[] = [];
  const { info, item, variable, auth } = document;
  if (!isRecord(info)) faults.push(fault('/info', 'must be an object'));
  else {
    if (typeof info['name'] !== 'string' || info['name'] === '') faults.push(fault('/info/name', 'must be a string'));
    const version = /v(\d+\.\d+)/.exec(textOf(info['schema']))?.[1];
    if (version !== '2.0' && version !== '2.1')
      faults.push(fault('/info/schema', 'must be the schema URL of collection 2.0 or 2.1'));
  }
  if (!Array.isArray(item)) faults.push(fault('/item', 'must be a list of requests and folders'));
  if (variable !== undefined && variable !== null) faults.push(...entryFaults(variable, '/variable', ['key', 'id']));
  faults.push(...authFaults(auth, '/auth'));
  const walk = (items: unknown, pointer: string, depth: number): void => {
    if (depth > 50) faults.push(fault(pointer, 'nests more than 50 folders'));
    else
      listOf(items).forEach((one, index) => {
        const place = `${pointer}/${index}`;
        if (!isRecord(one)) faults.push(fault(place, 'must be an object'));
        else if ('item' in one) {
          if (Array.isArray(one['item'])) walk(one['item'], `${place}/item`, depth + 1);
          else faults.push(fault(`${place}/item`, 'must be a list of requests and folders'));
          faults.push(...authFaults(one['auth'], `${place}/auth`));
        } else faults.push(...requestFaults(one, place));
      });
  };
  walk(item, '/item', 0);
  return faults;
}

function requestFaults(item: Json, place: string): DocumentFault[] {
  const { request, name, response } = item;
  const faults: DocumentFault[] = [];
  if (name !== undefined && typeof name !== 'string') faults.push(fault(`${place}/name`, 'must be a string'));
  if (response !== undefined && response !== null && !Array.isArray(response))
    faults.push(fault(`${place}/response`, 'must be a list'));
  if (typeof request === 'string') return faults;
  if (!isRecord(request)) return [...faults, fault(`${place}/request`, 'must be a URL or an object')];
  const { method, url, header, body, auth } = request;
  if (method !== undefined && (typeof method !== 'string' || !METHOD.test(method.toUpperCase())))
    faults.push(fault(`${place}/request/method`, 'must be the name of an HTTP method'));
  if (typeof url !== 'string' && !(isRecord(url) && (typeof url['raw'] === 'string' || url['host'] !== undefined)))
    faults.push(fault(`${place}/request/url`, 'must be a URL, or an object with raw or host'));
  if (isRecord(url)) {
    for (const list of ['query', 'variable'])
      if (url[list] !== undefined && url[list] !== null)
        faults.push(...entryFaults(url[list], `${place}/request/url/${list}`, list === 'query' ? [] : ['key', 'id']));
    if (url['path'] !== undefined && typeof url['path'] !== 'string' && !Array.isArray(url['path']))
      faults.push(fault(`${place}/request/url/path`, 'must be a string or a list'));
  }
  if (header !== undefined && header !== null && typeof header !== 'string')
    faults.push(...entryFaults(header, `${place}/request/header`, ['key']));
  if (body !== undefined && body !== null && !isRecord(body))
    faults.push(fault(`${place}/request/body`, 'must be an object'));
  return [...faults, ...authFaults(auth, `${place}/request/auth`)];
}

function entryFaults(list: unknown, pointer: string, keys: string[]): DocumentFault[] {
  if (!Array.isArray(list)) return [fault(pointer, 'must be a list')];
  return list.flatMap((one: unknown, index) => {
    if (!isRecord(one)) return [fault(`${pointer}/${index}`, 'must be an object')];
    const hasKey = keys.length === 0 || keys.some((key) => typeof one[key] === 'string');
    return hasKey ? [] : [fault(`${pointer}/${index}/${keys[0] ?? ''}`, 'must be a string')];
  });
}

function authFaults(auth: unknown, pointer: string): DocumentFault[] {
  if (auth === undefined || auth === null) return [];
  if (!isRecord(auth)) return [fault(pointer, 'must be an object')];
  return typeof auth['type'] === 'string' ? [] : [fault(`${pointer}/type`, 'must be a string')];
}

class PostmanReading {
  private readonly names = new OperationNames();
  private readonly operations: Operation[] = [];
  private readonly origins = new Map<string, number>();
  private readonly notes: Catalogue['notes'] = [];

  constructor(private readonly document: Json) {}

  catalogue(): Catalogue {
    const { info, item, auth, variable } = this.document;
    this.read(listOf(item), '/item', { folders: [], auth, variables: withVariables(new Map(), variable) });
    const [main] = [...this.origins].toSorted(([, a], [, b]) => b - a).map(([origin]) => origin);
    for (const operation of this.operations) if (operation.server === main) operation.server = null;
    const described = recordOf(info);
    return {
      format: 'postman',
      format_version: /v(\d+\.\d+)/.exec(textOf(described['schema']))?.[1] ?? '',
      title: textOf(described['name']),
      api_version: textOf(described['version']),
      description: descriptionOf(described['description']),
      servers: main === undefined ? [] : [main],
      operations: this.operations,
      schemas: {},
      notes: this.notes,
    };
  }

  private read(items: unknown[], pointer: string, scope: Scope): void {
    items.forEach((one, index) => {
      const item = recordOf(one);
      const place = `${pointer}/${index}`;
      if (listOf(item['event']).length > 0)
        this.notes.push({
          rule: 'scripts-not-run',
          pointer: `${place}/event`,
          message: 'Scripts of the collection are not run.',
        });
      if (!Array.isArray(item['item'])) {
        this.operations.push(this.operation(item, place, scope));
        return;
      }
      this.read(item['item'], `${place}/item`, {
        folders: [...scope.folders, textOf(item['name'])],
        auth: item['auth'] ?? scope.auth,
        variables: withVariables(scope.variables, item['variable']),
      });
    });
  }

  private operation(item: Json, pointer: string, scope: Scope): Operation {
    const request: Json = typeof item['request'] === 'string' ? { url: item['request'] } : recordOf(item['request']);
    const variables = withVariables(scope.variables, item['variable']);
    const method = (textOf(request['method']) || 'GET').toUpperCase();
    const address = addressOf(request['url'], variables);
    if (address.origin !== null) this.origins.set(address.origin, (this.origins.get(address.origin) ?? 0) + 1);
    const { parameters, headers } = parametersOf(request, address, variables);
    const body = bodyOf(request['body'], variables);
    const name = textOf(item['name']) || `${method} ${address.path}`;
    const answers = listOf(item['response']).map(answerOf);
    const operation: Operation = {
      ...this.names.next(`${method} ${address.path}`, [...scope.folders, name].join(' ')),
      source_id: typeof item['id'] === 'string' ? item['id'] : null,
      method,
      path: address.path,
      server: address.origin,
      summary: name,
      description: descriptionOf(request['description'] ?? item['description']),
      tags: scope.folders,
      deprecated: false,
      risk: READS.has(method) || isQuery(request['body']) ? 'read' : method === 'DELETE' ? 'destructive' : 'write',
      idempotent: IDEMPOTENT.has(method),
      callable: true,
      parameters,
      headers,
      body,
      answers: [...new Map(answers.map((answer) => [answer.status, answer])).values()],
      pagination: { kind: 'none', param: null, size_param: null, next_field: null, items_field: null },
      auth: authOf(request['auth'] ?? scope.auth),
      rate_limit: answers.some(({ status }) => status === '429') ? { headers: [] } : null,
      pointer,
    };
    return { ...operation, pagination: paginationOf(operation, {}) };
  }
}

function withVariables(outer: ReadonlyMap<string, string>, given: unknown): ReadonlyMap<string, string> {
  const own = listOf(given).flatMap((one): [string, string][] => {
    const { key, id, value, disabled } = recordOf(one);
    const name = textOf(key) || textOf(id);
    const isKnown = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    return name !== '' && disabled !== true && isKnown && value !== '' ? [[name, String(value)]] : [];
  });
  return own.length === 0 ? outer : new Map([...outer, ...own]);
}

/** Variables may name variables; ten rounds end circles. Unknown ones stay as they are. */
function filled(text: string, variables: ReadonlyMap<string, string>): string {
  let current = text;
  for (let round = 0; round < 10 && current.includes('{{') && current.length < 100_000; round++) {
    const next = current.replaceAll(VARIABLE, (whole, name: string) => variables.get(name.trim()) ?? whole);
    if (next === current) break;
    current = next;
  }
  return current;
}

interface Address {
  /** Null when a variable of the host has no value. */
  origin: string | null;
  /** With `{name}` for each variable. */
  path: string;
  query: { name: string; value: string; description: string; disabled: boolean }[];
  /** Of path variables, by name. */
  descriptions: Map<string, string>;
  examples: Map<string, string>;
}

function addressOf(given: unknown, variables: ReadonlyMap<string, string>): Address {
  const url: Json = typeof given === 'string' ? { raw: given } : recordOf(given);
  const whole = filled(textOf(url['raw']) || rawOf(url), variables).split('#')[0] ?? '';
  const [before = '', search = ''] = whole.split(/\?(.*)/s);
  // A host that is a single unknown variable may hold a base path too: it is the server, whatever it is.
  const host = ORIGIN.exec(before)?.[0] ?? '';
  const absolute = /^[a-z][a-z0-9+.-]*:\/\//i.test(host) ? host : `https://${host}`;
  const isKnown = host !== '' && !host.includes('{{') && URL.canParse(absolute);
  const path = before
    .slice(host.length)
    .replaceAll(VARIABLE, (_, name: string) => `{${plain(name)}}`)
    .replaceAll(/\/:([^/:?#]+)/g, (_, name: string) => `/{${plain(name)}}`);
  const listed = listOf(url['query']).map((one) => recordOf(one));
  const query =
    listed.length > 0
      ? listed
          .filter(({ key }) => textOf(key) !== '')
          .map((one) => ({
            name: textOf(one['key']),
            value: textOf(one['value']),
            description: descriptionOf(one['description']),
            disabled: one['disabled'] === true,
          }))
      : [...new URLSearchParams(search)].map(([name, value]) => ({ name, value, description: '', disabled: false }));
  const own = listOf(url['variable']).map((one) => recordOf(one));
  const named = own.map((one) => [plain(textOf(one['key']) || textOf(one['id'])), one] as const);
  return {
    origin: isKnown ? new URL(absolute).origin : null,
    path: path.startsWith('/') ? path : `/${path}`,
    query,
    descriptions: new Map(named.map(([name, one]) => [name, descriptionOf(one['description'])])),
    examples: new Map(named.map(([name, one]) => [name, textOf(one['value'])])),
  };
}

const plain = (name: string): string => name.replaceAll(/[{}]/g, '').trim();

function rawOf({ protocol, host, port, path }: Json): string {
  const name = Array.isArray(host) ? host.map(textOf).join('.') : textOf(host);
  const steps = Array.isArray(path)
    ? path.map((step) => textOf(recordOf(step)['value'] ?? step)).join('/')
    : textOf(path);
  const scheme = textOf(protocol) === '' ? '' : `${textOf(protocol)}://`;
  return `${scheme}${name}${textOf(port) === '' ? '' : `:${textOf(port)}`}${steps === '' ? '' : `/${steps.replace(/^\//, '')}`}`;
}

function parametersOf(request: Json, address: Address, variables: ReadonlyMap<string, string>) {
  const parameters: Parameter[] = [];
  const headers: Record<string, string> = {};
  const add = (name: string, place: Parameter['in'], required: boolean, value: string, description: string): void => {
    const isTaken = parameters.some((one) => one.key === name) || name === 'body';
    const known = filled(value, variables);
    const isExample = known !== '' && !known.includes('{{');
    parameters.push({
      key: isTaken ? `${name}_${place}` : name,
      ...{ name, in: place, required, description },
      schema: { type: 'string', ...(isExample ? { examples: [known] } : {}) },
      ...{ style: place === 'path' ? 'simple' : 'form', explode: place !== 'path' },
    });
  };
  const holes = new Set([...address.path.matchAll(/\{([^{}]+)\}/g)].map(([, name]) => name ?? ''));
  for (const name of holes)
    add(name, 'path', true, address.examples.get(name) ?? '', address.descriptions.get(name) ?? '');
  for (const { name, value, description } of new Map(address.query.map((one) => [one.name, one])).values())
    add(filled(name, variables), 'query', false, value, description);
  for (const one of typeof request['header'] === 'string' ? [] : listOf(request['header'])) {
    const { key, value, disabled, description } = recordOf(one);
    const name = filled(textOf(key), variables);
    if (disabled === true || !/^[A-Za-z0-9-]{1,100}$/.test(name) || OWN_HEADERS.has(name.toLowerCase())) continue;
    // A credential in a collection is never kept: it is given to the integration as one.
    if (SECRET_HEADER.test(name)) continue;
    const known = filled(textOf(value), variables);
    if (known !== '' && !known.includes('{{') && !/[\r\n]/.test(known)) headers[name.toLowerCase()] = known;
    else add(name, 'header', false, '', descriptionOf(description));
  }
  return { parameters, headers };
}

function bodyOf(given: unknown, variables: ReadonlyMap<string, string>): RequestBody | null {
  const body = recordOf(given);
  if (body['disabled'] === true) return null;
  const fields = (list: unknown) => {
    const used = listOf(list)
      .map((one) => recordOf(one))
      .filter(({ key, disabled }) => textOf(key) !== '' && disabled !== true);
    const properties = used.map((one) => {
      const value = filled(textOf(one['value']), variables);
      const schema =
        one['type'] === 'file'
          ? { type: 'string', format: 'binary' }
          : { type: 'string', ...(value === '' || value.includes('{{') ? {} : { examples: [value] }) };
      return [textOf(one['key']), schema] as const;
    });
    return { type: 'object', properties: Object.fromEntries(properties) };
  };
  switch (body['mode']) {
    case 'urlencoded':
      return { content_type: 'application/x-www-form-urlencoded', required: false, schema: fields(body['urlencoded']) };
    case 'formdata':
      return { content_type: 'multipart/form-data', required: false, schema: fields(body['formdata']) };
    case 'graphql': {
      const { query, variables: given } = recordOf(body['graphql']);
      const example = { query: textOf(query), variables: parsed(textOf(given)) ?? {} };
      const properties = { query: { type: 'string' }, variables: { type: 'object' } };
      return {
        content_type: 'application/json',
        required: true,
        schema: { type: 'object', properties, required: ['query'], examples: [example] },
      };
    }
    case 'raw': {
      const text = filled(textOf(body['raw']), variables);
      const language = textOf(recordOf(recordOf(body['options'])['raw'])['language']);
      const example = parsed(text.replaceAll(VARIABLE, 'null')) ?? parsed(text);
      if (example !== undefined)
        return {
          content_type: 'application/json',
          required: false,
          schema: withExample(schemaOfExample(example), example),
        };
      const type = { xml: 'application/xml', html: 'text/html', json: 'application/json' }[language] ?? 'text/plain';
      return text === ''
        ? null
        : { content_type: type, required: false, schema: language === 'json' ? {} : { type: 'string' } };
    }
    case 'file':
      return {
        content_type: 'application/octet-stream',
        required: false,
        schema: { type: 'string', format: 'binary' },
      };
    default:
      return null;
  }
}

const isQuery = (given: unknown): boolean => {
  const body = recordOf(given);
  return body['mode'] === 'graphql' && /^\s*(?:query\b|\{)/.test(textOf(recordOf(body['graphql'])['query']));
};

const withExample = (schema: Json, example: unknown): Json =>
  isSmall(example) ? { ...schema, examples: [example] } : schema;

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

function answerOf(given: unknown): AnswerShape {
  const { code, name, body, header } = recordOf(given);
  const example = parsed(textOf(body));
  const names =
    typeof header === 'string' ? [] : listOf(header).map((one) => textOf(recordOf(one)['key']).toLowerCase());
  return {
    status: typeof code === 'number' ? String(code) : 'default',
    description: textOf(name),
    content_type: example === undefined ? (textOf(body) === '' ? null : 'text/plain') : 'application/json',
    schema: example === undefined ? null : schemaOfExample(example),
    headers: names,
    ...(example !== undefined && isSmall(example) ? { example } : {}),
  };
}

function authOf(given: unknown): AuthScheme[][] {
  const auth = recordOf(given);
  const type = textOf(auth['type']);
  const detail = (name: string): string => {
    const all = auth[type];
    if (!Array.isArray(all)) return textOf(recordOf(all)[name]);
    return textOf(recordOf(all.find((one) => recordOf(one)['key'] === name))['value']);
  };
  switch (type) {
    case '':
    case 'noauth':
      return [];
    case 'bearer':
    case 'jwt':
      return [[{ name: type, type: 'bearer' }]];
    case 'basic':
      return [[{ name: type, type: 'basic' }]];
    case 'apikey':
      return [[{ name: type, type: 'api_key', in: detail('in') || 'header', param: detail('key') }]];
    case 'oauth2':
      return [
        [
          {
            name: type,
            type: 'oauth2',
            scopes: detail('scope')
              .split(/[\s,]+/)
              .filter(Boolean),
          },
        ],
      ];
    default:
      return [[{ name: type, type: 'other' }]];
  }
}

const descriptionOf = (given: unknown): string =>
  (typeof given === 'string' ? given : textOf(recordOf(given)['content'])).slice(0, DESCRIPTION_MAX);
