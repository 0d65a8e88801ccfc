import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Response } from 'express';
import { map, type Observable } from 'rxjs';
import { Clock } from '../../shared/clock.js';
import { RequestContext } from '../observability/request-context.js';

const BARE_ANSWER = 'nexus:bare';

/** The route answers its body without the success envelope. */
export const Bare = () => SetMetadata(BARE_ANSWER, true);

/** Wraps what a controller returns in `{success, data, timestamp, request_id}`, unless it has streamed its answer itself. */
@Injectable()
export class EnvelopeInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly context: RequestContext,
    private readonly clock: Clock,
  ) {}

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const isBare = this.reflector.getAllAndOverride<boolean | undefined>(BARE_ANSWER, [
      execution.getHandler(),
      execution.getClass(),
    ]);
    if (isBare) return next.handle();
    const response = execution.switchToHttp().getResponse<Response>();
    return next.handle().pipe(map((data: unknown) => (response.headersSent ? data : this.envelope(data))));
  }

  private envelope(data: unknown) {
    const request_id = this.context.current()?.request_id;
    return { success: true, data: data ?? null, timestamp: this.clock.timestamp(), request_id };
  }
}
