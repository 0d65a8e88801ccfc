import { createParser } from 'eventsource-parser';

interface ErrorAnswer {
  error?: { code: string; message: string; trace_id: string };
}

/** The platform answered with an error; its message is shown as it is. */
export class ApiError extends Error {}

/** A small client of the REST API, as any program would write it. */
export class Api {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  get<T>(path: string): Promise<T> {
    return this.call<T>('GET', path);
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.call<T>('POST', path, body);
  }

  /** Server-Sent Events until the stream ends. */
  async *events(path: string): AsyncGenerator<{ event: string; data: Record<string, unknown> }> {
    const response = await fetch(this.url + path, { headers: { accept: 'text/event-stream' } });
    if (!response.ok || !response.body) throw new ApiError(`${path} answered ${response.status}`);
    const ready: { event: string; data: Record<string, unknown> }[] = [];
    const parser = createParser({
      onEvent: ({ event, data }) =>
        ready.push({ event: event ?? 'message', data: JSON.parse(data) as Record<string, unknown> }),
    });
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      parser.feed(chunk);
      yield* ready.splice(0);
    }
  }

  private async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(this.url + path, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as { data: T } & ErrorAnswer;
    if (response.ok) return answer.data;
    throw new ApiError(
      `${method} ${path}: ${answer.error?.code ?? response.status} ${answer.error?.message ?? ''} (${answer.error?.trace_id ?? 'no trace id'})`,
    );
  }
}
