import { Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR } from '@nestjs/core';
import { EnvelopeInterceptor } from './envelope.interceptor.js';
import { ErrorFilter } from './error.filter.js';
import { IdempotencyInterceptor } from './idempotency/idempotency.interceptor.js';
import { IdempotencyRepository } from './idempotency/idempotency.repository.js';
import { MethodCheck } from './method-not-allowed.js';
import { RequestContext } from './request-context.js';

/** Envelope, error filter, idempotency keys and request context for every route. */
@Global()
@Module({
  providers: [
    RequestContext,
    IdempotencyRepository,
    MethodCheck,
    ErrorFilter,
    { provide: APP_FILTER, useExisting: ErrorFilter },
    { provide: APP_INTERCEPTOR, useClass: EnvelopeInterceptor },
    { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
  ],
  exports: [RequestContext, ErrorFilter],
})
export class HttpModule {}
