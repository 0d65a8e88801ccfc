import { Injectable, type NestMiddleware } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { Ids } from '../../shared/ids.js';
import { RequestContext } from './request-context.js';

/** Ids from outside end up in logs and headers, so only harmless ones are taken over. */
const ACCEPTABLE_REQUEST_ID = /^[A-Za-z0-9_.:-]{8,100}$/;

/** Gives each request its id (the caller's `X-Request-Id` if it is well formed) and answers it in the same header. */
@Injectable()
export class RequestContextMiddleware implements NestMiddleware {
  constructor(
    private readonly context: RequestContext,
    private readonly ids: Ids,
  ) {}

  use = (request: Request, response: Response, next: NextFunction): void => {
    const offered = request.header('x-request-id');
    const request_id = offered && ACCEPTABLE_REQUEST_ID.test(offered) ? offered : this.ids.next('req');
    response.setHeader('X-Request-Id', request_id);
    const client = () => ({ address: request.ip ?? 'unknown', user_agent: request.header('user-agent') });
    this.context.run({ request_id, client }, () => {
      next();
    });
  };
}
