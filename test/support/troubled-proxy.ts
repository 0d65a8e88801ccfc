import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export const TROUBLES = ['cut', 'delay', 'reset'] as const;
export type Trouble = (typeof TROUBLES)[number];

const DELAY_MS = 300;

/** A TCP proxy on loopback whose connections can be reset, held up for a while, or slowed down for a while. */
export class TroubledProxy {
  private readonly sockets = new Set<Socket>();
  private trouble: Trouble | undefined;

  private constructor(
    private readonly server: Server,
    private readonly target: number,
  ) {}

  static async start(target: number): Promise<TroubledProxy> {
    const server = createServer();
    const proxy = new TroubledProxy(server, target);
    server.on('connection', (socket) => proxy.join(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** `reset` ends every connection now; `cut` lets no byte through and `delay` each byte late, for so long. */
  async make(trouble: Trouble, for_ms: number): Promise<void> {
    if (trouble === 'reset') for (const socket of this.sockets) socket.resetAndDestroy();
    else {
      this.trouble = trouble;
      await delay(for_ms);
      this.trouble = undefined;
    }
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private join(near: Socket): void {
    const far = connect(this.target, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
      void this.forward(from, to);
    }
  }

  private async forward(from: Socket, to: Socket): Promise<void> {
    try {
      for await (const chunk of from) {
        while (this.trouble === 'cut') await delay(50);
        if (this.trouble === 'delay') await delay(DELAY_MS);
        if (!to.destroyed) to.write(chunk as Buffer);
      }
      to.end();
    } catch {
      // The connection is gone; its other half ends with it.
      to.destroy();
    }
  }
}
