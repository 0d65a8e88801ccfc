import { createParser } from 'eventsource-parser';

interface ErrorAnswer {
  error?: {
    code: string;
    message: string;
    suggestion?: string;
    trace_id: string;
    details?: { fields?: Record<string, string[]> };
  };
}

/** The platform answered with an error, which is shown as people read it. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A small client of the REST API, as any program would write it. */
export class Api {
  readonly url: string;
  private token: string;

  constructor(url: string, token = '') {
    this.url = url;
    this.token = token;
  }

  /** Signs in and goes on with the access token. @returns the organization that it is for. */
  async login(email: string, password: string): Promise<string> {
    const signedIn = await this.bare<{ access_token: string; user: { org_id: string } }>('/api/v1/auth/login', {
      email,
      password,
    });
    this.token = signedIn.access_token;
    return signedIn.user.org_id;
  }

  /** What a program reads that is to act as this client does. */
  environment(): Record<string, string> {
    return { NEXUS_URL: this.url, NEXUS_API_KEY: this.token };
  }

  get<T>(path: string): Promise<T> {
    return this.call<T>('GET', path);
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.call<T>('POST', path, body);
  }

  /** Server-Sent Events until the stream ends. */
  async *events(path: string): AsyncGenerator<{ event: string; data: Record<string, unknown> }> {
    const response = await fetch(this.url + path, { headers: { ...this.headers(), accept: 'text/event-stream' } });
    if (!response.ok || !response.body) throw new ApiError(response.status, `${path} answered ${response.status}`);
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

  private headers(): Record<string, string> {
    return this.token === '' ? {} : { authorization: `Bearer ${this.token}` };
  }

  private async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    return (await this.send<{ data: T }>(method, path, body)).data;
  }

  /** Sign-in answers without an envelope. */
  private async bare<T>(path: string, body: unknown): Promise<T> {
    return this.send<T>('POST', path, body);
  }

  private async send<T>(method: string, path: string, body?: unknown): Promise<T> {
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    const headers = { ...this.headers(), ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
    const response = await fetch(this.url + path, { method, headers, ...json });
    const answer = (await response.json()) as T & ErrorAnswer;
    if (response.ok) return answer;
    throw new ApiError(response.status, explained(answer) || `${method} ${path} answered ${response.status}`);
  }
}

function explained({ error }: ErrorAnswer): string {
  if (!error) return '';
  const fields = Object.values(error.details?.fields ?? {}).flat();
  return [
    fields.join('; ') || error.message,
    fields.length > 0 ? undefined : error.suggestion,
    `Trace id ${error.trace_id}`,
  ]
    .filter((part) => part !== undefined && part !== '')
    .join('\n');
}
