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
import { z } from 'zod';
import { Bare } from '../../platform/http/envelope.interceptor.js';
import { limitHeaders } from './openai-error.js';

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
  400: 'invalid_request_error: `param` names the field.',
  401: 'authentication_error: the key or token is not valid.',
  403: 'permission_error: the key lacks the role.',
  404: 'invalid_request_error: no such object in your organization.',
  405: 'The path exists with other methods.',
  409: 'conflict_error: the conversation is busy.',
  413: 'The body is larger than 10 MB.',
  415: 'The body has an encoding that is not supported.',
  422: 'The Idempotency-Key was used with another body.',
  429: 'rate_limit_error: retry after the time in Retry-After.',
  431: 'The headers, with the address, are larger than 16 KB.',
  500: 'server_error',
  502: 'server_error: the agent or its model failed.',
  503: 'server_error: the database is busy. Retry after the time in Retry-After.',
  504: 'server_error: the agent exceeded its time limit.',
};

/** The errors of every route, and those of this one. */
export const ApiOpenAiErrors = (...statuses: number[]) =>
  applyDecorators(
    ...[...new Set([400, 401, 403, 429, 431, 500, 503, ...statuses])].map((status) =>
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
      description: 'The id of the last item that was read.',
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
