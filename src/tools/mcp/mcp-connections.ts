import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Settings } from '../../platform/config/settings.js';
import { OutgoingHttp } from '../../platform/outgoing/outgoing-http.js';
import { ValidationError } from '../../shared/domain-error.js';
import type { Credential, McpToolConfig } from '../attached/tool-config.js';
import { McpConnection } from './mcp-connection.js';

const OPEN_MAX = 20;
const IDLE_MS = 60_000;

/** Open connections to MCP servers, one per tool, used again and closed after a minute without use; the longest unused goes first. */
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
   * @param key the tool; its configuration never changes.
   * @throws ValidationError for a program while NEXUS_ALLOW_STDIO_TOOLS is off, also for a tool that was attached before
   */
  async get(key: string, transport: McpToolConfig['transport'], credential?: Credential): Promise<McpConnection> {
    if (transport.type === 'stdio' && !this.settings.get('NEXUS_ALLOW_STDIO_TOOLS'))
      throw ValidationError.field('config.transport.type', '"stdio" is off here (setting NEXUS_ALLOW_STDIO_TOOLS)');
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
