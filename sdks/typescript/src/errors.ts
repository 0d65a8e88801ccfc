/** What the API said about a request that failed. */
export interface ErrorAnswer {
  status: number;
  code: string;
  message: string;
  details: Record<string, unknown>;
  suggestion: string;
  trace_id: string;
  request_id: string;
}

/** The API returned an error. `suggestion` says what to do about it. */
export class NexusError extends Error implements ErrorAnswer {
  /** Of HTTP; 0 when there was no answer. */
  readonly status: number;
  /** Such as `RESOURCE_NOT_FOUND`. */
  readonly code: string;
  readonly details: Record<string, unknown>;
  readonly suggestion: string;
  readonly trace_id: string;
  readonly request_id: string;

  constructor(answer: ErrorAnswer, options?: ErrorOptions) {
    super(answer.message, options);
    this.name = new.target.name;
    this.status = answer.status;
    this.code = answer.code;
    this.details = answer.details;
    this.suggestion = answer.suggestion;
    this.trace_id = answer.trace_id;
    this.request_id = answer.request_id;
  }
}

/** 400, 413, 415, 422: `details` names what is wrong with the request. */
export class InvalidRequestError extends NexusError {}
/** 401: the key or token is missing, wrong or revoked. */
export class AuthenticationError extends NexusError {}
/** 402: a hard budget does not cover the call. */
export class BudgetExceededError extends NexusError {}
/** 403: a role is missing. */
export class PermissionDeniedError extends NexusError {}
/** 404: the organization has no such record. */
export class NotFoundError extends NexusError {}
/** 409: another request was first, or the state does not allow it. */
export class ConflictError extends NexusError {}
/** 429, after all retries. */
export class RateLimitError extends NexusError {}
/** 5xx, after all retries. */
export class ServerError extends NexusError {}
/** No answer came, after all retries. */
export class ConnectionError extends NexusError {}
/** {@link Nexus.waitForBuild} and the like waited as long as they were allowed to. */
export class WaitTimeoutError extends NexusError {}

const CLASSES: Readonly<Record<number, typeof NexusError>> = {
  400: InvalidRequestError,
  401: AuthenticationError,
  402: BudgetExceededError,
  403: PermissionDeniedError,
  404: NotFoundError,
  409: ConflictError,
  413: InvalidRequestError,
  415: InvalidRequestError,
  422: InvalidRequestError,
  429: RateLimitError,
};

/** The error of an answer, also of one that something in between gave. */
export function errorOf(status: number, body: unknown): NexusError {
  const { error = {}, request_id = '' } = (isRecord(body) ? body : {}) as {
    error?: Partial<ErrorAnswer>;
    request_id?: string;
  };
  const found = isRecord(error) ? error : {};
  const text = typeof body === 'string' ? body.slice(0, 200) : '';
  const answer: ErrorAnswer = {
    status,
    code: found.code ?? `HTTP_${status}`,
    message: found.message ?? (text || `The server answered ${status}`),
    details: found.details ?? {},
    suggestion: found.suggestion ?? '',
    trace_id: found.trace_id ?? '',
    request_id,
  };
  const Type = CLASSES[status] ?? (status >= 500 ? ServerError : NexusError);
  return new Type(answer);
}

export function connectionError(cause: unknown): ConnectionError {
  const message = `The server did not respond: ${cause instanceof Error ? cause.message : String(cause)}`;
  const suggestion = 'Check baseUrl and that the platform is running.';
  return new ConnectionError(
    { ...{ status: 0, code: 'CONNECTION_FAILED', message, suggestion }, details: {}, trace_id: '', request_id: '' },
    { cause },
  );
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
