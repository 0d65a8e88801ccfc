import { z } from 'zod';
import { ValidationError } from '../../shared/domain-error.js';
import {
  applyDecorators,
  type NestInterceptor,
  Injectable,
  type ExecutionContext,
  type CallHandler,
  UseInterceptors,
} from '@nestjs/common';
import { ApiBody, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import type { Observable } from 'rxjs';
import { Bare } from '../../platform/http/envelope.interceptor.js';
import { limitHeaders } from './openai-error.js';

/** Absent and null mean the same everywhere in OpenAI's API. */
export const optional = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined);

/** Refused, unless it has the one value that asks for nothing. */
export const only = <T extends string | number | boolean>(value: T, reason: string) =>
  optional(z.custom<T>((given) => given === value, `is not supported: ${reason}`));

/** A field that cannot be honoured at all. */
export const never = (reason: string) => optional(z.custom<undefined>(() => false, `is not supported: ${reason}`));

/** A body by its schema. Unknown fields are accepted. @throws ValidationError that names the first fault as OpenAI would */
export function read<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body ?? {});
  if (parsed.success) return parsed.data;
  const issue = deepest(parsed.error.issues[0]);
  const param = pathOf(issue?.path ?? []) || 'body';
  const reason = reasonOf(issue);
  throw new ValidationError(`${param} ${reason}`, { details: { fields: { [param]: [reason] } } });
}

type Issue = z.core.$ZodIssue;

/** Of a union, the fault of the variant that came nearest. */
function deepest(issue: Issue | undefined): Issue | undefined {
  if (issue?.code !== 'invalid_union') return issue;
  const [nearest] = issue.errors
    .map(([first]) => deepest(first))
    .toSorted((a, b) => (b?.path.length ?? 0) - (a?.path.length ?? 0));
  return nearest && nearest.path.length > 0 ? { ...nearest, path: [...issue.path, ...nearest.path] } : issue;
}

function reasonOf(issue: Issue | undefined): string {
  if (issue?.code === 'custom') return issue.message;
  if (issue?.code === 'invalid_union') return 'has a form that is not supported';
  return `is not valid: ${issue?.message ?? ''}`;
}

/** `messages[0].content` */
function pathOf(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}

export const seconds = (at: string): number => Math.floor(Date.parse(at) / 1000);

/** Ids of OpenAI's objects hold the id of the run behind them. */
export const idWith = (prefix: string, invocation_id: string): string => prefix + invocation_id.replace(/^inv_/, '');

export const toolName = z.string().regex(/^[\w-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -');
const jsonSchema = z.record(z.string(), z.unknown());

export const functionTool = z.object({
  name: toolName,
  description: optional(z.string().max(10_000)),
  parameters: optional(jsonSchema),
  strict: optional(z.boolean()),
});

export const schemaFormat = z.object({
  name: toolName,
  description: optional(z.string().max(10_000)),
  schema: jsonSchema,
  strict: optional(z.boolean()),
});

export const metadata = optional(z.record(z.string().max(64), z.string().max(512)));

/** An image that the platform hands on: inline, or at an https address. */
export const imageUrl = z
  .string()
  .max(14_000_000)
  .refine(
    (url) => /^data:image\/[\w.+-]+;base64,/i.test(url) || isHttps(url),
    'must be an https address or a data: URL in base64',
  );

function isHttps(url: string): boolean {
  return URL.canParse(url) && new URL(url).protocol === 'https:';
}

export const sampling = {
  temperature: optional(z.number().min(0).max(2)),
  top_p: optional(z.number().min(0).max(1)),
  metadata,
  parallel_tool_calls: optional(z.boolean()),
  user: optional(z.string()),
};

/** The run behind a response, and the session behind a conversation. Foreign ids name nothing. */
export const invocationId = (response_id: string): string => response_id.replace(/^resp_/, 'inv_');
export const sessionId = (conversation_id: string): string => conversation_id.replace(/^conv_/, 'sess_');

export const listSchema = z.object({
  limit: optional(z.coerce.number().int().min(1).max(100)).transform((limit) => limit ?? 20),
  order: optional(z.enum(['asc', 'desc'])).transform((order) => order ?? 'desc'),
  after: optional(z.string().max(200)),
});
export type ListRange = z.output<typeof listSchema>;

/** A page of a list that is in order: what stands behind `after`. */
export function listed<T extends { id: string }>(
  items: readonly T[],
  { limit, after }: Pick<ListRange, 'limit' | 'after'>,
) {
  const start = after === undefined ? 0 : items.findIndex(({ id }) => id === after) + 1;
  const data = items.slice(start, start + limit);
  const has_more = items.length > start + limit;
  return { object: 'list', data, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null, has_more };
}

/** Adds the names that OpenAI's clients know to the headers of the platform's limits. */
@Injectable()
class LimitHeaders implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    limitHeaders(context.switchToHttp().getResponse<Response>());
    return next.handle();
  }
}

/** A controller of OpenAI's API: bodies without the envelope. */
export const OpenAiRoutes = () => applyDecorators(Bare(), ApiTags('OpenAI'), UseInterceptors(LimitHeaders));

type Schema = Parameters<typeof ApiBody>[0] extends infer O ? (O extends { schema: infer S } ? S : never) : never;

/** Documents a body by the schema that checks it. A body without a required field may be left out. */
export const ApiZodBody = (schema: z.ZodType, example?: object) => {
  const documented = documentOf(schema);
  return ApiBody({ schema: example ? { ...documented, example } : documented, required: 'required' in documented });
};

function documentOf(schema: z.ZodType): Schema {
  const { $schema: _schema, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    target: 'draft-2020-12',
    override: ({ jsonSchema }) => {
      const [text, parts] = jsonSchema.anyOf ?? [];
      // Text or parts: what each part looks like is said by OpenAI's own documentation, and generators stumble over the depth.
      if (text?.type === 'string' && parts?.type === 'array') jsonSchema.anyOf = [text, PARTS];
    },
  });
  return rest as Schema;
}

const PARTS = { type: 'array' as const, items: { type: 'object' as const } };

const NULLABLE = { type: ['string', 'null'] } as unknown as Schema;
const ERROR = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['message', 'type', 'param', 'code'],
      properties: { message: { type: 'string' }, type: { type: 'string' }, param: NULLABLE, code: NULLABLE },
    },
  },
} as Schema;

const REASONS: Readonly<Record<number, string>> = {
  400: 'invalid_request_error: `param` names the invalid field.',
  401: 'authentication_error: the key or token is invalid.',
  402: 'invalid_request_error: a hard budget does not cover the model call. `code` is budget_exceeded.',
  403: 'permission_error: the key lacks the required role.',
  404: 'invalid_request_error: your organization has no such object.',
  405: 'The path exists with other methods.',
  409: 'conflict_error: the conversation is busy.',
  413: 'The body is larger than 10 MB.',
  415: "The body's encoding is not supported.",
  422: 'The Idempotency-Key was used with a different body.',
  429: 'rate_limit_error: retry after the time in Retry-After.',
  431: 'The URL and headers together exceed 16 KB.',
  500: 'server_error',
  502: 'server_error: the agent or its model failed.',
  503: 'server_error: the database is busy, or the platform has more requests than it can serve. Retry after the time in Retry-After.',
  504: 'server_error: the agent exceeded its time limit.',
};

/** The errors of every route, and those of this one. */
export const ApiOpenAiErrors = (...statuses: number[]) =>
  applyDecorators(
    ...[...new Set([401, 403, 429, 431, 500, 503, ...statuses])].map((status) =>
      ApiResponse({ status, description: REASONS[status] ?? 'Error', schema: ERROR }),
    ),
  );

/** A list of items. */
export const ApiItems = () =>
  ApiObject('The items.', 'list', {
    data: { type: 'array', items: { type: 'object' } },
    has_more: { type: 'boolean' },
  });

/** A page of a list of items. */
export const ApiItemPage = () =>
  applyDecorators(
    ApiQuery({ name: 'limit', required: false, schema: { type: 'integer', minimum: 1, maximum: 100, default: 20 } }),
    ApiQuery({ name: 'order', required: false, schema: { type: 'string', enum: ['asc', 'desc'], default: 'desc' } }),
    ApiQuery({
      name: 'after',
      required: false,
      schema: { type: 'string', maxLength: 200 },
      description: 'The id of the last item received. The list continues after it.',
    }),
    ApiItems(),
  );

/** An object of OpenAI's API. Its clients have its full type. @param name of the field `object`, if it has one */
export const ApiObject = (description: string, name?: string, properties: Record<string, Schema> = {}) =>
  ApiResponse({
    status: 200,
    description,
    schema: {
      type: 'object',
      required: [...(name === undefined ? [] : ['object']), ...Object.keys(properties)],
      properties: { ...(name === undefined ? {} : { object: { type: 'string', enum: [name] } }), ...properties },
      additionalProperties: true,
    },
  });
