import { type OnApplicationShutdown } from '@nestjs/common';
import {
  type Attributes,
  type Context,
  context,
  type Link,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { Settings } from '../../config/settings.js';

const DEFAULT_ENDPOINT = 'http://localhost:4318';

export interface SpanStart {
  kind?: SpanKind;
  attributes?: Attributes;
  links?: Link[];
}

/** Stops the SDK. */
type Stop = () => Promise<void>;

/**
 * Spans of this process, by the global OpenTelemetry API: the doors of the platform (HTTP, DynamoDB, agent runs, models,
 * tools, outgoing calls) make them by hand. Off unless an OTLP endpoint is set: then nothing of the SDK is loaded, and
 * every door asks `isOn` before it does anything.
 */
export class Tracing implements OnApplicationShutdown {
  readonly tracer = trace.getTracer('nexus');

  private constructor(
    readonly isOn: boolean,
    /** Whether spans may contain what people and models wrote. */
    readonly hasContent: boolean,
    private readonly stop: Stop,
  ) {}

  static off(): Tracing {
    return new Tracing(false, false, async () => undefined);
  }

  static async start(settings: Settings): Promise<Tracing> {
    const endpoint = settings.get('OTEL_EXPORTER_OTLP_ENDPOINT');
    if (!(settings.get('NEXUS_TRACING') ?? endpoint !== undefined)) return Tracing.off();
    const { startSdk } = await import('./start-sdk.js');
    const stop = startSdk(endpoint ?? DEFAULT_ENDPOINT, settings.get('OTEL_SERVICE_NAME'));
    return new Tracing(true, settings.get('NEXUS_TRACE_CONTENT'), stop);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.stop();
  }

  /** A span below the current one, or below `parent`; the caller ends it. */
  begin(name: string, { kind = SpanKind.INTERNAL, ...start }: SpanStart = {}, parent?: Context): Span {
    return this.tracer.startSpan(name, { kind, ...start }, parent ?? context.active());
  }

  /** Runs work in a span of its own: what it awaits has its spans below it. The span ends with it, as failed if it throws. */
  async within<T>(name: string, start: SpanStart, work: (span: Span) => Promise<T>): Promise<T> {
    const span = this.begin(name, start);
    try {
      return await context.with(trace.setSpan(context.active(), span), () => work(span));
    } catch (error) {
      fail(span, error);
      throw error;
    } finally {
      span.end();
    }
  }

  /** Headers that continue this trace at the callee (W3C `traceparent`). Empty without a trace. */
  headers(): Record<string, string> {
    const carrier: Record<string, string> = {};
    if (this.isOn) propagation.inject(context.active(), carrier);
    return carrier;
  }
}

/** Marks a span as failed, with only the kind of the error: its message may contain what a person wrote. */
export function fail(span: Span, error: unknown): void {
  const kind = error instanceof Error ? error.name : 'Error';
  span.setAttribute('error.type', kind);
  span.setStatus({ code: SpanStatusCode.ERROR, message: kind });
}
