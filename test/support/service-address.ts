import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

const PROBE_EVERY_MS = 500;
const PROBE_TIMEOUT_MS = 1_000;
/** Failed probes in a row after which an endpoint gets no new connections, as in `deploy/k8s`: on a busy machine one may come late. */
const FAILURE_THRESHOLD = 2;
const LOOPBACK = '127.0.0.1';

interface Endpoint {
  url: URL;
  is_ready: boolean;
  /** Failed probes since the last good one. */
  failures: number;
  /** Connections that went there. */
  connections: number;
}

/**
 * One address before several processes, as a Service of Kubernetes is: new connections go round the endpoints whose readiness
 * probe answers 200; connections that are open stay where they are, also when their endpoint is no longer ready.
 */
export class ServiceAddress {
  private readonly endpoints: Endpoint[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly probing: NodeJS.Timeout;
  private turn = 0;

  private constructor(private readonly server: Server) {
    server.on('connection', (client) => this.connect(client));
    this.probing = setInterval(() => void this.probe(), PROBE_EVERY_MS);
  }

  static async open(): Promise<ServiceAddress> {
    const server = createServer().listen(0, LOOPBACK);
    await once(server, 'listening');
    return new ServiceAddress(server);
  }

  get url(): string {
    return `http://${LOOPBACK}:${(this.server.address() as AddressInfo).port}`;
  }

  add(url: string): void {
    this.endpoints.push({ url: new URL(url), is_ready: false, failures: 0, connections: 0 });
  }

  connectionsTo(url: string): number {
    return this.endpoints.find((endpoint) => endpoint.url.href === new URL(url).href)?.connections ?? 0;
  }

  isReady(url: string): boolean {
    return this.endpoints.some((endpoint) => endpoint.url.href === new URL(url).href && endpoint.is_ready);
  }

  async close(): Promise<void> {
    clearInterval(this.probing);
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private connect(client: Socket): void {
    const ready = this.endpoints.filter(({ is_ready }) => is_ready);
    const endpoint = ready[this.turn++ % Math.max(1, ready.length)];
    if (!endpoint) return void client.destroy();
    endpoint.connections += 1;
    const upstream = connect(Number(endpoint.url.port), endpoint.url.hostname);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.sockets.add(from);
      from.on('error', () => to.destroy());
      from.once('close', () => this.sockets.delete(from));
      from.pipe(to);
    }
  }

  private async probe(): Promise<void> {
    await Promise.all(
      this.endpoints.map(async (endpoint) => {
        const isGood = await isReady(endpoint.url);
        endpoint.failures = isGood ? 0 : endpoint.failures + 1;
        if (isGood || endpoint.failures >= FAILURE_THRESHOLD) endpoint.is_ready = isGood;
      }),
    );
  }
}

/** Without keeping the connection, as the kubelet asks. */
async function isReady(url: URL): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
    return (await fetch(new URL('/health/ready', url), { signal, headers: { connection: 'close' } })).status === 200;
  } catch {
    return false;
  }
}
