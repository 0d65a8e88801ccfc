import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node';
import { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';

export interface Service {
  url: string;
  /** Requests so far: method, path and the credential that came with each. */
  seen: { method: string; path: string; authorization: string | undefined; body: string }[];
  close(): Promise<void>;
}

async function listening(server: Server, seen: Service['seen']): Promise<Service> {
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

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

/** A circular document: a category has categories. */
export const SHOP_DOCUMENT = {
  openapi: '3.0.3',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/orders/{number}': {
      parameters: [{ name: 'number', in: 'path', required: true, schema: { type: 'string' } }],
      get: {
        operationId: 'getOrder',
        summary: 'State of an order',
        parameters: [{ name: 'verbose', in: 'query', schema: { type: 'boolean' } }],
        responses: { 200: { description: 'ok' } },
      },
      delete: { operationId: 'cancelOrder', responses: { 204: { description: 'gone' } } },
    },
    '/categories': {
      post: {
        operationId: 'addCategory',
        requestBody: {
          required: true,
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Category' } } },
        },
        responses: { 201: { description: 'made' } },
      },
    },
  },
  components: {
    schemas: {
      Category: {
        type: 'object',
        required: ['name'],
        properties: {
          name: { type: 'string' },
          parent: { $ref: '#/components/schemas/Category' },
          children: { type: 'array', items: { $ref: '#/components/schemas/Category' } },
        },
      },
    },
  },
};

/** A small shop over HTTP; `/huge` answers 10 MB, `/hang` never, `/echo` what it was sent, `/openapi.json` its document. */
export async function shop(): Promise<Service> {
  const seen: Service['seen'] = [];
  const answer = (response: ServerResponse, status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  const server = createServer((request, response) => {
    void textOf(request).then((body) => {
      const { pathname: path, search } = new URL(request.url ?? '/', 'http://shop');
      const { authorization } = request.headers;
      seen.push({ method: request.method ?? '', path: path + search, authorization, body });
      if (path === '/hang') return;
      if (path === '/huge') answer(response, 200, { text: 'x'.repeat(10 * 1024 * 1024) });
      else if (path === '/echo') answer(response, 200, { authorization });
      else if (path === '/openapi.json') answer(response, 200, { ...SHOP_DOCUMENT, servers: [{ url: '/' }] });
      else if (path.startsWith('/orders/') && request.method === 'GET')
        answer(response, 200, { number: decodeURIComponent(path.slice(8)), state: 'shipped' });
      else if (path.startsWith('/orders/') && request.method === 'DELETE')
        answer(response, 200, { number: decodeURIComponent(path.slice(8)), state: 'cancelled' });
      else if (path === '/categories') answer(response, 201, JSON.parse(body));
      else answer(response, 404, { problem: 'no such thing' });
    });
  });
  return listening(server, seen);
}

/** Tools of an MCP server: `add`, `huge`, `hang`, and `die`, which ends its process or connection in the middle of the call. */
export function mcpServer(die: () => void): McpServer {
  const server = new McpServer({ name: 'numbers', version: '1.0.0' });
  const text = (words: string) => ({ content: [{ type: 'text' as const, text: words }] });
  server.registerTool(
    'add',
    {
      description: 'Adds two numbers',
      inputSchema: z.object({ a: z.number(), b: z.number() }),
      annotations: { readOnlyHint: true },
    },
    async ({ a, b }) => text(String(a + b)),
  );
  server.registerTool('huge', { description: 'Ten megabytes' }, async () => text('x'.repeat(10 * 1024 * 1024)));
  server.registerTool('fail', { description: 'Fails' }, async () => ({ ...text('no luck'), isError: true }));
  server.registerTool(
    'die',
    { description: 'Dies', annotations: { destructiveHint: true } },
    () =>
      new Promise(() => {
        die();
      }),
  );
  return server;
}

/** An MCP server over streamable HTTP, with sessions. */
export async function mcpOverHttp(): Promise<Service & { loseSessions: () => void }> {
  const seen: Service['seen'] = [];
  const sessions = new Map<string, NodeStreamableHTTPServerTransport>();
  const server = createServer((request, response) => {
    void textOf(request).then(async (body) => {
      const { authorization } = request.headers;
      seen.push({ method: request.method ?? '', path: request.url ?? '', authorization, body });
      const id = request.headers['mcp-session-id'];
      let transport = typeof id === 'string' ? sessions.get(id) : undefined;
      if (!transport && id !== undefined) {
        response.writeHead(404).end('Session not found');
        return;
      }
      if (!transport) {
        const opened = new NodeStreamableHTTPServerTransport({
          sessionIdGenerator: () => crypto.randomUUID(),
          onsessioninitialized: (session) => void sessions.set(session, opened),
        });
        await mcpServer(() => server.closeAllConnections()).connect(opened);
        transport = opened;
      }
      await transport.handleRequest(request, response, body === '' ? undefined : (JSON.parse(body) as unknown));
    });
  });
  return { ...(await listening(server, seen)), loseSessions: () => sessions.clear() };
}
