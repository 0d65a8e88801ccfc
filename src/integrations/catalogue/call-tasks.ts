import { fieldOf, InputFault, nextLink, type PreparedRequest, requestOf } from './http-request.js';
import { find } from './list-tasks.js';
import {
  type AnswerShape,
  type AuthScheme,
  type Catalogue,
  inputSchemaOf,
  type JsonSchema,
  type Operation,
  type Risk,
} from './operation.js';
import { standalone, withoutExamples, type SchemaFault, schemaFaults } from './operation-schemas.js';

/** Characters of JSON of a schema that answers and inputs are held to; beyond it anything is accepted. */
const CHECKED_SCHEMA_MAX = 1_000_000;

export interface PrepareArgs {
  operation: string;
  input: Record<string, unknown>;
  server: string | null;
}

export type Prepared =
  | { fault: 'unknown_operation' }
  | { fault: 'not_callable'; operation_id: string }
  | { fault: 'no_server'; operation_id: string }
  | { fault: 'input'; fields: Record<string, string[]> }
  | {
      request: PreparedRequest;
      operation: {
        operation_id: string;
        name: string;
        method: string;
        path: string;
        risk: Risk;
        items_field: string | null;
      };
      auth: AuthScheme[][];
      /** Whether the operation is paged. */
      is_paged: boolean;
    };

/** One answer of the API. */
export interface ReceivedAnswer {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array;
}

export interface ReadAnswer {
  /** Parsed when it is JSON; text; or what it is instead. */
  body: unknown;
  /** Whether the answer is one that the document describes and fits its schema; null when the document says nothing about it. */
  valid: boolean | null;
  mismatches: SchemaFault[];
  /** The input of the next page, or its address; null at the end. */
  next: { input: Record<string, unknown> } | { url: string } | null;
  item_count: number;
}

/** Prepares calls and reads answers. */
export const callTasks = {
  prepare: ([catalogue]: Catalogue[], { operation: wanted, input, server }: PrepareArgs): Prepared => {
    const operation = catalogue && find(catalogue, wanted);
    if (!operation) return { fault: 'unknown_operation' };
    const { operation_id, name, method, path, risk, auth, pagination } = operation;
    if (!operation.callable) return { fault: 'not_callable', operation_id };
    const schema = standalone(withoutExamples(inputSchemaOf(operation)), catalogue.schemas, CHECKED_SCHEMA_MAX);
    const faults = schemaFaults(schema, input);
    if (faults.length > 0) return { fault: 'input', fields: fieldsOf(faults) };
    // A server of the caller's own stands in for whatever the document says.
    const base = server ?? operation.server ?? catalogue.servers[0];
    if (base === undefined) return { fault: 'no_server', operation_id };
    try {
      return {
        request: requestOf({ ...operation, server: server === null ? operation.server : null }, input, base),
        operation: { operation_id, name, method, path, risk, items_field: pagination.items_field },
        auth,
        is_paged: pagination.kind !== 'none',
      };
    } catch (error) {
      if (error instanceof InputFault) return { fault: 'input', fields: { [`input.${error.field}`]: [error.message] } };
      throw error;
    }
  },

  read_answer: (
    [catalogue]: Catalogue[],
    { operation: wanted, input, answer }: { operation: string; input: Record<string, unknown>; answer: ReceivedAnswer },
  ): ReadAnswer => {
    const operation = catalogue && find(catalogue, wanted);
    const body = bodyOf(answer);
    if (!operation) return { body, valid: null, mismatches: [], next: null, item_count: 0 };
    const shape = shapeFor(operation, answer.status);
    const mismatches = mismatchesOf(catalogue, operation, shape, answer, body);
    const items =
      operation.pagination.items_field === null ? undefined : fieldOf(body, operation.pagination.items_field);
    return {
      body,
      valid: shape ? mismatches.length === 0 : operation.answers.length === 0 ? null : false,
      mismatches:
        shape || operation.answers.length === 0
          ? mismatches
          : [{ pointer: '', message: `status ${answer.status} is not in the document` }],
      next: answer.status < 300 ? nextOf(operation, input, answer, body) : null,
      item_count: Array.isArray(items) ? items.length : 0,
    };
  },
};

function fieldsOf(faults: SchemaFault[]): Record<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const { pointer, message } of faults) {
    const field = `input${pointer.replaceAll('/', '.')}`;
    fields.set(field, [...(fields.get(field) ?? []), message]);
  }
  return Object.fromEntries(fields);
}

export function shapeFor({ answers }: Operation, status: number): AnswerShape | undefined {
  const exact = answers.find((one) => one.status === String(status));
  return (
    exact ??
    answers.find((one) => one.status === `${String(status)[0]}XX`) ??
    answers.find((one) => one.status === 'default')
  );
}

function mismatchesOf(
  { schemas }: Catalogue,
  { method }: Operation,
  shape: AnswerShape | undefined,
  { headers, body: bytes }: ReceivedAnswer,
  body: unknown,
): SchemaFault[] {
  if (
    !shape?.schema ||
    method === 'HEAD' ||
    shape.content_type === null ||
    !/[/+]json\b|\*\/\*/i.test(shape.content_type)
  )
    return [];
  const type = headers['content-type'] ?? '';
  if (bytes.byteLength === 0) return [{ pointer: '', message: 'the response is empty' }];
  if (!/[/+]json\b/i.test(type))
    return [
      { pointer: '', message: `the content type is ${type.slice(0, 100) || 'missing'}, not ${shape.content_type}` },
    ];
  if (typeof body === 'string' && !isJsonText(bytes))
    return [{ pointer: '', message: 'the response is not valid JSON' }];
  return schemaFaults(standalone(withoutExamples(shape.schema), schemas, CHECKED_SCHEMA_MAX), body);
}

function isJsonText(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder().decode(bytes));
    return true;
  } catch {
    return false;
  }
}

function bodyOf({ headers, body }: ReceivedAnswer): unknown {
  const type = headers['content-type'] ?? '';
  if (body.byteLength === 0) return null;
  const text = (): string => new TextDecoder().decode(body);
  if (/[/+]json\b/i.test(type) || type === '') {
    try {
      return JSON.parse(text()) as unknown;
    } catch {
      return text();
    }
  }
  return /^text\/|xml|javascript|yaml|x-www-form-urlencoded/i.test(type)
    ? text()
    : { content_type: type, bytes: body.byteLength };
}

function nextOf(
  operation: Operation,
  input: Record<string, unknown>,
  { headers }: ReceivedAnswer,
  body: unknown,
): ReadAnswer['next'] {
  const { kind, param, next_field, items_field, size_param } = operation.pagination;
  const link = nextLink(headers['link']);
  if (kind === 'link') return link === undefined ? null : { url: link };
  const found = items_field === null ? undefined : fieldOf(body, items_field);
  const items: unknown[] = Array.isArray(found) ? found : [];
  if (kind === 'none' || param === null || items.length === 0) return null;
  const size = size_param === null ? undefined : Number(input[size_param]);
  const isShort = size !== undefined && Number.isFinite(size) && items.length < size;
  if (kind === 'offset')
    return isShort ? null : { input: { ...input, [param]: (Number(input[param]) || 0) + items.length } };
  if (kind === 'page') {
    const first = firstPage(operation, param);
    return isShort ? null : { input: { ...input, [param]: (Number(input[param] ?? first) || 0) + 1 } };
  }
  const next = next_field === null ? undefined : fieldOf(body, next_field);
  // A GraphQL connection gives the cursor of its last item also on the last page.
  if (next_field !== null && fieldOf(body, moreFieldOf(next_field)) === false) return null;
  if (typeof next === 'string' || typeof next === 'number') {
    if (next === '') return null;
    // Some APIs give the whole address of the next page.
    if (typeof next === 'string' && /^(?:https?:\/)?\//.test(next)) return { url: next };
    return { input: { ...input, [param]: next } };
  }
  const hasMore = typeof body === 'object' && body !== null && (body as JsonSchema)['has_more'] === true;
  const last = items.at(-1);
  const id = typeof last === 'object' && last !== null ? (last as JsonSchema)['id'] : undefined;
  return next_field === null && hasMore && (typeof id === 'string' || typeof id === 'number')
    ? { input: { ...input, [param]: id } }
    : null;
}

/** Beside the cursor of a connection: whether there is another page. */
export const moreFieldOf = (next_field: string): string =>
  `${next_field.slice(0, next_field.lastIndexOf('.') + 1)}hasNextPage`;

/** The number of the first page: what the document gives as the default or the least, otherwise 1. */
function firstPage({ parameters }: Operation, param: string): number {
  const schema = parameters.find(({ key }) => key === param)?.schema ?? {};
  return [schema['default'], schema['minimum']].find((value) => typeof value === 'number') ?? 1;
}
