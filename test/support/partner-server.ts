import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type PartnerManner = 'well' | 'badly' | 'hangs' | 'endless';

/** A partner with an address: answers well, with 503, never, or without end. */
export class PartnerServer {
  calls = 0;
  manner: PartnerManner = 'well';

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(): Promise<PartnerServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const partner = new PartnerServer(server, `http://127.0.0.1:${port}/health`);
    server.on('request', (_: IncomingMessage, response: ServerResponse) => partner.answer(response));
    return partner;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(response: ServerResponse): void {
    this.calls += 1;
    if (this.manner === 'hangs') return;
    response.writeHead(this.manner === 'badly' ? 503 : 200, { 'content-type': 'text/plain' });
    if (this.manner !== 'endless') {
      response.end('as always');
      return;
    }
    const more = (): void => {
      while (response.writable && response.write(Buffer.alloc(65_536))) continue;
    };
    response.on('drain', more);
    more();
  }
}
