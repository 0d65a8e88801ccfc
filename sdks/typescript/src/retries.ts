const WAIT_MAX_MS = 60_000;
const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

/**
 * Sends a request again when that is safe: after 429 and 503 always, after 502, 504 and a lost connection when the method or an
 * Idempotency-Key makes a repeat harmless. Waits as long as Retry-After says, at most a minute.
 */
export async function withRetries(request: Request, retries: number, send: typeof fetch): Promise<Response> {
  const isRepeatable = REPEATABLE.has(request.method) || request.headers.has('idempotency-key');
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
export function waitOf(header: string | null, attempt: number): number {
  const seconds = header === null || header === '' ? Number.NaN : Number(header);
  const date = header === null ? Number.NaN : Date.parse(header);
  const said = Number.isNaN(seconds) ? date - Date.now() : seconds * 1000;
  const wait = Number.isNaN(said) ? 250 * 2 ** attempt * (0.5 + Math.random() / 2) : said;
  return Math.min(Math.max(wait, 0), WAIT_MAX_MS);
}

/** @throws the signal's reason */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    if (signal?.aborted) return reject(signal.reason as Error);
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', abort, { once: true });
  });
}
