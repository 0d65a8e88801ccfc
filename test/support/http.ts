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

/** A client of one organisation and user. */
export class HttpClient {
  constructor(
    readonly url: string,
    readonly headers: Record<string, string> = {},
  ) {}

  as(org: string, user = 'tester'): HttpClient {
    return new HttpClient(this.url, { ...this.headers, 'x-nexus-org': org, 'x-nexus-user': user });
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
    return fetch(this.url + path, {
      method,
      headers: { ...this.headers, ...headers },
      ...(body === undefined ? {} : { body }),
    });
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

/** Asks until the answer pleases; fails with the last answer at the deadline. */
export async function eventually<T>(
  ask: () => Promise<T>,
  pleases: (answer: T) => boolean,
  within_ms = 15_000,
): Promise<T> {
  const deadline = Date.now() + within_ms;
  for (;;) {
    const answer = await ask();
    if (pleases(answer)) return answer;
    if (Date.now() > deadline)
      throw new Error(`not so within ${within_ms} ms; last: ${JSON.stringify(answer).slice(0, 2_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
