import { QueryClient } from '@tanstack/react-query';
import { client } from '../client/client.gen';
import { refreshBrowserSession } from '../client/sdk.gen';
import { texts } from '../texts';

/** What every error of the API carries: what happened, what to do, and the id under which the platform's logs have it. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly suggestion: string | undefined,
    readonly trace_id: string | undefined,
    readonly details: Record<string, unknown> = {},
  ) {
    super(message);
  }
}

interface ErrorBody {
  error?: {
    code?: string;
    message?: string;
    suggestion?: string;
    trace_id?: string;
    details?: Record<string, unknown>;
  };
}

export function errorOf(status: number, body: unknown): ApiError {
  const { error } = (typeof body === 'object' && body !== null ? body : {}) as ErrorBody;
  return new ApiError(
    status,
    error?.code ?? 'UNKNOWN',
    error?.message ?? texts.errors.unreadable(status),
    error?.suggestion,
    error?.trace_id,
    error?.details,
  );
}

const READING = new Set(['GET', 'HEAD', 'OPTIONS']);
const SESSION = '/api/v1/auth/session';

/** The CSRF token of the sign-in, from its cookie; in production the name has a prefix. */
const csrfToken = (): string | undefined => /(?:^|;\s*)(?:__Host-)?nexus_csrf=([^;]*)/.exec(document.cookie)?.[1];

let refreshing: Promise<boolean> | undefined;

/** Renews the access cookie. Requests that fail at the same time share one refresh. Resolves to whether the browser is still signed in. */
async function refresh(): Promise<boolean> {
  refreshing ??= refreshBrowserSession({ body: {} })
    // 409: another tab was faster, and this one has its cookies.
    .then(({ response }) => response?.ok === true || response?.status === 409)
    .catch(() => false)
    .finally(() => (refreshing = undefined));
  return refreshing;
}

/** `fetch` with the CSRF token, that renews an expired sign-in once and repeats the request. */
export async function signedFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const request = new Request(input, { credentials: 'same-origin', ...init });
  const attempt = async (): Promise<Response> => {
    const copy = request.clone();
    const csrf = csrfToken();
    if (csrf !== undefined && !READING.has(copy.method)) copy.headers.set('X-CSRF-Token', csrf);
    try {
      return await fetch(copy);
    } catch (error) {
      if (request.signal.aborted) throw error;
      throw new ApiError(0, 'UNREACHABLE', texts.errors.unreachable, texts.errors.unreachableHint, undefined);
    }
  };
  const response = await attempt();
  const isSession = new URL(request.url).pathname.startsWith(SESSION);
  if (response.status !== 401 || isSession || !(await refresh())) return response;
  return attempt();
}

client.setConfig({ baseUrl: '', fetch: signedFetch });

type Data<T> = T extends { success: boolean; data: infer D } ? D : T;

/**
 * The data of a call of the generated client, out of its envelope.
 * @example const agent = await api(getAgent({ path: { agent_id } }))
 * @throws ApiError
 */
export async function api<T>(
  call: Promise<{ data?: T; error?: unknown; response?: Response }>,
): Promise<Data<NonNullable<T>>> {
  const { data, error, response } = await call;
  if (response?.ok !== true) {
    if (error instanceof ApiError) throw error;
    throw errorOf(response?.status ?? 0, error);
  }
  const body: unknown = data;
  const isEnvelope = typeof body === 'object' && body !== null && 'success' in body && 'data' in body;
  return (isEnvelope ? body.data : body) as Data<NonNullable<T>>;
}

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // What the caller did wrong does not become right by asking again.
      retry: (count, error) => count < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
    },
  },
});
