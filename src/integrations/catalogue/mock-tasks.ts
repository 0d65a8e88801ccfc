import { fieldOf } from './http-request.js';
import { moreFieldOf, shapeFor } from './call-tasks.js';
import { find } from './list-tasks.js';
import { deref } from './pagination.js';
import {
  type AnswerShape,
  type Catalogue,
  inputSchemaOf,
  type JsonSchema,
  type Operation,
  type Parameter,
  successOf,
} from './operation.js';
import { sampleOf } from './sample.js';
import { standalone, withoutExamples, schemaFaults } from './operation-schemas.js';

const CHECKED_SCHEMA_MAX = 1_000_000;

/** A request to the mock. The path is below the mock's own address. */
export interface MockRequest {
  method: string;
  path: string;
  query: string;
  headers: Record<string, string>;
  body: string;
}

export interface MockAnswer {
  status: number;
  headers: Record<string, string>;
  body: unknown;
}

/** Answers in the place of an API: from examples, otherwise from schemas, always the same. */
export const mockTasks = {
  mock: ([catalogue]: Catalogue[], request: MockRequest): MockAnswer => answerOf(catalogue!, request),

  /** An input that fits the operation; null when there is no such operation. */
  sample_input: ([catalogue]: Catalogue[], wanted: string): Record<string, unknown> | null => {
    const operation = catalogue && find(catalogue, wanted);
    return operation ? sampleInput(operation, catalogue.schemas) : null;
  },
};

/** What is required, and the body when there is one. An example that does not fit its own schema is not used. */
export function sampleInput(operation: Operation, schemas: Record<string, JsonSchema>): Record<string, unknown> {
  const schema = standalone(withoutExamples(inputSchemaOf(operation)), schemas, CHECKED_SCHEMA_MAX);
  const input = inputOfSamples(operation, schemas);
  if (schemaFaults(schema, input).length === 0) return input;
  return inputOfSamples(operation, withoutExamples({ properties: schemas })['properties'] as typeof schemas, true);
}

function inputOfSamples(
  { parameters, body }: Operation,
  schemas: Record<string, JsonSchema>,
  isPlain = false,
): Record<string, unknown> {
  const sample = (schema: JsonSchema): unknown => sampleOf(isPlain ? withoutExamples(schema) : schema, schemas);
  const needed = parameters.filter(({ required }) => required);
  const input = Object.fromEntries(needed.map(({ key, schema, in: place }) => [key, sent(place, sample(schema))]));
  return body ? { ...input, body: sample(body.schema) } : input;
}

/** An empty text cannot stand in a path. */
const sent = (place: Parameter['in'], value: unknown): unknown =>
  place === 'path' && (value === '' || value === null) ? 'text' : value;

function answerOf(catalogue: Catalogue, request: MockRequest): MockAnswer {
  const found = catalogue.format === 'graphql' ? graphqlOperation(catalogue, request) : matching(catalogue, request);
  if ('fault' in found) return json(found.status, { error: found.fault });
  const { operation, values } = found;
  const wanted = /(?:^|[,;\s])code=(\d{3})\b/.exec(request.headers['prefer'] ?? '')?.[1];
  if (wanted !== undefined) return shaped(catalogue, operation, Number(wanted));
  const input = inputOf(catalogue, operation, request, values);
  if ('fault' in input) return json(400, { error: input.fault });
  const schema = standalone(withoutExamples(inputSchemaOf(operation)), catalogue.schemas, CHECKED_SCHEMA_MAX);
  const faults = schemaFaults(schema, input);
  if (faults.length > 0) return json(400, { error: 'The request does not match the document', faults });
  const success = successOf(operation);
  const status = Number(success?.status.replace(/X/g, '0') ?? 200);
  return paged(catalogue, operation, input, shaped(catalogue, operation, Number.isNaN(status) ? 200 : status, success));
}

type Match = { operation: Operation; values: Record<string, string> } | { status: number; fault: string };

/** The operation whose path has the most fixed steps. */
function matching({ operations }: Catalogue, { method, path }: MockRequest): Match {
  const steps = stepsOf(path);
  let best: { operation: Operation; values: Record<string, string>; fixed: number } | undefined;
  let isPath = false;
  for (const operation of operations) {
    const values = operation.callable ? valuesOf(stepsOf(operation.path), steps) : undefined;
    if (!values) continue;
    isPath = true;
    const fixed = steps.length - Object.keys(values).length;
    if (operation.method === method && (!best || fixed > best.fixed)) best = { operation, values, fixed };
  }
  if (best) return best;
  return isPath
    ? { status: 405, fault: `The path does not accept ${method}` }
    : { status: 404, fault: 'The document has no such path' };
}

const stepsOf = (path: string): string[] => (path.split('?')[0] ?? '').split('/').filter((step) => step !== '');

/** Undefined when the path is another. A step may hold text around its parameter. */
function valuesOf(template: readonly string[], steps: readonly string[]): Record<string, string> | undefined {
  if (template.length !== steps.length) return undefined;
  const values: Record<string, string> = {};
  for (const [index, part] of template.entries()) {
    const step = steps[index] ?? '';
    if (!part.includes('{')) {
      if (part !== step && part !== decoded(step)) return undefined;
      continue;
    }
    const names: string[] = [];
    const pattern = part.split(/(\{[^{}]+\})/).map((piece) => {
      const name = /^\{(.+)\}$/.exec(piece)?.[1];
      if (name === undefined) return piece.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
      names.push(name);
      return '([^/]+?)';
    });
    const found = new RegExp(`^${pattern.join('')}$`).exec(step);
    if (!found) return undefined;
    names.forEach((name, place) => (values[name] = decoded(found[place + 1] ?? '')));
  }
  return values;
}

function graphqlOperation({ operations }: Catalogue, { method, body }: MockRequest): Match {
  if (method !== 'POST') return { status: 405, fault: 'GraphQL requires POST' };
  const { query } = (parsed(body) ?? {}) as { query?: unknown };
  if (typeof query !== 'string') return { status: 400, fault: 'The body must be JSON with a query' };
  const kind = /^\s*mutation\b/.test(query) ? 'mutation' : 'query';
  const root = /\{\s*(\w+)/.exec(query)?.[1] ?? '';
  const operation = operations.find(({ source_id }) => source_id === `${kind}.${root}`);
  return operation ? { operation, values: {} } : { status: 400, fault: `There is no ${kind} ${root}` };
}

function inputOf(
  { schemas }: Catalogue,
  operation: Operation,
  request: MockRequest,
  values: Record<string, string>,
): Record<string, unknown> | { fault: string } {
  if (operation.graphql !== undefined)
    return (parsed(request.body) as { variables?: Record<string, unknown> }).variables ?? {};
  const query = new URLSearchParams(request.query);
  const cookies = new URLSearchParams((request.headers['cookie'] ?? '').replaceAll(/;\s*/g, '&'));
  const input: Record<string, unknown> = {};
  for (const parameter of operation.parameters) {
    const { name, key, schema, style } = parameter;
    // Objects in queries are written in many ways: they are taken as they come, and only count as sent.
    if (parameter.in === 'query' && (style === 'deepObject' || isOf(deref(schema, schemas), 'object'))) {
      const fields = Object.keys(deref(schema, schemas)['properties'] ?? {});
      const isSent = [...query.keys()].some(
        (sent) => sent === name || sent.startsWith(`${name}[`) || fields.includes(sent),
      );
      if (isSent && parameter.required) input[key] = sampleOf(schema, schemas);
      continue;
    }
    const texts =
      parameter.in === 'query' ? query.getAll(name) : [singleOf(parameter, values, request.headers, cookies)];
    const given = texts.filter((text) => text !== undefined);
    const known = { ...parameter, schema: deref(schema, schemas) };
    if (given.length > 0) input[key] = valueOf(known, given, schemas);
  }
  if (!operation.body || request.body === '') return input;
  const isJson = /[/+]json\b|\*\/\*/i.test(operation.body.content_type);
  if (!isJson)
    return {
      ...input,
      body: isOf(operation.body.schema, 'string') ? request.body : sampleOf(operation.body.schema, schemas),
    };
  const body = parsed(request.body);
  return body === undefined ? { fault: 'The body is not valid JSON' } : { ...input, body };
}

function singleOf(
  { name, in: place }: Parameter,
  values: Record<string, string>,
  headers: Record<string, string>,
  cookies: URLSearchParams,
): string | undefined {
  if (place === 'path') return values[name];
  return place === 'header' ? headers[name.toLowerCase()] : (cookies.get(name) ?? undefined);
}

/** Texts on the wire become what the schema asks for, where they can. */
function valueOf({ schema, explode, style }: Parameter, texts: string[], schemas: Record<string, JsonSchema>): unknown {
  if (style === 'json') return parsed(texts[0] ?? '') ?? texts[0];
  if (isOf(schema, 'array')) {
    const delimiter = style === 'pipeDelimited' ? '|' : style === 'spaceDelimited' ? ' ' : ',';
    const items = explode || texts.length > 1 ? texts : (texts[0] ?? '').split(delimiter);
    return items.map((text) => typed(deref(schema['items'] ?? {}, schemas), text));
  }
  return typed(schema, texts[0] ?? '');
}

function typed(schema: JsonSchema, text: string): unknown {
  if (isOf(schema, 'string')) return text;
  const value = parsed(text);
  const isKnown = typeof value === 'number' || typeof value === 'boolean' || value === null;
  return isKnown && (schema['type'] !== undefined || schema['enum'] !== undefined) ? value : text;
}

const isOf = (schema: JsonSchema, type: string): boolean => [schema['type']].flat().includes(type);

/** One of the document's answers; one that it does not describe has a plain body. */
function shaped(catalogue: Catalogue, operation: Operation, status: number, chosen?: AnswerShape): MockAnswer {
  const shape = chosen ?? shapeFor(operation, status);
  const wait: Record<string, string> = status === 429 || status === 503 ? { 'retry-after': '1' } : {};
  if (!shape)
    return {
      ...json(status, { error: `Status ${status}, as requested` }),
      headers: { 'content-type': 'application/json', ...wait },
    };
  if (status === 204 || status === 304 || (shape.schema === null && shape.example === undefined))
    return { status, headers: wait, body: null };
  const type = shape.content_type ?? 'application/json';
  const sample = shape.example ?? sampleOf(shape.schema ?? {}, catalogue.schemas);
  // Errors stand in every GraphQL schema, and in an answer only when something failed.
  const body = operation.graphql === undefined ? sample : { data: fieldOf(sample, 'data') };
  const isJson = /[/+]json\b|\*\/\*/i.test(type);
  return {
    status,
    headers: { 'content-type': isJson && type.includes('*') ? 'application/json' : type, ...wait },
    body: isJson || typeof body === 'string' ? body : JSON.stringify(body),
  };
}

/** The first page is the last: readers of all pages come to an end. */
function paged(
  { schemas }: Catalogue,
  operation: Operation,
  input: Record<string, unknown>,
  answer: MockAnswer,
): MockAnswer {
  const { pagination, parameters } = operation;
  const { kind, param, next_field, items_field } = pagination;
  if (kind === 'none' || typeof answer.body !== 'object' || answer.body === null) return answer;
  const body = structuredClone(answer.body) as JsonSchema;
  if (next_field !== null) {
    const isNullable = typesAt(successOf(operation)?.schema ?? {}, next_field, schemas).includes('null');
    setField(body, next_field, isNullable ? null : '');
  }
  if (body['has_more'] === true) body['has_more'] = false;
  if (next_field?.includes('.') === true) setField(body, moreFieldOf(next_field), false);
  const first = parameters.find(({ key }) => key === param)?.schema['minimum'] ?? (kind === 'page' ? 1 : 0);
  const isLater =
    param !== null && (kind === 'offset' || kind === 'page') && Number(input[param] ?? first) > Number(first);
  if (!isLater || items_field === null) return { ...answer, body };
  if (items_field === '') return { ...answer, body: [] };
  setField(body, items_field, []);
  return { ...answer, body };
}

function typesAt(schema: JsonSchema, path: string, schemas: Record<string, JsonSchema>): unknown[] {
  const found = path
    .split('.')
    .reduce((at, step) => ((deref(at, schemas)['properties'] ?? {}) as JsonSchema)[step] as JsonSchema, schema);
  const { type, anyOf } = deref(found, schemas);
  return [type, ...(Array.isArray(anyOf) ? anyOf.map((one) => deref(one, schemas)['type']) : [])].flat();
}

function setField(body: JsonSchema, path: string, value: unknown): void {
  const steps = path.split('.');
  const holder = fieldOf(body, steps.slice(0, -1).join('.'));
  const last = steps.at(-1) ?? '';
  if (typeof holder === 'object' && holder !== null && Object.hasOwn(holder, last))
    (holder as JsonSchema)[last] = value;
}

const json = (status: number, body: unknown): MockAnswer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body,
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
