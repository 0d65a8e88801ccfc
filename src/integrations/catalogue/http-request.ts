import type { JsonSchema, Operation, Parameter } from './operation.js';

/** An HTTP request as an operation describes it, without credentials. */
export interface PreparedRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: string;
}

/** The input cannot become a request. */
export class InputFault extends Error {
  constructor(
    readonly field: string,
    reason: string,
  ) {
    super(reason);
  }
}

type Input = Record<string, unknown>;

/** Fills an operation with an input that fits its schema. @throws InputFault for a value that its place cannot hold */
export function requestOf(operation: Operation, input: Input, server: string): PreparedRequest {
  const base = (operation.server ?? server).replace(/(?<!\/)\/+$/, '');
  const headers: Record<string, string> = { accept: 'application/json, text/*;q=0.9', ...operation.headers };
  if (operation.graphql !== undefined) {
    const variables = Object.fromEntries(
      operation.parameters.flatMap(({ key, name }) => (key in input ? [[name, input[key]]] : [])),
    );
    headers['content-type'] = 'application/json';
    return { method: 'POST', url: base, headers, body: JSON.stringify({ query: operation.graphql, variables }) };
  }
  const given = (place: Parameter['in']) =>
    operation.parameters.filter((one) => one.in === place && input[one.key] !== undefined && input[one.key] !== null);
  const path = operation.path.replaceAll(/\{([^{}]+)\}/g, (_, name: string) => {
    const parameter = operation.parameters.find((one) => one.in === 'path' && one.name === name);
    return inPath(parameter?.key ?? name, input[parameter?.key ?? name]);
  });
  const query = given('query').flatMap((one) => pairsOf(one, input[one.key]));
  for (const one of given('header')) headers[one.name.toLowerCase()] = oneLine(listed(input[one.key], ','));
  const cookies = given('cookie').map((one) => `${one.name}=${encodeURIComponent(listed(input[one.key], ','))}`);
  if (cookies.length > 0) headers['cookie'] = cookies.join('; ');
  const url =
    base + path + (query.length > 0 ? `${path.includes('?') ? '&' : '?'}${query.map(encoded).join('&')}` : '');
  const content = operation.body && input['body'] !== undefined ? bodyOf(operation.body, input['body']) : undefined;
  if (content) headers['content-type'] = content.type;
  return { method: operation.method, url, headers, ...(content ? { body: content.text } : {}) };
}

/** Refuses `.` and `..`: they would leave the path even when encoded. */
function inPath(key: string, value: unknown): string {
  if (value === undefined || value === null) throw new InputFault(key, 'is required');
  const text = listed(value, ',');
  if (text === '' || text === '.' || text === '..') throw new InputFault(key, `must not be "${text}"`);
  return encodeURIComponent(text);
}

const DELIMITERS: Readonly<Record<string, string>> = { spaceDelimited: ' ', pipeDelimited: '|' };

function pairsOf({ name, style, explode }: Parameter, value: unknown): [string, string][] {
  if (style === 'json') return [[name, JSON.stringify(value)]];
  // OpenAPI does not say how a list of this style is written; the APIs that use it read brackets.
  if (Array.isArray(value) && style === 'deepObject')
    return value.map((one): [string, string] => [`${name}[]`, asText(one)]);
  if (Array.isArray(value))
    return explode
      ? value.map((one): [string, string] => [name, asText(one)])
      : [[name, listed(value, DELIMITERS[style] ?? ',')]];
  if (typeof value !== 'object' || value === null) return [[name, asText(value)]];
  if (style === 'deepObject') return deep(name, value as Input);
  return explode
    ? Object.entries(value).map(([key, one]): [string, string] => [key, asText(one)])
    : [[name, listed(value, ',')]];
}

function deep(prefix: string, value: Input): [string, string][] {
  return Object.entries(value).flatMap(([key, one]): [string, string][] => {
    const name = `${prefix}[${key}]`;
    if (Array.isArray(one)) return one.map((item): [string, string] => [`${name}[]`, asText(item)]);
    return typeof one === 'object' && one !== null ? deep(name, one as Input) : [[name, asText(one)]];
  });
}

const encoded = ([name, value]: [string, string]): string => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;

function listed(value: unknown, delimiter: string): string {
  if (Array.isArray(value)) return value.map(asText).join(delimiter);
  if (typeof value === 'object' && value !== null)
    return Object.entries(value)
      .flatMap(([key, one]) => [key, asText(one)])
      .join(delimiter);
  return asText(value);
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
const oneLine = (text: string): string => text.replaceAll(/[\r\n]/g, ' ');

/** A boundary that is the same each time: the same input gives the same request. */
const BOUNDARY = 'nexus-7c1d3e0f5b6a49d2';

function bodyOf({ content_type }: { content_type: string }, value: unknown): { type: string; text: string } {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (/x-www-form-urlencoded/i.test(content_type)) {
    if (!isObject) throw new InputFault('body', 'must be an object: the API expects form data');
    const pairs = Object.entries(value).flatMap(([key, one]): [string, string][] => {
      if (Array.isArray(one)) return one.map((item): [string, string] => [`${key}[]`, asText(item)]);
      return typeof one === 'object' && one !== null ? deep(key, one as Input) : [[key, asText(one)]];
    });
    return { type: content_type, text: pairs.map(encoded).join('&') };
  }
  if (/^multipart\//i.test(content_type)) {
    if (!isObject) throw new InputFault('body', 'must be an object: the API expects form data');
    const parts = Object.entries(value).map(([key, one]) => {
      const name = key.replaceAll(/["\r\n]/g, '_');
      return `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${asText(one)}\r\n`;
    });
    return { type: `multipart/form-data; boundary=${BOUNDARY}`, text: `${parts.join('')}--${BOUNDARY}--\r\n` };
  }
  const isJson = /[/+]json\b/i.test(content_type) || content_type === '*/*';
  if (isJson) return { type: content_type === '*/*' ? 'application/json' : content_type, text: JSON.stringify(value) };
  return { type: content_type, text: asText(value) };
}

/** The value at a dotted path; the value itself for an empty path. */
export function fieldOf(value: unknown, path: string): unknown {
  if (path === '') return value;
  return path.split('.').reduce<unknown>((at, step) => {
    const isInside = typeof at === 'object' && at !== null && Object.hasOwn(at, step);
    return isInside ? (at as JsonSchema)[step] : undefined;
  }, value);
}

/** Where a `Link` header says that the next page is. */
export function nextLink(header: string | undefined): string | undefined {
  for (const part of (header ?? '').slice(0, 8_000).split(/,\s*(?=<)/)) {
    const found = /^\s*<([^>]*)>(.*)$/.exec(part);
    if (found?.[1] !== undefined && /;\s*rel="?next"?(?:\s|;|$)/i.test(found[2] ?? '')) return found[1];
  }
  return undefined;
}
