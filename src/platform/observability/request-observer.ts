import { Injectable, Logger } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { Settings } from '../config/settings.js';
import { RequestContext, type RequestFacts } from '../http/request-context.js';
import { HttpMetrics } from './http-metrics.js';
import { pinoLevel } from './logging/root-logger.js';
import { RequestSpan } from './tracing/request-span.js';
import { Tracing } from './tracing/tracing.js';

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
  private readonly write: ((line: object) => void) | undefined;

  constructor(
    private readonly metrics: HttpMetrics,
    private readonly tracing: Tracing,
    private readonly context: RequestContext,
    settings: Settings,
  ) {
    this.write = this.writer(settings);
  }

  /** Express middleware, to stand right after the one that gives the request its id. */
  readonly observe = (request: Request, response: Response, next: NextFunction): void => {
    const startedAt = performance.now();
    const facts = this.context.current();
    const span = RequestSpan.begin(this.tracing, request);
    const trace_id = span?.trace_id ?? callersTrace(request);
    if (facts && trace_id !== undefined) facts.trace_id = trace_id;
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

  /** Undefined where the log's own level would drop the line anyway. */
  private writer(settings: Settings): ((line: object) => void) | undefined {
    const level = settings.get('LOG_ACCESS_LEVEL');
    if (level === 'silent' || SEVERITY.indexOf(level) < SEVERITY.indexOf(pinoLevel(settings))) return undefined;
    const method = NEST_METHOD[level];
    return (line) => {
      this.logger[method](line);
    };
  }
}

/** The template of the route that took the request; one value for all that none did. */
function routeOf(request: Request): string {
  const path = (request as { route?: { path?: unknown } }).route?.path;
  return typeof path === 'string' ? path : 'unmatched';
}

/** Without spans of its own the platform still names the caller's trace, so that both logs can be put side by side. */
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
    msg: response.writableFinished ? 'request' : 'request given up by the caller',
    ...facts,
    method: request.method,
    route,
    status: response.statusCode,
    duration_ms: Math.round(duration_ms * 100) / 100,
  };
}
