import { createParser } from 'eventsource-parser';

export interface ReceivedEvent {
  id: string | undefined;
  event: string | undefined;
  data: Record<string, unknown>;
}

/** Who reads streams of a platform, by its address, unless the request says otherwise. */
const readers = new Map<string, Record<string, string>>();

export function readStreamsAs({ url, headers }: { url: string; headers: Record<string, string> }): void {
  readers.set(url, headers);
}

/** Server-Sent Events until the stream ends, or until there are `atMost`; then the connection is closed. */
export async function readEvents(url: string, init: RequestInit = {}, atMost = Infinity): Promise<ReceivedEvent[]> {
  const stop = new AbortController();
  const response = await fetch(url, {
    ...init,
    headers: { ...readers.get(new URL(url).origin), ...(init.headers as Record<string, string> | undefined) },
    signal: stop.signal,
  });
  if (!response.body) throw new Error(`${url} answered ${response.status} without a body`);
  const received: ReceivedEvent[] = [];
  const parser = createParser({
    onEvent: ({ id, event, data }) => received.push({ id, event, data: JSON.parse(data) as Record<string, unknown> }),
  });
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    parser.feed(chunk);
    if (received.length >= atMost) break;
  }
  stop.abort();
  return received.slice(0, atMost);
}
