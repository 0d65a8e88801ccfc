import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits for the work at most `ms` milliseconds; the work itself continues. The timer does not keep the process alive.
 * @returns the work's result, or `late` @throws what the work throws in time
 */
export async function within<T, L>(ms: number, work: Promise<T> | T, late: L): Promise<T | L> {
  const timer = new AbortController();
  const over = delay(ms, late, { signal: timer.signal, ref: false });
  over.catch(() => undefined);
  try {
    return await Promise.race([work, over]);
  } finally {
    timer.abort();
  }
}
