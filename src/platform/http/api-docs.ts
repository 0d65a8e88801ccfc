import { applyDecorators, type Type } from '@nestjs/common';
import { ApiExtraModels, ApiProperty, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { IsISO8601, Matches } from 'class-validator';

/** What stands around every successful answer. */
export class SuccessEnvelope {
  @ApiProperty({ example: true, description: 'Always true. Error responses have `false`.' })
  success: boolean;

  @ApiProperty({ example: '2026-11-20T10:00:00.000Z', description: 'Time of the response, in UTC.' })
  timestamp: string;

  @ApiProperty({
    example: 'req_01KAG4ZQ4N5B1M6Z6K0TQX0N3R',
    description: 'Also in the X-Request-Id header and in the logs.',
  })
  request_id: string;
}

export class ErrorBody {
  @ApiProperty({ example: 'VALIDATION_ERROR', description: 'The error code.' })
  code: string;

  @ApiProperty({
    example: 'The request is not valid: name',
    description: 'A human-readable description of the error.',
  })
  message: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: { fields: { name: ['name must be a string'] } },
  })
  details: Record<string, unknown>;

  @ApiProperty({
    example: 'Correct the fields listed in details and send the request again.',
    description: 'How to resolve the error.',
  })
  suggestion: string;

  @ApiProperty({ example: 'req_01KAG4ZQ4N5B1M6Z6K0TQX0N3R', description: 'Identifies the failure in the logs.' })
  trace_id: string;
}

export class ErrorEnvelope {
  @ApiProperty({ example: false, description: 'Always false.' })
  success: boolean;

  @ApiProperty({ type: () => ErrorBody })
  error: ErrorBody;

  @ApiProperty({ example: '2026-11-20T10:00:00.000Z', description: 'Time of the response, in UTC.' })
  timestamp: string;

  @ApiProperty({
    example: 'req_01KAG4ZQ4N5B1M6Z6K0TQX0N3R',
    description: 'Also in the X-Request-Id header and in the logs.',
  })
  request_id: string;
}

/** Of every status that an error may have. */
export const ERROR_DESCRIPTIONS: Readonly<Record<number, string>> = {
  400: 'VALIDATION_ERROR or INVALID_STATE: details name the invalid fields, or the state and the actions it allows.',
  401: 'UNAUTHENTICATED: credentials are missing or invalid.',
  402: 'BUDGET_EXCEEDED: a hard budget does not cover the model call. Details name the budget and when it resets.',
  403: 'PERMISSION_DENIED: the caller lacks the required role.',
  404: 'RESOURCE_NOT_FOUND: your organization has no such record.',
  405: 'METHOD_NOT_ALLOWED.',
  409: 'RESOURCE_CONFLICT: another request changed the resource, or the resource is busy or already exists.',
  413: 'PAYLOAD_TOO_LARGE: the body exceeds the size limit.',
  415: "UNSUPPORTED_MEDIA_TYPE: the body's content type or encoding is not supported.",
  422: "IDEMPOTENCY_MISMATCH: the key was used with a different body. DOCUMENT_INVALID: details list the document's faults. MODEL_REQUIRED: a language model must be configured. CLIENT_UNAVAILABLE: the client cannot be generated; details.reason gives the reason. EXPORT_REFUSED: details.reasons lists why the export is refused.",
  429: 'RATE_LIMIT_EXCEEDED: retry after the time in Retry-After.',
  431: 'VALIDATION_ERROR: the URL and headers together exceed 16 KB.',
  500: 'DATABASE_ERROR or INTERNAL_ERROR. When an agent runs, also AGENT_INVOCATION_FAILED.',
  502: 'AGENT_INVOCATION_FAILED: the runtime returned an error. UPSTREAM_FAILED: the called API did not respond.',
  503: 'DATABASE_ERROR: the database is unreachable or throttled. SERVICE_UNAVAILABLE: the engine for durable runs is unreachable, or the platform has more requests than it can serve; nothing was stored. Retry after the time in Retry-After.',
  504: 'AGENT_INVOCATION_FAILED: the run or the runtime exceeded its time limit. UPSTREAM_FAILED: the API did not respond in time.',
};

/** What a route returns in other formats, by content type. */
type OtherContent = Readonly<Record<string, { schema: { type: 'string'; description: string } }>>;

/** Documents the success envelope around `data`, which is one record or a list of them. */
export function ApiData(
  data: Type<unknown> | [Type<unknown>],
  options: { status?: number; description: string; otherContent?: OtherContent },
) {
  const model = Array.isArray(data) ? data[0] : data;
  const reference = { $ref: getSchemaPath(model) };
  const schema = {
    allOf: [
      { $ref: getSchemaPath(SuccessEnvelope) },
      {
        type: 'object',
        required: ['data'],
        properties: { data: Array.isArray(data) ? { type: 'array', items: reference } : reference },
      },
    ],
  };
  return applyDecorators(
    ApiExtraModels(SuccessEnvelope, model),
    ApiResponse({
      status: options.status ?? 200,
      description: options.description,
      ...(options.otherContent ? { content: { 'application/json': { schema }, ...options.otherContent } } : { schema }),
    }),
  );
}

/** Documents the error answers of a route. 401, 403, 500 and 503 belong to every route that has a principal. */
export const ApiErrors = (...statuses: number[]) => ApiPublicErrors(...statuses, 401, 403);

/** Documents the error answers of a route without a principal: the given ones, 500 and 503. */
export function ApiPublicErrors(...statuses: number[]) {
  const all = [...new Set([...statuses, 500, 503])].sort((a, b) => a - b);
  return applyDecorators(
    ApiExtraModels(ErrorEnvelope),
    ...all.map((status) =>
      ApiResponse({
        status,
        description: ERROR_DESCRIPTIONS[status] ?? 'Error',
        schema: { $ref: getSchemaPath(ErrorEnvelope) },
      }),
    ),
  );
}

/** The same error response as an entry of a finished document. */
/** For a field whose value is any JSON. The Swagger plugin would document an object; `applyDocumentRules` says any type. */
export const ANY_JSON = { 'x-any-json': true } as object;

export const errorResponse = (status: number) => ({
  description: ERROR_DESCRIPTIONS[status] ?? 'Error',
  content: { 'application/json': { schema: { $ref: getSchemaPath(ErrorEnvelope) } } },
});

const CALENDAR_TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?)?$/i;

/**
 * A calendar date, or one with a time: `2026-11-20` or `2026-11-20T10:00:00Z`. ISO 8601 has week dates and ordinal dates too,
 * which JavaScript does not read.
 */
export const IsTimestamp = () =>
  applyDecorators(
    IsISO8601({ strict: true }),
    Matches(CALENDAR_TIME, { message: '$property must be a date and time such as 2026-11-20T10:00:00Z' }),
  );
