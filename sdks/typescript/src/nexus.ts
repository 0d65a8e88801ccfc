import { connectionError, errorOf, NexusError, WaitTimeoutError } from './errors.js';
import {
  type BuildEvent,
  type FlowRunEvent,
  follow,
  type FollowOptions,
  type ImportEvent,
  type RunEvent,
} from './events.js';
import { type Client, createClient, createConfig } from './generated/client/index.js';
import { getFlowRun, getIntegration, getInvocation, getProject } from './generated/sdk.gen.js';
import { withRetries } from './retries.js';

const WAIT_MS = 30 * 60_000;

export interface NexusOptions {
  /** Without `/api/v1`. @default http://127.0.0.1:8000 */
  baseUrl?: string;
  /** An API key, `nxs_…`. */
  apiKey?: string;
  /** An access token of a sign-in, or a function that answers the present one. */
  accessToken?: string | (() => string | Promise<string>);
  /** Sent with every request. */
  headers?: Record<string, string>;
  /** Attempts after the first. @default 3 */
  retries?: number;
  /** `include` lets browsers send the cookies of a sign-in. */
  credentials?: RequestCredentials;
  fetch?: typeof fetch;
}

export interface WaitOptions {
  /** @default 1800000, 30 minutes */
  timeoutMs?: number;
  signal?: AbortSignal;
}

type Operation = (options: any) => Promise<unknown>;
type Answer<F extends Operation> = Exclude<
  Awaited<ReturnType<F>> extends infer R ? (R extends { data: infer D } ? D : never) : never,
  undefined
>;
type Unwrapped<A> = A extends { success: unknown; data: infer D } ? D : A;
/** What an operation answers: `data` of the envelope. */
export type DataOf<F extends Operation> = Unwrapped<Answer<F>>;
/** What an operation takes: `path`, `query`, `body` and `headers`. */
export type InputOf<F extends Operation> = Omit<
  NonNullable<Parameters<F>[0]>,
  'client' | 'throwOnError' | 'url' | 'meta'
>;
type Given<F extends Operation> = Record<never, never> extends InputOf<F> ? [input?: InputOf<F>] : [input: InputOf<F>];
type Listed<D> = { [K in keyof D]-?: NonNullable<D[K]> extends readonly (infer I)[] ? I : never }[keyof D];
/** The items of a list. */
export type ItemOf<F extends Operation> = Listed<DataOf<F>>;

/** A client of one platform, as one caller. Safe to share. */
export class Nexus {
  /** The generated client: pass it to generated operations to call them without this class. */
  readonly client: Client;
  private readonly baseUrl: string;
  private readonly send: (request: Request) => Promise<Response>;

  constructor(private readonly options: NexusOptions = {}) {
    const { baseUrl = 'http://127.0.0.1:8000', retries = 3, credentials } = options;
    this.baseUrl = baseUrl.replace(/\/+$/, '');
    const send = options.fetch ?? ((input, init) => fetch(input, init));
    this.send = async (request) => withRetries(await this.signed(request), retries, send);
    this.client = createClient(
      createConfig({
        baseUrl: this.baseUrl,
        ...(credentials === undefined ? {} : { credentials }),
        fetch: (input, init) => this.send(new Request(input, init)),
      }),
    );
  }

  /**
   * Calls a generated operation. A POST gets an Idempotency-Key unless it has one, so that it may be sent again.
   * @returns `data` of the envelope
   * @throws NexusError, of the class that fits the status
   */
  async call<F extends Operation>(operation: F, ...[input]: Given<F>): Promise<DataOf<F>> {
    const options = { ...(input as object | undefined), client: this.client, throwOnError: false };
    let answer: { data?: unknown; error?: unknown; response?: Response };
    try {
      answer = (await operation(options)) as typeof answer;
    } catch (error) {
      throw this.isAborted(input) ? error : connectionError(error);
    }
    const { data, error, response } = answer;
    if (!response) throw this.isAborted(input) ? error : connectionError(error);
    if (!response.ok) throw errorOf(response.status, error);
    return unwrapped(data) as DataOf<F>;
  }

  /** The items of all pages of a list, which are read as they are needed. @throws NexusError */
  async *items<F extends Operation>(operation: F, ...[input]: Given<F>): AsyncGenerator<ItemOf<F>, void> {
    const { query, ...rest } = (input ?? {}) as { query?: Record<string, unknown> };
    for (let last_key: string | undefined; ;) {
      const page = { ...rest, query: last_key === undefined ? query : { ...query, last_key } };
      const data = (await this.call(operation, ...([page] as unknown as Given<F>))) as Record<string, unknown>;
      const list = Object.values(data).find((one) => Array.isArray(one));
      yield* (list ?? []) as ItemOf<F>[];
      const next = data['last_key'];
      if (typeof next !== 'string' || next === last_key) return;
      last_key = next;
    }
  }

  /** The events of a project's build, until it has ended. @throws NexusError */
  buildEvents(project_id: string, options?: FollowOptions): AsyncGenerator<BuildEvent, void> {
    const path = `/api/v1/projects/${encodeURIComponent(project_id)}/events`;
    return this.events<BuildEvent>(path, ({ event }) => event === 'done', options);
  }

  /** The events of an agent's run that was started in the background or streamed. @throws NexusError */
  runEvents(invocation_id: string, options?: FollowOptions): AsyncGenerator<RunEvent, void> {
    const path = `/api/v1/invocations/${encodeURIComponent(invocation_id)}/events`;
    return this.events<RunEvent>(path, ({ event }) => event === 'done' || event === 'error', options);
  }

  /** The events of a flow's run, until it has ended. @throws NexusError */
  flowRunEvents(run_id: string, options?: FollowOptions): AsyncGenerator<FlowRunEvent, void> {
    const path = `/api/v1/flow-runs/${encodeURIComponent(run_id)}/events`;
    return this.events<FlowRunEvent>(path, ({ event }) => event === 'run.ended', options);
  }

  /** The state of an integration's import each time that it changes, until it has ended. @throws NexusError */
  importEvents(integration_id: string, options?: FollowOptions): AsyncGenerator<ImportEvent, void> {
    const path = `/api/v1/integrations/${encodeURIComponent(integration_id)}/events`;
    const isLast = ({ data }: ImportEvent): boolean =>
      data.status !== 'importing' && data.import?.['status'] !== 'running';
    return this.events<ImportEvent>(path, isLast, options);
  }

  /** Waits until the build has completed or failed. @returns the project @throws WaitTimeoutError, NexusError */
  waitForBuild(project_id: string, options?: WaitOptions): Promise<DataOf<typeof getProject>> {
    const read = () => this.call(getProject, { path: { project_id } });
    const isOver = ({ status }: { status: string }): boolean => status === 'completed' || status === 'failed';
    return this.waited(read, isOver, (signal) => this.buildEvents(project_id, { signal }), options);
  }

  /** Waits until the run has ended, or waits for an approval. @returns the invocation @throws WaitTimeoutError, NexusError */
  waitForRun(invocation_id: string, options?: WaitOptions): Promise<DataOf<typeof getInvocation>> {
    const read = () => this.call(getInvocation, { path: { invocation_id } });
    const isOver = ({ status }: { status: string }): boolean => status !== 'queued' && status !== 'running';
    return this.waited(read, isOver, (signal) => this.runEvents(invocation_id, { signal }), options);
  }

  /** Waits until the run of a flow has ended. @returns the run @throws WaitTimeoutError, NexusError */
  waitForFlowRun(run_id: string, options?: WaitOptions): Promise<DataOf<typeof getFlowRun>> {
    const read = () => this.call(getFlowRun, { path: { run_id } });
    const over = new Set(['completed', 'failed', 'compensated', 'cancelled', 'timed_out']);
    return this.waited(
      read,
      ({ status }) => over.has(status),
      (signal) => this.flowRunEvents(run_id, { signal }),
      options,
    );
  }

  /** Waits until an import has ended. @returns the integration @throws WaitTimeoutError, NexusError */
  waitForImport(integration_id: string, options?: WaitOptions): Promise<DataOf<typeof getIntegration>> {
    const read = () => this.call(getIntegration, { path: { integration_id } });
    const isOver = (one: { status: string; import?: { status?: string } | null }): boolean =>
      one.status !== 'importing' && one.import?.status !== 'running';
    return this.waited(read, isOver, (signal) => this.importEvents(integration_id, { signal }), options);
  }

  private events<E extends BuildEvent | RunEvent | FlowRunEvent | ImportEvent>(
    path: string,
    isLast: (event: E) => boolean,
    options?: FollowOptions,
  ): AsyncGenerator<E, void> {
    const open = (to: string, headers: Record<string, string>, signal?: AbortSignal): Promise<Response> => {
      const { credentials } = this.options;
      const request = { headers, ...(signal ? { signal } : {}), ...(credentials ? { credentials } : {}) };
      return this.send(new Request(this.baseUrl + to, request));
    };
    return follow<E>(open, { path, isLast }, options);
  }

  /** Reads, follows the events until there are no more, and reads again. */
  private async waited<T>(
    read: () => Promise<T>,
    isOver: (found: T) => boolean,
    events: (signal: AbortSignal) => AsyncIterable<unknown>,
    { timeoutMs = WAIT_MS, signal }: WaitOptions = {},
  ): Promise<T> {
    const timeout = AbortSignal.timeout(timeoutMs);
    const either = signal ? AbortSignal.any([signal, timeout]) : timeout;
    for (;;) {
      const found = await read();
      if (isOver(found)) return found;
      try {
        for await (const _event of events(either));
      } catch (error) {
        if (!timeout.aborted || signal?.aborted) throw error;
      }
      if (timeout.aborted) throw waitedTooLong(timeoutMs);
    }
  }

  private async signed(request: Request): Promise<Request> {
    const { apiKey, accessToken, headers = {} } = this.options;
    for (const [name, value] of Object.entries(headers)) request.headers.set(name, value);
    if (apiKey !== undefined) request.headers.set('x-api-key', apiKey);
    const token = typeof accessToken === 'function' ? await accessToken() : accessToken;
    if (token !== undefined) request.headers.set('authorization', `Bearer ${token}`);
    if (request.method === 'POST' && !request.headers.has('idempotency-key'))
      request.headers.set('idempotency-key', randomKey());
    return request;
  }

  private isAborted(input: unknown): boolean {
    return (input as { signal?: AbortSignal | null } | undefined)?.signal?.aborted === true;
  }
}

const unwrapped = (body: unknown): unknown =>
  typeof body === 'object' && body !== null && 'success' in body && 'data' in body ? body.data : body;

/** Also where `crypto.randomUUID` is missing: pages that are not served over TLS. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `sdk-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

const waitedTooLong = (ms: number): NexusError =>
  new WaitTimeoutError({
    ...{ status: 0, code: 'WAIT_TIMEOUT', message: `It did not end within ${ms / 1000} seconds`, details: {} },
    ...{ suggestion: 'Wait again, or with a larger timeoutMs.', trace_id: '', request_id: '' },
  });
