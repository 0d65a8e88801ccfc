import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Client } from '@modelcontextprotocol/client';
import type { Transport } from '@modelcontextprotocol/client';
import type { jsonSchemaValidator } from '@modelcontextprotocol/client';
import { Settings } from '../../../platform/config/settings.js';
import { OutgoingHttp } from '../../../platform/outgoing/outgoing-http.js';
import { OutgoingFailedError } from '../../../platform/outgoing/outgoing.errors.js';
import { ValidationError } from '../../../shared/domain-error.js';
import { type Credential, withCredential } from '../credentials.js';

/** How a server is reached: over HTTP, or as a program on the platform's machine. */
export type McpTransport =
  { type: 'streamable_http'; url: string } | { type: 'stdio'; command: string; args: string[] };

const OPEN_MAX = 20;
const IDLE_MS = 60_000;
/** All messages of one stream together. */
const STREAM_MAX_BYTES = 8 * 1024 * 1024;
const STDIO_MAX_BYTES = 2 * 1024 * 1024;
export const MCP_TIMEOUT_MS = 15_000;

/** Validates nothing: a server's schema may hold regular expressions that would block the process. */
const TRUSTING: jsonSchemaValidator = {
  getValidator: () => (input) => ({ valid: true, data: input as never, errorMessage: undefined }),
};

/** One open connection to an MCP server. A connection that fails is closed and never reused. */
class McpConnection {
  last_used = performance.now();
  isOpen = true;
  private readonly failures = new Set<(reason: Error) => void>();

  private constructor(private readonly client: Client) {
    client.onclose = () => this.fail(new Error('The server closed the connection'));
    client.onerror = (error) => {
      if (isFatal(error)) this.fail(error);
    };
  }

  static async open(
    outgoing: OutgoingHttp,
    transport: McpTransport,
    credential: Credential | undefined,
  ): Promise<McpConnection> {
    const { Client } = await import('@modelcontextprotocol/client');
    const client = new Client({ name: 'nexus', version: '1.0.0' }, { jsonSchemaValidator: TRUSTING });
    const connection = new McpConnection(client);
    try {
      await connection.during(
        client.connect(await transportOf(outgoing, transport, credential), { timeout: MCP_TIMEOUT_MS }),
      );
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** Resolves with the work's result. Rejects as soon as the connection fails. */
  async use<T>(work: (client: Client) => Promise<T>): Promise<T> {
    this.last_used = performance.now();
    return this.during(work(this.client));
  }

  async close(): Promise<void> {
    this.isOpen = false;
    await this.client.close().catch(() => undefined);
  }

  private during<T>(work: Promise<T>): Promise<T> {
    let failed: (reason: Error) => void = () => undefined;
    const failure = new Promise<never>((_, reject) => (failed = reject));
    this.failures.add(failed);
    work.catch(() => undefined);
    return Promise.race([work, failure]).finally(() => this.failures.delete(failed));
  }

  private fail(reason: Error): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    for (const failed of this.failures) failed(reason);
    void this.client.close().catch(() => undefined);
  }
}

/**
 * Open connections to MCP servers, one per tool, reused and closed after a minute without use. At most 20 are open: the least
 * recently used is closed first.
 */
@Injectable()
export class McpConnections implements OnApplicationShutdown {
  private readonly open = new Map<string, Promise<McpConnection>>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly outgoing: OutgoingHttp,
    private readonly settings: Settings,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all([...this.open.keys()].map((key) => this.close(key)));
  }

  /**
   * @param key the tool's id; a tool's configuration never changes
   * @throws ValidationError for a program while NEXUS_ALLOW_STDIO_TOOLS is off, also for a tool that was attached while it was on
   */
  async get(key: string, transport: McpTransport, credential?: Credential): Promise<McpConnection> {
    if (transport.type === 'stdio' && !this.settings.get('NEXUS_ALLOW_STDIO_TOOLS'))
      throw ValidationError.field(
        'config.transport.type',
        '"stdio" is disabled here (setting NEXUS_ALLOW_STDIO_TOOLS)',
      );
    const known = this.open.get(key);
    if (known) {
      const connection = await known.catch(() => undefined);
      if (connection?.isOpen) {
        if (this.open.delete(key)) this.open.set(key, known);
        return connection;
      }
      if (this.open.get(key) === known) this.open.delete(key);
      else return this.get(key, transport, credential);
    }
    const opening = McpConnection.open(this.outgoing, transport, credential);
    this.open.set(key, opening);
    opening.catch(() => {
      if (this.open.get(key) === opening) this.open.delete(key);
    });
    await this.makeRoom();
    this.closeIdleLater();
    return opening;
  }

  async close(key: string): Promise<void> {
    const connection = this.open.get(key);
    this.open.delete(key);
    await (await connection?.catch(() => undefined))?.close();
  }

  private async makeRoom(): Promise<void> {
    const [oldest] = this.open.keys();
    if (this.open.size > OPEN_MAX && oldest !== undefined) await this.close(oldest);
  }

  private closeIdleLater(): void {
    this.timer ??= setInterval(() => void this.closeIdle(), IDLE_MS / 2);
    this.timer.unref();
  }

  private async closeIdle(): Promise<void> {
    for (const [key, opening] of this.open) {
      const connection = await opening.catch(() => undefined);
      if (connection && performance.now() - connection.last_used > IDLE_MS) await this.close(key);
    }
  }
}

async function transportOf(
  outgoing: OutgoingHttp,
  transport: McpTransport,
  credential: Credential | undefined,
): Promise<Transport> {
  if (transport.type === 'stdio') {
    const { StdioClientTransport } = await import('@modelcontextprotocol/client/stdio');
    const { command, args } = transport;
    return new StdioClientTransport({ command, args, stderr: 'ignore', maxBufferSize: STDIO_MAX_BYTES });
  }
  const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
  const url = new URL(transport.url);
  return new StreamableHTTPClientTransport(url, {
    fetch: presenting(outgoing.guardedFetch({ allowed_hosts: [url.host], max_bytes: STREAM_MAX_BYTES }), credential),
    reconnectionOptions: {
      maxRetries: 0,
      initialReconnectionDelay: 1_000,
      maxReconnectionDelay: 1_000,
      reconnectionDelayGrowFactor: 1,
    },
  });
}

/** Every request carries the credential as it is then: a token may have been renewed since the connection was opened. */
function presenting(fetch: typeof globalThis.fetch, credential: Credential | undefined): typeof globalThis.fetch {
  if (!credential) return fetch;
  return async (input, init = {}) => {
    const url = input instanceof Request ? input.url : String(input);
    const headers = Object.fromEntries(new Headers(init.headers));
    const body = typeof init.body === 'string' ? init.body : undefined;
    const request = await withCredential({ url, method: init.method ?? 'GET', headers, body }, credential);
    return fetch(request.url, { ...init, headers: request.headers });
  };
}

/** The library reports a broken stream only in the message. */
function isFatal(error: Error): boolean {
  return (
    error instanceof OutgoingFailedError || /SSE stream disconnected|Maximum reconnection|buffer/i.test(error.message)
  );
}
