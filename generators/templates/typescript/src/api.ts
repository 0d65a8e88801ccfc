import { type Client, type Config, createClient, createConfig } from './generated/client/index.js';
{{graphql_import}}
const RETRY_WAIT_MAX_MS = 60_000;
const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

export interface ApiClientOptions {
  /** @default {{server}} */
  baseUrl?: string;
  /** The token or key, or a function that answers it. For basic authentication: `user:password`. */
  auth?: Config['auth'];
  /** Sent with every request. */
  headers?: Record<string, string>;
  /** Attempts after the first. @default 3 */
  retries?: number;
  fetch?: typeof fetch;
}

/** The API returned an error. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly body: unknown,
    readonly response: Response | undefined,
  ) {
    super(`The API returned ${status}`);
    this.name = 'ApiError';
  }
}

export function createApiClient(options: ApiClientOptions = {}): Client {
  const { baseUrl = '{{server}}', auth, headers, retries = 3 } = options;
  const send = options.fetch ?? fetch;
  return createClient(
    createConfig({
      baseUrl,
      ...(auth === undefined ? {} : { auth }),
      ...(headers === undefined ? {} : { headers }),
      fetch: async (input, init) => {
        const request = new Request(input, init);
        return {{request}};
      },
    }),
  );
}

/** The data of an answer. @throws ApiError */
export async function dataOf<T>(
  call: Promise<{ data?: T; error?: unknown; response?: Response }>,
): Promise<NonNullable<T>> {
  const { data, error, response } = await call;
  if (!response) throw error;
  if (!response.ok) throw new ApiError(response.status, error, response);
  return data as NonNullable<T>;
}

async function withRetries(request: Request, retries: number, send: typeof fetch): Promise<Response> {
  const isRepeatable = REPEATABLE.has(request.method);
  for (let attempt = 0; ; attempt++) {
    let response: Response | undefined;
    try {
      response = await send(attempt < retries ? request.clone() : request);
    } catch (error) {
      if (!isRepeatable || attempt >= retries || request.signal.aborted) throw error;
    }
    if (response && (attempt >= retries || !mayRetry(response.status, isRepeatable))) return response;
    await response?.body?.cancel();
    await delay(waitOf(response?.headers.get('retry-after') ?? null, attempt), request.signal);
  }
}

const mayRetry = (status: number, isRepeatable: boolean): boolean =>
  status === 429 || status === 503 || (isRepeatable && (status === 502 || status === 504));

/** What `Retry-After` says, in milliseconds; otherwise longer with each attempt, with chance. */
function waitOf(header: string | null, attempt: number): number {
  const seconds = header === null || header === '' ? Number.NaN : Number(header);
  const date = header === null ? Number.NaN : Date.parse(header);
  const said = Number.isNaN(seconds) ? date - Date.now() : seconds * 1000;
  const wait = Number.isNaN(said) ? 250 * 2 ** attempt * (0.5 + Math.random() / 2) : said;
  return Math.min(Math.max(wait, 0), RETRY_WAIT_MAX_MS);
}

function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal.addEventListener('abort', abort, { once: true });
  });
}
