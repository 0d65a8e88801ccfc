import {
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { Request } from 'express';
import type { Tracing } from './tracing.js';

/** What machines ask every few seconds is not worth a trace. */
const PROBES = /^\/health(\/|$)/;
const SERVER_FAULT = 500;

/** The span of one request: the server side of the caller's trace, if the caller has one (W3C `traceparent`). */
export class RequestSpan {
  private constructor(
    private readonly span: Span,
    private readonly within: Context,
  ) {}

  /** Undefined for probes, and where traces are off. */
  static begin(tracing: Tracing, request: Request): RequestSpan | undefined {
    if (!tracing.isOn || PROBES.test(request.path)) return undefined;
    const caller = propagation.extract(ROOT_CONTEXT, request.headers);
    const attributes = { 'http.request.method': request.method, 'url.scheme': request.protocol };
    const span = tracing.begin(request.method, { kind: SpanKind.SERVER, attributes }, caller);
    return new RequestSpan(span, trace.setSpan(caller, span));
  }

  get trace_id(): string {
    return this.span.spanContext().traceId;
  }

  run(next: () => void): void {
    context.with(this.within, next);
  }

  end(method: string, route: string, status: number): void {
    this.span.updateName(`${method} ${route}`);
    this.span.setAttributes({ 'http.route': route, 'http.response.status_code': status });
    if (status >= SERVER_FAULT) this.span.setStatus({ code: SpanStatusCode.ERROR });
    this.span.end();
  }
}
