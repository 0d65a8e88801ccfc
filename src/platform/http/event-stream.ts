import { once } from 'node:events';
import type { Response } from 'express';

export interface StreamEvent {
  /** Position in the stream; a client that reconnects sends the last one as `Last-Event-ID`. */
  id?: string;
  event: string;
  data: unknown;
}

const HEARTBEAT_MS = 15_000;

/**
 * Writes Server-Sent Events until the source ends or the client goes away. Obeys back-pressure: the source is not asked for
 * more while the socket is full. A comment every 15 s keeps proxies from closing an idle stream. When the client goes
 * away the source's `return()` runs, so that it can stop its work.
 */
export async function sendEventStream(response: Response, events: AsyncIterable<StreamEvent>): Promise<void> {
  response.status(200).set({
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-cache, no-transform',
    'X-Accel-Buffering': 'no',
  });
  response.flushHeaders();
  const heartbeat = setInterval(() => response.write(': heartbeat\n\n'), HEARTBEAT_MS);
  const iterator = events[Symbol.asyncIterator]();
  const gone = response.closed ? Promise.resolve() : once(response, 'close');
  const closed = gone.then(() => 'closed' as const);
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), closed]);
      if (next === 'closed' || next.done) break;
      const hasRoom = response.write(format(next.value));
      if (!hasRoom) await Promise.race([once(response, 'drain'), closed]);
    }
  } finally {
    clearInterval(heartbeat);
    response.end();
    await iterator.return?.();
  }
}

function format({ id, event, data }: StreamEvent): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
