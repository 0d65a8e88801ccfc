import { Injectable, Logger } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
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
import { Settings } from '../config/settings.js';
import { RequestContext, type RequestFacts, type WaitedFor } from './request-context.js';
import { pinoLevel } from './logging/root-logger.js';
import { Tracing } from './tracing/tracing.js';
import { Metrics } from './metrics.js';

/** From a fast response to the longest stream that a person waits for, in seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Number and duration of requests. The route is a template, never a path, so that series stay bounded. */
@Injectable()
export class HttpMetrics {
  private readonly requests;
  private readonly durations;
  private readonly open;

  constructor(metrics: Metrics) {
    const labels = ['method', 'route', 'status'] as const;
    this.requests = metrics.counter(
      'http_requests_total',
      'Requests answered, by method, route template and status.',
      labels,
    );
    this.durations = metrics.histogram(
      'http_request_duration_seconds',
      'Time from request to end of response, in seconds.',
      labels,
      BUCKETS,
    );
    this.open = metrics.live('http_requests_in_flight', 'Requests in progress, including streams.');
  }

  began(): void {
    this.open.inc();
  }

  ended(method: string, route: string, status: number, seconds: number): void {
    const labels = { method, route, status: String(status) };
    this.open.dec();
    this.requests.inc(labels);
    this.durations.observe(labels, seconds);
  }
}

const SEVERITY = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
const NEST_METHOD = { trace: 'verbose', debug: 'debug', info: 'log' } as const;
/** W3C trace context: version, trace id, parent id, flags. */
const TRACEPARENT = /^[\da-f]{2}-(?!0{32})([\da-f]{32})-[\da-f]{16}-[\da-f]{2}/;

/**
 * Sees every request from its head to the end of its answer, also those that no route takes: counts and times it, gives it
 * its span, writes its one line into the log. No body, no path and no address of a person gets into any of them.
 */
@Injectable()
export class RequestObserver {
  private readonly logger = new Logger('Access');
  private readonly isTimed: boolean;
  private readonly write: ((line: object) => void) | undefined;

  constructor(
    private readonly metrics: HttpMetrics,
    private readonly tracing: Tracing,
    private readonly context: RequestContext,
    settings: Settings,
  ) {
    this.isTimed = settings.get('SERVER_TIMING');
    this.write = this.writer(settings);
  }

  /** Express middleware, to stand right after the one that gives the request its id. */
  readonly observe = (request: Request, response: Response, next: NextFunction): void => {
    const startedAt = performance.now();
    const facts = this.context.current();
    const span = RequestSpan.begin(this.tracing, request);
    const trace_id = span?.trace_id ?? callersTrace(request);
    if (facts && trace_id !== undefined) facts.trace_id = trace_id;
    if (facts && this.isTimed) timeToCaller(facts, response, startedAt);
    this.metrics.began();
    response.once('close', () => {
      const route = routeOf(request);
      const duration_ms = performance.now() - startedAt;
      this.metrics.ended(request.method, route, response.statusCode, duration_ms / 1000);
      span?.end(request.method, route, response.statusCode);
      this.write?.(accessLine(request, response, { ...facts }, route, duration_ms));
    });
    if (span) span.run(next);
    else next();
  };

  /** Undefined if the log's level would drop the line. */
  private writer(settings: Settings): ((line: object) => void) | undefined {
    const level = settings.get('LOG_ACCESS_LEVEL');
    if (level === 'silent' || SEVERITY.indexOf(level) < SEVERITY.indexOf(pinoLevel(settings))) return undefined;
    const method = NEST_METHOD[level];
    return (line) => {
      this.logger[method](line);
    };
  }
}

/**
 * Tells authenticated callers in the header `Server-Timing` what their answer waited for until its head was sent. Others get none:
 * how long the database takes for them would tell which accounts exist.
 */
function timeToCaller(facts: RequestFacts, response: Response, startedAt: number): void {
  const waits = new Map<WaitedFor, { ms: number; calls: number }>();
  facts.spent = (on, ms) => {
    const { ms: before, calls } = waits.get(on) ?? { ms: 0, calls: 0 };
    waits.set(on, { ms: before + ms, calls: calls + 1 });
  };
  const writeHead = response.writeHead.bind(response) as (...head: unknown[]) => Response;
  response.writeHead = ((...head: unknown[]) => {
    if (facts.user_id !== undefined && !response.headersSent) {
      const parts = [...waits].map(
        ([on, { ms, calls }]) => `${on};dur=${ms.toFixed(1)};desc="${calls} ${calls === 1 ? 'call' : 'calls'}"`,
      );
      const total = `total;dur=${(performance.now() - startedAt).toFixed(1)}`;
      response.setHeader('Server-Timing', [total, ...parts].join(', '));
    }
    return writeHead(...head);
  }) as Response['writeHead'];
}

/** The template of the route that took the request; one value for all that none did. */
function routeOf(request: Request): string {
  const path = (request as { route?: { path?: unknown } }).route?.path;
  return typeof path === 'string' ? path : 'unmatched';
}

/** Without spans of its own the platform still names the caller's trace, so that both logs can be correlated. */
function callersTrace(request: Request): string | undefined {
  const header = request.headers['traceparent'];
  return typeof header === 'string' ? TRACEPARENT.exec(header)?.[1] : undefined;
}

function accessLine(
  request: Request,
  response: Response,
  facts: Partial<RequestFacts>,
  route: string,
  duration_ms: number,
): object {
  return {
    msg: response.writableFinished ? 'request' : 'request aborted by the caller',
    ...facts,
    method: request.method,
    route,
    status: response.statusCode,
    duration_ms: Math.round(duration_ms * 100) / 100,
  };
}

/** Probes and scrapes are not traced. */
const PROBES = /^\/health(\/|$)/;
const SERVER_FAULT = 500;

/** The span of one request: the server side of the caller's trace, if the caller has one (W3C `traceparent`). */
class RequestSpan {
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
