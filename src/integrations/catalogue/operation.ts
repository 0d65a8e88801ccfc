export type JsonSchema = Record<string, unknown>;

export const FORMATS = ['openapi', 'postman', 'graphql', 'asyncapi'] as const;
/** The formats of source documents. */
export type FormatName = (typeof FORMATS)[number];

export const RISKS = ['read', 'write', 'destructive'] as const;
/** What a call may do to data of the API. */
export type Risk = (typeof RISKS)[number];

/** How much a finding about a document matters. */
export const SEVERITIES = ['error', 'warning', 'info'] as const;

export type Severity = (typeof SEVERITIES)[number];

export const PAGINATION_KINDS = ['offset', 'page', 'cursor', 'token', 'link', 'none'] as const;

/** How the answers of a list are split. Fields are dotted paths into the body; an empty path is the body itself. */
export interface Pagination {
  kind: (typeof PAGINATION_KINDS)[number];
  /** The input that selects a page; null for `link` and `none`. */
  param: string | null;
  /** The input that sets the number of items of a page. */
  size_param: string | null;
  /** Where the body holds the position of the next page. */
  next_field: string | null;
  /** Where the body holds the items. */
  items_field: string | null;
}

export interface Parameter {
  /** The name in the input; differs from `name` where two parameters would share one. */
  key: string;
  /** The name on the wire. */
  name: string;
  in: 'path' | 'query' | 'header' | 'cookie';
  required: boolean;
  description: string;
  schema: JsonSchema;
  style: string;
  explode: boolean;
}

export interface RequestBody {
  content_type: string;
  required: boolean;
  schema: JsonSchema;
}

export interface AnswerShape {
  /** `200`, `2XX` or `default`. */
  status: string;
  description: string;
  content_type: string | null;
  schema: JsonSchema | null;
  /** Names of declared headers, in small letters. */
  headers: string[];
  example?: unknown;
}

/** One way to prove who calls. Schemes of one group are needed together; one group is enough. */
export interface AuthScheme {
  name: string;
  type: 'bearer' | 'basic' | 'api_key' | 'oauth2' | 'other';
  in?: string;
  param?: string;
  scopes?: string[];
}

/** One thing that an API can do. Schemas refer to the catalogue's by `#/$defs/<name>`. */
export interface Operation {
  /** Stays the same as long as the method and the path do, whatever else changes. */
  operation_id: string;
  /** The document's own id. */
  source_id: string | null;
  /** Unique in the catalogue; letters, digits and `_`, at most 64: fits a model's tool. */
  name: string;
  method: string;
  path: string;
  /** Replaces the catalogue's server. */
  server: string | null;
  summary: string;
  description: string;
  tags: string[];
  deprecated: boolean;
  risk: Risk;
  idempotent: boolean;
  /** False for messages, which are only listed. */
  callable: boolean;
  parameters: Parameter[];
  /** Headers that every call carries. */
  headers: Record<string, string>;
  body: RequestBody | null;
  answers: AnswerShape[];
  pagination: Pagination;
  auth: AuthScheme[][];
  rate_limit: { headers: string[] } | null;
  /** Where the document describes it. */
  pointer: string;
  /** The query that a GraphQL operation sends; its parameters are the variables. */
  graphql?: string;
}

/** What a document says, in one model for every format. */
export interface Catalogue {
  format: FormatName;
  format_version: string;
  title: string;
  api_version: string;
  description: string;
  /** Absolute addresses; the first is the default. */
  servers: string[];
  operations: Operation[];
  schemas: Record<string, JsonSchema>;
  /** JSON pointers of schemas that stand elsewhere in the document than their name says. */
  schema_pointers?: Record<string, string>;
  /** Faults of quality that only the document shows. */
  notes: { rule: string; pointer: string; message: string }[];
}

/** A fault of a document. */
export interface DocumentFault {
  /** JSON pointer; empty for the document itself. */
  pointer: string;
  /** From 1; null where the text gives no place. */
  line: number | null;
  column: number | null;
  message: string;
}

export const NO_PAGES: Pagination = {
  kind: 'none',
  param: null,
  size_param: null,
  next_field: null,
  items_field: null,
};

/** The answer that a successful call gives. */
export function successOf({ answers }: Pick<Operation, 'answers'>): AnswerShape | undefined {
  const good = answers.filter(({ status }) => /^2/.test(status));
  return good.find(({ schema }) => schema !== null) ?? good[0] ?? answers.find(({ status }) => status === 'default');
}

/** JSON Schema of the input: parameters by key, and the body as `body`. */
export function inputSchemaOf({ parameters, body }: Pick<Operation, 'parameters' | 'body'>): JsonSchema {
  const properties = Object.fromEntries(
    parameters.map(({ key, schema, description }) => [
      key,
      description === '' || schema['$ref'] !== undefined ? schema : { ...schema, description },
    ]),
  );
  const required = parameters.filter((one) => one.required).map(({ key }) => key);
  return {
    type: 'object',
    properties: body ? { ...properties, body: body.schema } : properties,
    required: body?.required ? [...required, 'body'] : required,
    additionalProperties: false,
  };
}
