import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedSpan {
  name: string;
  kind: number;
  trace_id: string;
  span_id: string;
  parent_id: string | undefined;
  /** 0 unset, 1 ok, 2 error. */
  status: number;
  attributes: Record<string, unknown>;
}

interface AnyValue {
  stringValue?: string;
  intValue?: number | string;
  doubleValue?: number;
  boolValue?: boolean;
  arrayValue?: { values: AnyValue[] };
}

interface WireSpan {
  name: string;
  kind: number;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  status?: { code?: number };
  attributes: { key: string; value: AnyValue }[];
}

interface TraceExport {
  resourceSpans: {
    resource: { attributes: { key: string; value: AnyValue }[] };
    scopeSpans: { spans: WireSpan[] }[];
  }[];
}

/** A receiver of OTLP over HTTP, as a collector has one; keeps what it is sent. Speaks JSON, as the platform's exporter does. */
export class OtlpReceiver {
  readonly spans: ReceivedSpan[] = [];
  readonly services = new Set<unknown>();
  readonly paths = new Set<string>();

  private constructor(private readonly server: ReturnType<typeof createServer>) {}

  static async start(): Promise<OtlpReceiver> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        receiver.paths.add(`${request.method ?? ''} ${request.url ?? ''} ${request.headers['content-type'] ?? ''}`);
        receiver.take(JSON.parse(Buffer.concat(chunks).toString('utf8')) as TraceExport);
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
    const receiver = new OtlpReceiver(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return receiver;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  ofTrace(trace_id: string): ReceivedSpan[] {
    return this.spans.filter((span) => span.trace_id === trace_id);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private take({ resourceSpans }: TraceExport): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      this.services.add(plain(resource.attributes)['service.name']);
      for (const { spans } of scopeSpans) this.spans.push(...spans.map(received));
    }
  }
}

function received(span: WireSpan): ReceivedSpan {
  const { name, kind, traceId, spanId, parentSpanId, status, attributes } = span;
  return {
    name,
    kind,
    trace_id: traceId,
    span_id: spanId,
    parent_id: parentSpanId === '' ? undefined : parentSpanId,
    status: status?.code ?? 0,
    attributes: plain(attributes),
  };
}

function plain(attributes: { key: string; value: AnyValue }[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, valueOf(value)]));
}

function valueOf({ stringValue, intValue, doubleValue, boolValue, arrayValue }: AnyValue): unknown {
  if (arrayValue) return arrayValue.values.map(valueOf);
  return stringValue ?? (intValue === undefined ? undefined : Number(intValue)) ?? doubleValue ?? boolValue;
}
