import { callTasks } from './call-tasks.js';
import { fieldOf } from './http-request.js';
import { mockTasks, sampleInput } from './mock-tasks.js';
import { bodyOf, type DocumentOperation, isBracketedList, openapiOf, plain, stepsOf } from './openapi-document.js';
import type { AuthScheme, Catalogue, Operation, Pagination, Parameter } from './operation.js';

/** Operations that the test of a client calls. */
const TESTED_MAX = 40;
const ANSWER_MAX_CHARACTERS = 50_000;
const NO_SERVER = 'http://localhost';

/** A call and the mock's answer to it: what the test of a client does. */
export interface ClientExchange {
  operation: string;
  /** In the order of the path. */
  path: Record<string, unknown>;
  query: Record<string, unknown>;
  headers: Record<string, unknown>;
  body: unknown;
  /** `query` is the text of a GraphQL query: all of them are sent to one path. */
  request: { method: string; path: string; query?: string };
  response: { status: number; headers: Record<string, string>; body: unknown };
  /** What the client makes of a GraphQL answer: the value of the field. */
  result?: unknown;
}

export interface PlannedOperation {
  /** Its id in the document. */
  id: string;
  method: string;
  path: string;
  summary: string;
  /** The query that the transport sends in the place of the path. */
  graphql?: string;
  /** As in the catalogue; `param` and `size_param` are names on the wire. Null when the operation is not paged. */
  paging: Pagination | null;
}

/** Everything that a client is made of. */
export interface ClientPlan {
  title: string;
  api_version: string;
  server: string;
  /** OpenAPI 3.0, as JSON. */
  document: string;
  operations: PlannedOperation[];
  auth: AuthScheme[];
  exchanges: ClientExchange[];
  left_out: { name: string; reason: string }[];
}

/** Plans generated clients. */
export const clientTasks = {
  plan_client: ([catalogue]: Catalogue[], { server }: { server: string | null }): ClientPlan =>
    planOf(catalogue!, server),
};

function planOf(catalogue: Catalogue, server: string | null): ClientPlan {
  const address = server ?? catalogue.servers[0] ?? NO_SERVER;
  const { document, operations, left_out } = openapiOf(catalogue, address);
  const schemes = operations.flatMap(({ operation }) => operation.auth.flat());
  const own = new Map(catalogue.operations.map((operation) => [operation.operation_id, operation]));
  const tested: ClientExchange[] = [];
  const byRisk = operations.toSorted(
    (a, b) => Number(a.operation.risk !== 'read') - Number(b.operation.risk !== 'read'),
  );
  for (const operation of byRisk) {
    if (tested.length >= TESTED_MAX) break;
    const exchange = exchangeOf(catalogue, operation, own.get(operation.operation.operation_id) ?? operation.operation);
    if (exchange) tested.push(exchange);
  }
  return {
    title: plain(catalogue.title) || 'API',
    api_version: plain(catalogue.api_version) || '1',
    server: address,
    document: `${JSON.stringify(document, null, 1)}\n`,
    operations: operations.map(({ id, operation }) => ({
      ...{ id, method: operation.method, path: operation.path, summary: plain(operation.summary) },
      ...(operation.graphql === undefined ? {} : { graphql: operation.graphql }),
      paging: pagingOf(operation),
    })),
    auth: [...new Map(schemes.map((scheme) => [scheme.name, scheme])).values()],
    exchanges: tested,
    left_out,
  };
}

function pagingOf({ pagination, parameters, graphql }: Operation): Pagination | null {
  const { kind, param, size_param, items_field } = pagination;
  if (kind === 'none' || items_field === null || items_field.includes('.')) return null;
  // Variables are fields of the body.
  if (graphql !== undefined) return pagination;
  const wire = (key: string | null) => parameters.find((one) => one.key === key)?.name ?? null;
  return { ...pagination, param: wire(param), size_param: wire(size_param) };
}

/**
 * Undefined for a call that a small test cannot make: other than JSON, or not answered well by the mock.
 * @param own the operation in the catalogue, which for GraphQL differs from the written one
 */
function exchangeOf(
  catalogue: Catalogue,
  { id, steps, operation }: DocumentOperation,
  own: Operation,
): ClientExchange | undefined {
  const { parameters, operation_id, graphql } = operation;
  const shape = bodyOf(operation);
  if (shape && !/[/+]json\b/i.test(shape.content_type)) return undefined;
  if (parameters.some((one) => one.in === 'cookie' || (one.required && !isSimple(one)))) return undefined;
  const input = sampleInput(own, catalogue.schemas);
  const prepared = callTasks.prepare([catalogue], { operation: operation_id, input, server: 'http://mock.invalid' });
  if (!('request' in prepared)) return undefined;
  const { method, url, headers, body = '' } = prepared.request;
  const { pathname, search } = new URL(url);
  const answer = mockTasks.mock([catalogue], { method, path: pathname, query: search.slice(1), headers, body });
  if (answer.status >= 300 || JSON.stringify(answer).length > ANSWER_MAX_CHARACTERS) return undefined;
  const bytes = answer.body === null ? '' : JSON.stringify(answer.body);
  const received = { status: answer.status, headers: answer.headers, body: new TextEncoder().encode(bytes) };
  const read = callTasks.read_answer([catalogue], { operation: operation_id, input, answer: received });
  if (read.valid === false) return undefined;
  const given = (place: Parameter['in']) =>
    Object.fromEntries(
      parameters.flatMap(({ in: at, key, name, schema, style }) =>
        at === place && input[key] !== undefined
          ? [[isBracketedList(schema, at, style) ? `${name}[]` : name, input[key]]]
          : [],
      ),
    );
  const inPath = given('path');
  const path = Object.fromEntries(stepsOf(operation.path).map((name, index) => [steps[index] ?? name, inPath[name]]));
  return {
    ...{ operation: id, path, query: given('query'), headers: given('header') },
    body: shape ? ((graphql === undefined ? input['body'] : input) ?? null) : null,
    request: { method, path: pathname, ...(graphql === undefined ? {} : { query: graphql }) },
    response: { status: answer.status, headers: answer.headers, body: method === 'HEAD' ? null : answer.body },
    ...(graphql === undefined ? {} : { result: fieldOf(answer.body, `data.${operation.path.split('/').at(-1)}`) }),
  };
}

const isSimple = ({ schema, style }: Parameter): boolean =>
  style !== 'json' && ['string', 'integer', 'number', 'boolean'].includes(String(schema['type']));
