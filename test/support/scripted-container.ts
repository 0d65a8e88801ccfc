import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedCall {
  headers: IncomingMessage['headers'];
  body: Record<string, unknown>;
}

/** A container that does what a test tells it to; its ping is healthy unless told otherwise. */
export class ScriptedContainer {
  readonly calls: ReceivedCall[] = [];
  ping = { status: 200, body: '{"status":"Healthy","time_of_last_update":1}' };
  answer: (response: ServerResponse, call: ReceivedCall) => void = (response) => response.end();

  private constructor(private readonly server: Server) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void this.handle(request, response));
  }

  static async start(): Promise<ScriptedContainer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ScriptedContainer(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  json(status: number, value: unknown): void {
    this.answer = (response) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  }

  /** Sends the events and then ends, or hangs. */
  events(values: readonly unknown[], hangs = false): void {
    this.answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const value of values) response.write(`data: ${JSON.stringify(value)}\n\n`);
      if (!hangs) response.end();
    };
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === '/ping') {
      response.writeHead(this.ping.status, { 'content-type': 'application/json' }).end(this.ping.body);
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
    const call = { headers: request.headers, body };
    this.calls.push(call);
    this.answer(response, call);
  }
}
