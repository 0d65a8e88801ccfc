import { createParser } from 'eventsource-parser';
import { useEffect, useRef, useState } from 'react';
import { ApiError, errorOf, signedFetch } from './api';

export interface StreamEvent {
  id: string;
  event: string;
  data: Record<string, unknown>;
}

interface StreamOptions {
  /** Sent as JSON by POST. Without it the stream is read by GET, and resumed after a drop. */
  body?: unknown;
  signal: AbortSignal;
  onEvent: (event: StreamEvent) => void;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });

/**
 * Reads Server-Sent Events until the platform ends them. A GET that drops is resumed after its last event; a POST is not repeated.
 * @throws ApiError when the stream is refused
 */
export async function readStream(path: string, { body, signal, onEvent }: StreamOptions): Promise<void> {
  let lastId = '';
  let wait = FIRST_PAUSE_MS;
  const parser = createParser({
    onEvent: ({ id, event = 'message', data }) => {
      if (id !== undefined) lastId = id;
      wait = FIRST_PAUSE_MS;
      onEvent({ id: lastId, event, data: parsed(data) });
    },
  });
  const headers: Record<string, string> = { Accept: 'text/event-stream' };
  const init: RequestInit =
    body === undefined
      ? { headers, signal }
      : {
          method: 'POST',
          headers: { ...headers, 'Content-Type': 'application/json' },
          body: JSON.stringify(body),
          signal,
        };
  while (!signal.aborted) {
    if (lastId !== '' && body === undefined) headers['Last-Event-ID'] = lastId;
    try {
      const response = await signedFetch(path, init);
      if (response.status === 204) return;
      if (!response.ok || !response.body) throw errorOf(response.status, await response.json().catch(() => undefined));
      for await (const text of response.body.pipeThrough(new TextDecoderStream())) parser.feed(text);
      return;
    } catch (error) {
      if (signal.aborted) return;
      const isRefused = error instanceof ApiError && error.status >= 400 && error.status < 500;
      if (isRefused || body !== undefined) throw error;
      await pause(wait, signal);
      wait = Math.min(wait * 2, LONGEST_PAUSE_MS);
      parser.reset();
    }
  }
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : { value };
  } catch {
    return { text };
  }
}

/**
 * Follows the events of `path` while the component is shown.
 * @param path undefined: follow nothing
 * @returns whether the stream is open, has ended, or was refused with an error
 */
export function useStream(
  path: string | undefined,
  onEvent: (event: StreamEvent) => void,
): { isOpen: boolean; error?: unknown } {
  const [state, setState] = useState<{ isOpen: boolean; error?: unknown }>({ isOpen: false });
  const handler = useRef(onEvent);
  handler.current = onEvent;
  useEffect(() => {
    if (path === undefined) return undefined;
    const abort = new AbortController();
    setState({ isOpen: true });
    readStream(path, { signal: abort.signal, onEvent: (event) => handler.current(event) }).then(
      () => !abort.signal.aborted && setState({ isOpen: false }),
      (error: unknown) => setState({ isOpen: false, error }),
    );
    return () => abort.abort();
  }, [path]);
  return state;
}
