import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const ACCOUNT = 'arn:aws:bedrock-agentcore:us-east-1:123456789012';

interface StoredRuntime {
  id: string;
  name: string;
  version: number;
  status: string;
  input: Record<string, unknown>;
  endpoint?: { version: string; status: string };
}

/**
 * The REST-JSON operations of AgentCore that the platform uses, over HTTP, as far as its own behaviour needs them: states that
 * change with time, conflicts, deletion in two steps. Calls of an agent are handed to a container.
 */
export class AgentCoreServer {
  readonly runtimes = new Map<string, StoredRuntime>();
  readonly requests: { route: string; headers: IncomingMessage['headers']; body: Record<string, unknown> }[] = [];
  /** Answers the calls of agents; undefined: AgentCore fails as `refusal` says. */
  container: string | undefined;
  refusal = { status: 424, type: 'RuntimeClientError' };
  /** How a runtime that was made ends. */
  outcome = 'READY';

  private constructor(private readonly server: Server) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.handle(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
  }

  static async start(): Promise<AgentCoreServer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new AgentCoreServer(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const path = decodeURIComponent((request.url ?? '').split('?')[0] ?? '').replace(/\/$/, '');
    const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    this.requests.push({ route: `${request.method} ${path}`, headers: request.headers, body });
    if (path.endsWith('/invocations')) return this.invoke(request, response, text);
    const [, , id, , endpoint] = path.split('/');
    const runtime = id === undefined ? undefined : this.runtimes.get(id);
    if (id !== undefined && !runtime) return fail(response, 404, 'ResourceNotFoundException');
    const operation = `${request.method} ${id === undefined ? 'all' : path.includes('runtime-endpoints') ? (endpoint ? 'endpoint' : 'endpoints') : 'one'}`;
    this.control(operation, runtime as StoredRuntime, body, response);
  }

  private control(
    operation: string,
    runtime: StoredRuntime,
    body: Record<string, unknown>,
    response: ServerResponse,
  ): void {
    switch (operation) {
      case 'PUT all':
        return this.create(body, response);
      case 'POST all':
        return send(response, 200, { agentRuntimes: [...this.runtimes.values()].map(summary) });
      case 'GET one':
        send(response, 200, summary(runtime));
        if (runtime.status.endsWith('ING')) runtime.status = this.outcome;
        return;
      case 'PUT one':
        Object.assign(runtime, { version: runtime.version + 1, status: 'UPDATING', input: body });
        return send(response, 202, summary(runtime));
      case 'DELETE one':
        if (runtime.endpoint) {
          delete runtime.endpoint;
          return fail(response, 409, 'ConflictException');
        }
        this.runtimes.delete(runtime.id);
        return send(response, 202, { status: 'DELETING' });
      case 'PUT endpoints':
        if (runtime.endpoint) return fail(response, 409, 'ConflictException');
        runtime.endpoint = { version: String(body['agentRuntimeVersion']), status: 'CREATING' };
        return send(response, 202, endpointOf(runtime));
      default:
        return this.endpoint(operation, runtime, body, response);
    }
  }

  private endpoint(
    operation: string,
    runtime: StoredRuntime,
    body: Record<string, unknown>,
    response: ServerResponse,
  ): void {
    if (!runtime.endpoint) return fail(response, 404, 'ResourceNotFoundException');
    if (operation === 'PUT endpoint')
      runtime.endpoint = { version: String(body['agentRuntimeVersion']), status: 'UPDATING' };
    // The endpoint stays for a while, so that the runtime is in conflict at first.
    send(response, 200, operation === 'DELETE endpoint' ? { status: 'DELETING' } : endpointOf(runtime));
    if (operation === 'GET endpoint') runtime.endpoint.status = 'READY';
  }

  private create(input: Record<string, unknown>, response: ServerResponse): void {
    const name = String(input['agentRuntimeName']);
    if ([...this.runtimes.values()].some((runtime) => runtime.name === name))
      return fail(response, 409, 'ConflictException');
    const runtime = { id: `${name}-abc`, name, version: 1, status: 'CREATING', input };
    this.runtimes.set(runtime.id, runtime);
    send(response, 202, summary(runtime));
  }

  private async invoke(request: IncomingMessage, response: ServerResponse, body: string): Promise<void> {
    if (this.container === undefined) return fail(response, this.refusal.status, this.refusal.type);
    const { accept, 'x-amzn-bedrock-agentcore-runtime-session-id': session = '' } = request.headers;
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const answer = await fetch(`${this.container}/invocations`, {
      method: 'POST',
      headers: { accept: accept ?? '', 'x-amzn-bedrock-agentcore-runtime-session-id': String(session) },
      body,
      signal: gone.signal,
    });
    if (!answer.ok) return fail(response, 424, 'RuntimeClientError');
    response.writeHead(200, { 'content-type': answer.headers.get('content-type') ?? '' });
    for await (const chunk of answer.body ?? []) response.write(chunk);
    response.end();
  }
}

function summary({ id, name, version, status }: StoredRuntime): Record<string, unknown> {
  return {
    agentRuntimeId: id,
    agentRuntimeArn: `${ACCOUNT}:runtime/${id}`,
    agentRuntimeName: name,
    agentRuntimeVersion: String(version),
    status,
    ...(status.endsWith('FAILED') ? { failureReason: 'the image could not be pulled' } : {}),
  };
}

function endpointOf({ id, endpoint }: StoredRuntime): Record<string, unknown> {
  return {
    agentRuntimeEndpointArn: `${ACCOUNT}:runtime/${id}/runtime-endpoint/nexus`,
    agentRuntimeArn: `${ACCOUNT}:runtime/${id}`,
    name: 'nexus',
    ...endpoint,
  };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function fail(response: ServerResponse, status: number, type: string): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'x-amzn-errortype': type })
    .end(JSON.stringify({ message: type }));
}
