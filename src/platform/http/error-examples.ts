import type { OpenAPIObject } from '@nestjs/swagger';
import { inSentence } from '../../shared/domain-error.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

interface Schema {
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
}

interface Example {
  code: string;
  message: string;
  details: Record<string, unknown>;
  suggestion: string;
}

const ID = 'req_01KAG4ZQ4N5B1M6Z6K0TQX0N3R';
const RETRY = 'Retry after the time in Retry-After, and send fewer requests.';
/** What a path's last value names, by value or by operation, where that is not the value's own name without `_id`. */
const NAMES: Readonly<Record<string, string>> = {
  id: 'Partnership',
  key_id: 'API key',
  user_id: 'Member',
  org_id: 'Organization',
  task_id: 'Project',
  path: 'Artifact',
  stage_name: 'Stage',
  scope_id: 'Budget',
  run_id: 'Flow run',
  name: 'Deliverable',
  'get /api/v1/agents/{agent_id}/status': 'Project',
  'get /api/v1/credentials/callback': 'Credential',
  'delete /api/v1/agents/{agent_id}/documents/{name}': 'Document',
  'delete /api/v1/auth/sessions/{session_id}': 'Sign-in',
  'get /api/v1/flows/{flow_id}/versions/{version}': 'Flow version',
  'post /api/v1/flows/{flow_id}/versions/{version}/restore': 'Flow version',
  'post /api/v1/flow-runs/{run_id}/signals/{name}': 'Flow run',
  'post /api/v1/flow-runs/{run_id}/steps/{step_id}/decision': 'Approval',
  'get /api/v1/integrations/{integration_id}/contract-tests/{run_id}': 'Contract test run',
};
/** The same for every route. Those of 400, 404 and 409 depend on it. */
const BY_STATUS: Readonly<Record<string, Example>> = {
  401: {
    code: 'UNAUTHENTICATED',
    message: 'Authentication is required',
    details: {},
    suggestion: 'Sign in and send the access token as "Authorization: Bearer <token>".',
  },
  402: {
    code: 'BUDGET_EXCEEDED',
    message: 'The daily budget of the organization does not cover this model call',
    details: { scope: 'organization', window: 'day', resets_at: '2026-11-21T00:00:00.000Z' },
    suggestion: 'Wait until resets_at, or ask an administrator to raise the budget.',
  },
  403: {
    code: 'PERMISSION_DENIED',
    message: 'This requires the role developer',
    details: { required_role: 'developer' },
    suggestion: 'Ask an administrator of your organization for the required role.',
  },
  413: {
    code: 'PAYLOAD_TOO_LARGE',
    message: 'The body must be at most 102400 bytes',
    details: { limit_bytes: 102_400 },
    suggestion: 'Send a smaller body or smaller files.',
  },
  415: {
    code: 'UNSUPPORTED_MEDIA_TYPE',
    message: 'Content-Type must be application/json',
    details: { header: 'Content-Type', found: 'text/plain', supported: ['application/json'] },
    suggestion: 'Send the body in one of the formats listed in details.',
  },
  429: {
    code: 'RATE_LIMIT_EXCEEDED',
    message: 'More than 600 requests in a minute',
    details: { limit: 600, group: 'default', retry_after_seconds: 12 },
    suggestion: RETRY,
  },
  431: {
    code: 'VALIDATION_ERROR',
    message: 'The URL and headers together exceed 16 KB',
    details: {},
    suggestion: 'Shorten the URL or the headers.',
  },
  500: {
    code: 'INTERNAL_ERROR',
    message: 'Something went wrong on our side',
    details: {},
    suggestion: 'Report the trace id to the operator of this platform.',
  },
  503: {
    code: 'DATABASE_ERROR',
    message: 'The database is currently unavailable',
    details: {},
    suggestion: 'Retry after the time in Retry-After.',
  },
};

/** Gives each documented error an example that fits its route: the field of its body, or the resource of its path. */
export function giveErrorExamples(
  document: OpenAPIObject,
  methods: readonly ('get' | 'post' | 'put' | 'patch' | 'delete')[],
): void {
  const schemas = (document.components?.schemas ?? {}) as Record<string, Schema>;
  const examples: Record<string, { value: object }> = {};
  for (const [path, item] of Object.entries(document.paths))
    for (const method of methods)
      for (const [status, response] of Object.entries(item[method]?.responses ?? {})) {
        const json = response && 'content' in response ? response.content?.['application/json'] : undefined;
        const refers = (json?.schema as Schema | undefined)?.$ref?.endsWith('/ErrorEnvelope') ?? false;
        const operation = item[method];
        const example = operation && exampleOf(resourceOf(method, path), status, operation, schemas);
        if (!json || !refers || !example) continue;
        const [, name = ''] = example;
        examples[name] = { value: enveloped(example[0]) };
        json.examples = { [example[0].code]: { $ref: `#/components/examples/${name}` } };
      }
  document.components = { ...document.components, examples };
}

const enveloped = (error: Example): object => ({
  success: false,
  error: { ...error, trace_id: ID },
  timestamp: '2026-11-20T10:00:00.000Z',
  request_id: ID,
});

/** With the name under which the document keeps it. */
function exampleOf(
  resource: string,
  status: string,
  operation: Operation,
  schemas: Record<string, Schema>,
): [Example, string] | undefined {
  const common = BY_STATUS[status];
  if (common) return [common, `error_${status}`];
  const slug = resource.toLowerCase().replaceAll(/\W/g, '_');
  if (status === '404') return [notFound(resource), `error_404_${slug}`];
  if (status === '409') return [conflict(resource), `error_409_${slug}`];
  const field = status === '400' ? fieldOf(operation, schemas) : undefined;
  return field === undefined ? undefined : [invalid(field), `error_400_${field.name}_${field.type}`];
}

function resourceOf(method: string, path: string): string {
  const last = [...path.matchAll(/\{(\w+)\}/g)].at(-1)?.[1] ?? '';
  const own = NAMES[`${method} ${path}`] ?? NAMES[last];
  if (own !== undefined) return own;
  const words = last.replace(/_id$/, '').replaceAll('_', ' ');
  return words === '' ? 'Resource' : words.charAt(0).toUpperCase() + words.slice(1);
}

const notFound = (resource: string): Example => ({
  code: 'RESOURCE_NOT_FOUND',
  message: `${resource} not found`,
  details: { type: resource },
  suggestion: `Check the id: no such ${inSentence(resource)} is visible to your organization.`,
});

const conflict = (resource: string): Example => ({
  code: 'RESOURCE_CONFLICT',
  message: `The ${inSentence(resource)} was changed by another request`,
  details: {},
  suggestion: 'Read the resource again and retry with its current state.',
});

/** Types in the words of class-validator. A field without a type is an object. */
const TYPE_WORDS: Readonly<Record<string, string>> = {
  array: 'an array',
  boolean: 'a boolean value',
  integer: 'an integer number',
  number: 'a number conforming to the specified constraints',
  object: 'an object',
  value: 'an object',
};

const invalid = ({ name, type }: { name: string; type: string }): Example => ({
  code: 'VALIDATION_ERROR',
  message: `The request is not valid: ${name}`,
  details: { fields: { [name]: [`${name} must be ${TYPE_WORDS[type] ?? `a ${type}`}`] } },
  suggestion: 'Correct the fields listed in details and send the request again.',
});

/** The first required field of the body, else its first; without a body a value of the query. */
function fieldOf(operation: Operation, schemas: Record<string, Schema>): { name: string; type: string } | undefined {
  const body = operation.requestBody as { content?: Record<string, { schema?: Schema }> } | undefined;
  const given = body?.content?.['application/json']?.schema;
  const schema = schemas[given?.$ref?.split('/').at(-1) ?? ''] ?? given;
  const name = schema?.required?.[0] ?? Object.keys(schema?.properties ?? {})[0];
  if (name !== undefined) return { name, type: typeOf(schema?.properties?.[name]) };
  const parameters = (operation.parameters ?? []) as { name: string; in: string; schema?: Schema }[];
  const query = parameters.find((one) => one.in === 'query');
  return query && { name: query.name, type: typeOf(query.schema) };
}

const typeOf = (schema: Schema | undefined): string => [schema?.type ?? 'value'].flat()[0] ?? 'value';
