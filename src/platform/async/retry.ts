import pRetry from 'p-retry';

const ATTEMPTS = 10;

/**
 * Repeats work that lost against another writer: each attempt reads the record again. Any other error ends it at once.
 * @throws the last error
 */
export async function retryOn<T>(
  conflict: abstract new (...given: never[]) => Error,
  work: () => Promise<T>,
  attempts = ATTEMPTS,
): Promise<T> {
  return pRetry(work, {
    retries: attempts - 1,
    minTimeout: 0,
    shouldRetry: ({ error }) => error instanceof conflict,
  });
}
