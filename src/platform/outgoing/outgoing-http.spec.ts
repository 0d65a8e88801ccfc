import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseSettings } from '../config/load-settings.js';
import { refusalOf } from './guarded-lookup.js';
import { OutgoingHttp } from './outgoing-http.js';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let handler: Handler;
let seen: { url: string; method: string; headers: IncomingMessage['headers'] }[];
let base: string;
const opened: OutgoingHttp[] = [];

function outgoing(allow: boolean): OutgoingHttp {
  const http = new OutgoingHttp(parseSettings({ ENVIRONMENT: 'test', NEXUS_ALLOW_PRIVATE_ADDRESSES: String(allow) }));
  opened.push(http);
  return http;
}

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push({ url: request.url ?? '', method: request.method ?? '', headers: request.headers });
    handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

beforeEach(() => {
  seen = [];
  handler = (_, response) => response.end('hello');
});

afterAll(async () => {
  await Promise.all(opened.map((http) => http.onApplicationShutdown()));
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const bounds = { timeout_ms: 2_000, max_bytes: 1_000 };

describe('addresses', () => {
  it.each([
    ['8.8.8.8', undefined],
    ['2001:4860:4860::8888', undefined],
    ['127.0.0.1', 'is a private, loopback, link-local or reserved address'],
    ['10.1.2.3', 'is a private, loopback, link-local or reserved address'],
    ['::1', 'is a private, loopback, link-local or reserved address'],
    ['::ffff:10.0.0.1', 'is a private, loopback, link-local or reserved address'],
    ['100.64.0.1', 'is a private, loopback, link-local or reserved address'],
    ['0.0.0.0', 'is a private, loopback, link-local or reserved address'],
    ['64:ff9b::7f00:1', 'is a tunnel address, which may hide a private one'],
    ['169.254.169.254', 'is a cloud metadata address, which is never called'],
  ])('%s %s', (address, refusal) => {
    expect(refusalOf(address, false)).toBe(refusal);
  });

  it('of metadata services are refused even where private ones are allowed', () => {
    expect(refusalOf('192.168.1.1', true)).toBeUndefined();
    expect(refusalOf('169.254.169.254', true)).toBe('is a cloud metadata address, which is never called');
    expect(refusalOf('::ffff:169.254.169.254', true)).toBe('is a cloud metadata address, which is never called');
    expect(refusalOf('fd00:ec2::254', true)).toBe('is a cloud metadata address, which is never called');
  });
});

describe("the platform's own addresses", () => {
  const open = (own: Record<string, string>): OutgoingHttp => {
    const settings = { ENVIRONMENT: 'test', NEXUS_ALLOW_PRIVATE_ADDRESSES: 'true', ...own };
    const http = new OutgoingHttp(parseSettings(settings));
    opened.push(http);
    return http;
  };
  const port = (): string => new URL(base).port;
  const refused = { details: { fields: { url: [expect.stringContaining('the platform itself') as unknown] } } };
  const as = (host: string) => `http://${host}:${port()}/`;

  it.each([
    ['API_PORT', () => port()],
    ['DYNAMODB_ENDPOINT', () => as('localhost')],
    ['DYNAMODB_ENDPOINT', () => as('127.0.0.1')],
    ['REDIS_URL', () => `redis://:word@localhost:${port()}`],
    ['SMTP_URL', () => `smtp://localhost:${port()}`],
  ])('%s are never called, whatever they are called', async (name, value) => {
    const http = open({ [name]: value() });
    for (const host of ['127.0.0.1', 'localhost', '0.0.0.0', '127.1', '0x7f.0.0.1', '[::1]', '[::ffff:127.0.0.1]'])
      await expect(http.request({ url: as(host), ...bounds })).rejects.toMatchObject(refused);
    await expect(http.guardedFetch()(as('localhost'))).rejects.toMatchObject(refused);
    await expect(http.checkResolved(as('127.0.0.1'))).rejects.toMatchObject(refused);
    expect(seen).toEqual([]);
  });

  it('are not reached through a redirect', async () => {
    const other = createServer((_, response) => response.writeHead(302, { location: as('localhost') }).end());
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const start = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`;
    await expect(open({ API_PORT: port() }).request({ url: start, ...bounds })).rejects.toMatchObject(refused);
    other.closeAllConnections();
    other.close();
    expect(seen).toEqual([]);
  });

  it('leave other ports of this machine alone', async () => {
    const http = open({ API_PORT: '1', DYNAMODB_ENDPOINT: 'http://localhost:2', REDIS_URL: 'redis://localhost' });
    expect((await http.request({ url: as('localhost'), ...bounds })).status).toBe(200);
  });
});

describe('a guarded call', () => {
  it('answers status, headers and body', async () => {
    handler = (_, response) => response.writeHead(201, { 'x-answer': '42' }).end('made');
    const answer = await outgoing(true).request({ url: `${base}/a`, method: 'POST', body: 'b', ...bounds });
    expect({ status: answer.status, header: answer.headers['x-answer'], text: answer.text() }).toEqual({
      status: 201,
      header: '42',
      text: 'made',
    });
  });

  it.each([
    ['a literal private address', () => base],
    ['a name that resolves to one', () => base.replace('127.0.0.1', 'localhost')],
    ['another notation of one', () => base.replace('127.0.0.1', '0x7f.1')],
    ['an IPv6 literal', () => 'http://[::1]:1/'],
  ])('refuses %s and sends nothing', async (_, url) => {
    await expect(outgoing(false).request({ url: url(), ...bounds })).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
      details: { fields: { url: ['is a private, loopback, link-local or reserved address'] } },
    });
    expect(seen).toEqual([]);
  });

  it.each([
    ['file:///etc/passwd', 'must be http or https'],
    ['http://user:word@example.com', 'must not carry a user name or password'],
    ['not an address', 'is not a valid address'],
  ])('refuses %s', async (url, reason) => {
    await expect(outgoing(true).request({ url, ...bounds })).rejects.toThrow(reason);
  });

  it('checks every redirect again and leaves credentials behind at another origin', async () => {
    handler = (request, response) =>
      request.url === '/start'
        ? response.writeHead(302, { location: base.replace('127.0.0.1', 'localhost') + '/end' }).end()
        : response.end('end');
    const headers = { authorization: 'Bearer secret', 'x-token': 'secret', accept: 'text/plain' };
    const answer = await outgoing(true).request({ url: `${base}/start`, headers, ...bounds });
    expect(answer.text()).toBe('end');
    expect(seen[1]?.headers).toMatchObject({ accept: 'text/plain' });
    expect(seen[1]?.headers).not.toHaveProperty('authorization');
    expect(seen[1]?.headers).not.toHaveProperty('x-token');

    handler = (_, response) => response.writeHead(302, { location: 'http://169.254.169.254/latest' }).end();
    await expect(outgoing(true).request({ url: base, ...bounds })).rejects.toThrow('metadata');
    await expect(outgoing(true).request({ url: base, allowed_hosts: ['example.com'], ...bounds })).rejects.toThrow(
      'is not one of: example.com',
    );
  });

  it.each([
    ['redirects', (_: IncomingMessage, response: ServerResponse) => response.writeHead(307, { location: '/' }).end()],
    ['timeout', () => undefined],
    ['too_large', (_: IncomingMessage, response: ServerResponse) => response.end('x'.repeat(1_001))],
    ['unreachable', (request: IncomingMessage) => request.socket.destroy()],
  ])('fails with reason %s', async (reason, misbehave) => {
    handler = misbehave;
    await expect(outgoing(true).request({ url: base, ...bounds, timeout_ms: 300 })).rejects.toMatchObject({ reason });
  });

  it('stops reading an endless answer at its bound', async () => {
    handler = (_, response) => {
      const more = (): void => {
        while (response.write('x'.repeat(10_000)));
        response.once('drain', more);
      };
      more();
    };
    await expect(outgoing(true).request({ url: base, ...bounds })).rejects.toMatchObject({ reason: 'too_large' });
    const answer = await outgoing(true).guardedFetch({ max_bytes: 5_000 })(base);
    await expect(answer.text()).rejects.toMatchObject({ reason: 'too_large' });
  });
});
