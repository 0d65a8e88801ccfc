import { Global, Module, NotFoundException, type OnApplicationBootstrap } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, HttpAdapterHost } from '@nestjs/core';
import type { Express, NextFunction, Request, Response } from 'express';
import { BodyInterceptor, EnvelopeInterceptor } from './envelope.interceptor.js';
import { ErrorFilter, MethodCheck } from './error.filter.js';
import { EventStreamLimit } from './event-stream.js';
import { IdempotencyInterceptor } from './idempotency/idempotency.interceptor.js';
import { IdempotencyRepository } from './idempotency/idempotency.repository.js';
import { indexRoutes } from './route-index.js';
import { type RouteStep, RouteSteps } from './route-steps.js';
import { RequestContext } from '../observability/request-context.js';

/** Bodies, envelope, error filter, idempotency keys and request context for every route. */
@Global()
@Module({
  providers: [
    RequestContext,
    IdempotencyRepository,
    MethodCheck,
    ErrorFilter,
    { provide: APP_FILTER, useExisting: ErrorFilter },
    BodyInterceptor,
    EventStreamLimit,
    EnvelopeInterceptor,
    IdempotencyInterceptor,
    {
      provide: RouteSteps,
      inject: [BodyInterceptor, EventStreamLimit, EnvelopeInterceptor, IdempotencyInterceptor],
      useFactory: (...steps: RouteStep[]) => new RouteSteps(steps),
    },
    { provide: APP_INTERCEPTOR, useExisting: RouteSteps },
  ],
  exports: [RequestContext, ErrorFilter, RouteSteps],
})
export class HttpModule implements OnApplicationBootstrap {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly errors: ErrorFilter,
  ) {}

  /** After all routes: answers unknown paths in the envelope, also outside the API prefix. */
  onApplicationBootstrap(): void {
    // Commands such as the recount of the statistics run the platform without HTTP.
    const adapter: HttpAdapterHost['httpAdapter'] | null = this.host.httpAdapter;
    if (adapter === null) return;
    const express: Express = adapter.getInstance();
    express.use((request: Request) => {
      throw new NotFoundException(`Cannot ${request.method} ${request.path}`);
    });
    express.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
      this.errors.answer(error, request, response);
    });
    indexRoutes(express);
  }
}
