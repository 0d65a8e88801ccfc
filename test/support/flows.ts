import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { AddressInfo } from 'node:net';
import { eventually, type HttpClient } from './http.js';

export interface FlowRunView {
  run_id: string;
  status: string;
  output: unknown;
  error: { code: string; message: string; step_id?: string } | null;
  cost_usd: number;
  steps: {
    key: string;
    step_id: string;
    status: string;
    output: unknown;
    input: unknown;
    note?: string;
    error?: { code: string; message: string };
    attempts: { status: string; error: { code: string } | null; request_id?: string }[];
    compensation?: { status: string; attempts: unknown[] };
  }[];
  legal_actions: string[];
}

const OVER = new Set(['completed', 'failed', 'compensated', 'cancelled', 'timed_out']);

/** A published flow. @returns its id */
export async function publishedFlow(http: HttpClient, definition: object, name = 'test'): Promise<string> {
  const created = await http.post<{ flow_id: string }>('/api/v1/flows', { name, definition });
  const { flow_id } = created.data;
  const published = await http.post(`/api/v1/flows/${flow_id}/publish`);
  if (published.status !== 200) throw new Error(`not published: ${JSON.stringify(published.body)}`);
  return flow_id;
}

export async function startRun(http: HttpClient, flow_id: string, body: object = {}): Promise<FlowRunView> {
  const { data, body: whole } = await http.post<FlowRunView>(`/api/v1/flows/${flow_id}/runs`, body);
  if (!data?.run_id) throw new Error(`not started: ${JSON.stringify(whole)}`);
  return data;
}

export const runOf = async (http: HttpClient, run_id: string): Promise<FlowRunView> =>
  (await http.get<FlowRunView>(`/api/v1/flow-runs/${run_id}`)).data;

/** Waits until the run is as wanted; until it has ended unless told otherwise. */
export function runWhen(
  http: HttpClient,
  run_id: string,
  pleases: (run: FlowRunView) => boolean = ({ status }) => OVER.has(status),
  within_ms = 60_000,
): Promise<FlowRunView> {
  return eventually(() => runOf(http, run_id), pleases, within_ms);
}

/** A run of a definition, to its end. */
export async function ranFlow(http: HttpClient, definition: object, body: object = {}): Promise<FlowRunView> {
  const flow_id = await publishedFlow(http, { timeout_seconds: 600, ...definition });
  return runWhen(http, (await startRun(http, flow_id, body)).run_id);
}

export interface CountedWrite {
  method: string;
  path: string;
  key: string | undefined;
  body: unknown;
}

/**
 * A service that applies each write once by its `Idempotency-Key` and answers repeats as it answered first. `/fail/<n>/…`
 * answers 503 to the first n requests of each key, `/status/<code>` its code, `/slow/<ms>` after so long.
 */
export class CountingServer {
  readonly requests: CountedWrite[] = [];
  /** Writes that had an effect, in order. */
  readonly applied: CountedWrite[] = [];
  private readonly tries = new Map<string, number>();
  private readonly closing = new AbortController();
  private readonly server = createServer((request, response) => void this.answer(request, response));

  static async start(): Promise<CountingServer> {
    const counting = new CountingServer();
    await new Promise<void>((resolve) => counting.server.listen(0, '127.0.0.1', resolve));
    return counting;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.closing.abort();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const path = request.url ?? '/';
    const method = request.method ?? 'GET';
    const header = request.headers['idempotency-key'];
    const key = typeof header === 'string' ? header : undefined;
    const counted = { method, path, key, body: text === '' ? null : (JSON.parse(text) as unknown) };
    this.requests.push(counted);
    const name = `${method} ${path} ${key ?? ''}`;
    const tries = (this.tries.get(name) ?? 0) + 1;
    this.tries.set(name, tries);
    const [, word, value = '0'] = path.split('/');
    if (word === 'slow') await delay(Number(value), undefined, { signal: this.closing.signal }).catch(() => undefined);
    if (this.closing.signal.aborted) return;
    const status = word === 'status' ? Number(value) : word === 'fail' && tries <= Number(value) ? 503 : 200;
    const isRepeat = key !== undefined && this.applied.some((one) => one.key === key && one.path === path);
    if (status === 200 && method !== 'GET' && !isRepeat) this.applied.push(counted);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ id: `${path.split('/').at(-1)}-1`, tries, total: 250, path }));
  }
}
