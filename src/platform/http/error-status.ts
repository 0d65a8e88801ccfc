import type { ErrorCode } from '../../shared/domain-error.js';

/** Status and default advice of each code. A new code without a row does not compile. */
export const ERROR_STATUS: Record<ErrorCode, { status: number; suggestion: string }> = {
  VALIDATION_ERROR: { status: 400, suggestion: 'Correct the fields named in details and send the request again.' },
  INVALID_STATE: {
    status: 400,
    suggestion: 'Read the current state of the resource and choose an action that is legal in it.',
  },
  UNAUTHENTICATED: { status: 401, suggestion: 'Sign in and send the access token as "Authorization: Bearer <token>".' },
  PERMISSION_DENIED: {
    status: 403,
    suggestion: 'Ask an administrator of your organisation for the role that this action needs.',
  },
  RESOURCE_NOT_FOUND: { status: 404, suggestion: 'Check the id and the path; /docs lists every route.' },
  METHOD_NOT_ALLOWED: { status: 405, suggestion: 'Use one of the methods named in the Allow header.' },
  RESOURCE_CONFLICT: { status: 409, suggestion: 'Read the resource again and retry with its current state.' },
  PAYLOAD_TOO_LARGE: { status: 413, suggestion: 'Send a smaller body: the limit is named in details.' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, suggestion: 'Send the body in one of the encodings named in details.' },
  IDEMPOTENCY_MISMATCH: { status: 422, suggestion: 'Use a new Idempotency-Key for a request with another body.' },
  RATE_LIMIT_EXCEEDED: { status: 429, suggestion: 'Wait as long as Retry-After says, then continue more slowly.' },
  STAGE_UPDATE_FAILED: { status: 500, suggestion: 'Retry; if it goes on, report the trace id.' },
  AGENT_INVOCATION_FAILED: { status: 500, suggestion: 'Look at the invocation record and its trace for what failed.' },
  DATABASE_ERROR: { status: 500, suggestion: 'Retry; if it goes on, report the trace id.' },
  BUILD_ERROR: { status: 500, suggestion: 'Read the logs of the failed stage, then restart the build.' },
  INTERNAL_ERROR: { status: 500, suggestion: 'Report the trace id to the operator of this platform.' },
};
