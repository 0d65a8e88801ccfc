import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AgentRunError, type AgentRunFailure, type AgentEvent, type AgentResult } from '../runtimes/agent-runtime.js';
import { SESSION_HEADER } from '../runtimes/container/container-contract.js';
import { readInvocation, RefusedRequestError, type Turns } from './turns.js';

const SESSION_ID_MAX_LENGTH = 256;
const IDLE_CHECK_MS = 50;

export interface AgentServerOptions {
  host: string;
  port: number;
  max_body_bytes: number;
  /** Whether each call brings the definition of its agent. */
  with_definition: boolean;
}

/** Serves the turns of one agent by the AgentCore HTTP contract: `GET /ping` and `POST /invocations`. */
export class AgentServer {
  private readonly server: Server;
  private readonly running = new Set<AbortController>();
  private isStopping = false;

  constructor(
    private readonly turns: Turns,
    private readonly options: AgentServerOptions,
  ) {
    this.server = createServer((request, response) => {
      this.answer(request, response).catch((error: unknown) => {
        this.failed(error);
        response.destroy();
      });
    });
  }

  /** @returns the address it listens at. */
  async listen(): Promise<string> {
    this.server.listen(this.options.port, this.options.host);
    await once(this.server, 'listening');
    const { port } = this.server.address() as AddressInfo;
    return `http://${this.options.host}:${port}`;
  }

  /** Takes no more calls, lets those under way finish, and ends what is not over by then. */
  async stop(grace_ms: number): Promise<void> {
    this.isStopping = true;
    const closed = once(this.server, 'close');
    this.server.close();
    const deadline = setTimeout(() => {
      for (const run of this.running) run.abort();
      this.server.closeAllConnections();
    }, grace_ms);
    // A connection whose last call ends from now on is idle, and would be kept open for the next.
    const idle = setInterval(() => this.server.closeIdleConnections(), IDLE_CHECK_MS);
    await closed;
    clearTimeout(deadline);
    clearInterval(idle);
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.split('?')[0];
    if (path === '/ping' && (request.method === 'GET' || request.method === 'HEAD')) {
      sendJson(response, 200, this.turns.ping());
      return;
    }
    try {
      if (path !== '/invocations')
        throw new RefusedRequestError(404, 'Only GET /ping and POST /invocations are served');
      if (request.method !== 'POST') throw new RefusedRequestError(405, '/invocations accepts only POST');
      await this.invoke(request, response);
    } catch (error) {
      if (!(error instanceof RefusedRequestError)) throw error;
      // What the body still holds is not read, so the connection cannot be used again.
      response.setHeader('connection', 'close');
      sendJson(response, error.status, { error: { reason: 'runtime', message: error.message } });
    }
  }

  private async invoke(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.isStopping) throw new RefusedRequestError(503, 'The server is stopping');
    const session_id = sessionOf(request);
    const { max_body_bytes, with_definition } = this.options;
    const body = await readInvocation(request, max_body_bytes, with_definition);
    const caller = new AbortController();
    this.running.add(caller);
    response.once('close', () => {
      if (!response.writableFinished) caller.abort();
    });
    if (session_id !== undefined) response.setHeader(SESSION_HEADER, session_id);
    try {
      const isStream = request.headers.accept?.includes('text/event-stream') ?? false;
      const events = this.turns.run(body, session_id, !isStream, caller.signal);
      if (isStream) await sendEvents(response, events, (error) => this.failed(error));
      else await this.sendWhole(response, events);
    } finally {
      this.running.delete(caller);
    }
  }

  private async sendWhole(response: ServerResponse, events: AsyncIterable<AgentEvent>): Promise<void> {
    try {
      sendResult(response, await resultOf(events));
    } catch (error) {
      if (error instanceof RefusedRequestError) throw error;
      sendFailure(response, this.failed(error));
    }
  }

  /** Says on the log what the caller is not told. */
  private failed(error: unknown): AgentRunError {
    const known =
      error instanceof AgentRunError ? error : new AgentRunError('runtime', 'The agent failed.', [], undefined, error);
    if (known.reason !== 'cancelled') {
      const cause = known.cause instanceof Error ? known.cause.stack : undefined;
      const line = { level: 'error', at: new Date().toISOString(), reason: known.reason, msg: known.message, cause };
      process.stderr.write(`${JSON.stringify(line)}\n`);
    }
    return known;
  }
}

async function resultOf(events: AsyncIterable<AgentEvent>): Promise<AgentResult> {
  for await (const event of events) if (event.type === 'done') return event.result;
  throw new AgentRunError('runtime', 'The run ended without an answer.');
}

function sessionOf(request: IncomingMessage): string | undefined {
  const value = request.headers[SESSION_HEADER];
  if (value === undefined || value === '') return undefined;
  if (typeof value === 'string' && value.length <= SESSION_ID_MAX_LENGTH) return value;
  throw new RefusedRequestError(400, `${SESSION_HEADER} must be at most ${SESSION_ID_MAX_LENGTH} characters`);
}

const HEARTBEAT_MS = 15_000;
const CANCELLED_STATUS = 499;
const STATUS: Partial<Record<AgentRunFailure, number>> = { timeout: 504, cancelled: CANCELLED_STATUS };

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const json = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) });
  response.end(json);
}

/** Ids of the session travel in the header; the rest is what the run gave. */
function sendResult(response: ServerResponse, result: AgentResult): void {
  sendJson(response, 200, { ...result });
}

function sendFailure(response: ServerResponse, error: AgentRunError): void {
  sendJson(response, STATUS[error.reason] ?? 500, { error: failureBody(error) });
}

/**
 * Server-Sent Events with only `data`, as the contract shows them: the event's `type` stands inside. A failure is an event too,
 * because AgentCore hides the body of any other status than 200. Obeys back-pressure.
 */
async function sendEvents(
  response: ServerResponse,
  events: AsyncIterable<AgentEvent>,
  failed: (error: unknown) => AgentRunError,
): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  response.flushHeaders();
  const heartbeat = setInterval(() => response.write(': heartbeat\n\n'), HEARTBEAT_MS);
  try {
    for await (const event of events) await write(response, wire(event));
  } catch (error) {
    await write(response, { type: 'error', ...failureBody(failed(error)) });
  } finally {
    clearInterval(heartbeat);
    response.end();
  }
}

async function write(response: ServerResponse, value: unknown): Promise<void> {
  if (response.destroyed || response.write(`data: ${JSON.stringify(value)}\n\n`)) return;
  await Promise.race([once(response, 'drain'), once(response, 'close')]);
}

function wire(event: AgentEvent): unknown {
  return event.type === 'done' ? { type: 'done', ...event.result } : event;
}

function failureBody({ reason, message, steps, usage, cost_usd }: AgentRunError): Record<string, unknown> {
  return { reason, message, steps, usage, cost_usd };
}
