import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

export interface ApiAnswer {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
}

/** An API on a free loopback port that answers by a script and remembers what it was asked. */
export interface ApiService {
  url: string;
  seen: SeenRequest[];
  close(): Promise<void>;
}

export async function apiService(
  answer: (request: SeenRequest) => ApiAnswer | Promise<ApiAnswer>,
): Promise<ApiService> {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    void readRequest(request).then(async (asked) => {
      seen.push(asked);
      const { status = 200, headers = {}, body } = await answer(asked);
      const isText = typeof body === 'string';
      response.writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json', ...headers });
      response.end(body === undefined ? '' : isText ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readRequest(request: IncomingMessage): Promise<SeenRequest> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://api');
  const { method = '', headers } = request;
  return { method, path: pathname, query: Object.fromEntries(searchParams), headers, body };
}
