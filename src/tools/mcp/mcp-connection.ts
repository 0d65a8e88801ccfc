import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { jsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/types.js';
import type { OutgoingHttp } from '../../platform/outgoing/outgoing-http.js';
import { OutgoingFailedError } from '../../platform/outgoing/outgoing.errors.js';
import { credentialHeaders } from '../attached/credential-headers.js';
import type { Credential, McpToolConfig } from '../attached/tool-config.js';

/** All answers on one stream together. */
const STREAM_MAX_BYTES = 8 * 1024 * 1024;
const STDIO_MAX_BYTES = 2 * 1024 * 1024;
export const MCP_TIMEOUT_MS = 15_000;

/** Answers go to the model as they are. A schema of the server may hold regular expressions that would stop the process. */
const TRUSTING: jsonSchemaValidator = {
  getValidator: () => (input) => ({ valid: true, data: input as never, errorMessage: undefined }),
};

/** One open connection to an MCP server. Once it fails it is closed and of no further use. */
export class McpConnection {
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
    transport: McpToolConfig['transport'],
    credential: Credential | undefined,
  ): Promise<McpConnection> {
    const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
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

  /** The work's result, or a rejection as soon as the connection has failed. */
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

async function transportOf(
  outgoing: OutgoingHttp,
  transport: McpToolConfig['transport'],
  credential: Credential | undefined,
): Promise<Transport> {
  if (transport.type === 'stdio') {
    const { StdioClientTransport } = await import('@modelcontextprotocol/sdk/client/stdio.js');
    const { command, args } = transport;
    return new StdioClientTransport({ command, args, stderr: 'ignore', maxBufferSize: STDIO_MAX_BYTES });
  }
  const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
  const url = new URL(transport.url);
  return new StreamableHTTPClientTransport(url, {
    fetch: outgoing.guardedFetch({ allowed_hosts: [url.host], max_bytes: STREAM_MAX_BYTES }),
    requestInit: { headers: credentialHeaders(credential) },
    reconnectionOptions: {
      maxRetries: 0,
      initialReconnectionDelay: 1_000,
      maxReconnectionDelay: 1_000,
      reconnectionDelayGrowFactor: 1,
    },
  });
}

/** The library reports a stream that broke off as text only. */
function isFatal(error: Error): boolean {
  return (
    error instanceof OutgoingFailedError || /SSE stream disconnected|Maximum reconnection|buffer/i.test(error.message)
  );
}
