import type { Role } from '../../src/identity/principal.js';
import { noteSecrets } from './suite-logs.js';

const LONGEST_PAUSE_MS = 200;

/** What came back over the wire. `data` is the success envelope's, `error` the error envelope's. */
export interface Answer<T = Record<string, unknown>> {
  status: number;
  headers: Headers;
  body: { success: boolean; data: T; error: WireError; timestamp: string; request_id: string };
  data: T;
  error: WireError;
}

export interface WireError {
  code: string;
  message: string;
  details: Record<string, unknown> & { fields?: Record<string, string[]> };
  suggestion: string;
  trace_id: string;
}

/** Makes clients of organisations and users of a running platform; see `test/support/members.ts`. */
export interface Members {
  /** @returns the headers that the member's requests carry, and what has to be done before the first of them. */
  of(org: string, user: string, roles?: Role[]): { headers: Record<string, string>; ready: () => Promise<void> };
}

/** A client of one organisation and user; without headers, of nobody. */
export class HttpClient {
  /** Makes the member; every request waits for it. */
  ready: () => Promise<void> = async () => undefined;

  constructor(
    readonly url: string,
    readonly headers: Record<string, string> = {},
    private readonly members?: Members,
  ) {}

  /** The same platform as another user, who is made on the first request: an administrator, unless told otherwise. */
  as(org: string, user = 'tester', roles?: Role[]): HttpClient {
    if (!this.members) throw new Error('this client cannot speak for other users');
    const { headers, ready } = this.members.of(org, user, roles);
    const client = new HttpClient(this.url, headers, this.members);
    client.ready = ready;
    return client;
  }

  /** The same platform as nobody. */
  anonymous(): HttpClient {
    return new HttpClient(this.url, {}, this.members);
  }

  get = <T = Record<string, unknown>>(path: string): Promise<Answer<T>> => this.send<T>('GET', path);
  post = <T = Record<string, unknown>>(
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer<T>> => this.send<T>('POST', path, body, headers);
  put = <T = Record<string, unknown>>(path: string, body?: unknown): Promise<Answer<T>> =>
    this.send<T>('PUT', path, body);
  delete = <T = Record<string, unknown>>(path: string): Promise<Answer<T>> => this.send<T>('DELETE', path);

  /** The body goes out as it is, so that malformed ones can be sent. */
  async raw(method: string, path: string, body?: string, headers: Record<string, string> = {}): Promise<Response> {
    await this.ready();
    const sent = noteSecrets({ ...this.headers, ...headers });
    if (body !== undefined) noteSecretsOf(body);
    const response = await fetch(this.url + path, { method, headers: sent, ...(body === undefined ? {} : { body }) });
    const read = response.json.bind(response);
    return Object.assign(response, { json: async () => noteSecrets(await read()) });
  }

  /** One text file as `files`. */
  async rawForm(method: string, path: string, text: string): Promise<Response> {
    await this.ready();
    const body = new FormData();
    body.append('files', new Blob([text], { type: 'text/plain' }), 'note.txt');
    return fetch(this.url + path, { method, headers: this.headers, body });
  }

  private async send<T>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> {
    const json = body === undefined ? undefined : JSON.stringify(body);
    const response = await this.raw(method, path, json, {
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    });
    const parsed = (await response.json()) as Answer<T>['body'];
    return { status: response.status, headers: response.headers, body: parsed, data: parsed.data, error: parsed.error };
  }
}

/**
 * Asks until the answer pleases; fails with the last answer at the deadline. Pauses longer after a question that took long, so that the
 * looks of a test leave the processor to what it waits for.
 */
export async function eventually<T>(
  ask: () => Promise<T>,
  pleases: (answer: T) => boolean,
  within_ms = 60_000,
): Promise<T> {
  const deadline = Date.now() + within_ms;
  for (;;) {
    const asked = performance.now();
    const answer = await ask();
    if (pleases(answer)) return answer;
    if (Date.now() > deadline)
      throw new Error(`not so within ${within_ms} ms; last: ${JSON.stringify(answer).slice(0, 2_000)}`);
    const pause = Math.min(Math.max(20, 4 * (performance.now() - asked)), LONGEST_PAUSE_MS);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** Of a body that may be malformed on purpose. */
function noteSecretsOf(body: string): void {
  try {
    noteSecrets(JSON.parse(body) as unknown);
  } catch {
    // What is no JSON is no field's value either.
  }
}
