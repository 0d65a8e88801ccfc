import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable, type NestMiddleware } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { Ids } from '../../shared/ids.js';

/** What requests wait for, by the names of the header `Server-Timing`. */
export type WaitedFor = 'db' | 'model';

export interface RequestFacts {
  request_id: string;
  /** W3C trace id, 32 hexadecimal digits: of the caller's trace, or of the one that began here. */
  trace_id?: string;
  /** Where the request came from; computed when asked, undefined once the answer was sent. */
  client?: (() => { address: string; user_agent: string | undefined }) | undefined;
  org_id?: string;
  user_id?: string;
  /** The API key that the request was authenticated with. */
  key_id?: string;
  /** Sets a header of the response, unless its head was sent already. Undefined once the answer was sent. */
  answer_header?: ((name: string, value: string) => void) | undefined;
  /** Adds up what the request waits for; undefined where that is not measured. */
  spent?: ((on: WaitedFor, ms: number) => void) | undefined;
}

const storage = new AsyncLocalStorage<RequestFacts>();

/** Facts about the current request, for responses and log lines, without passing them through every call. */
@Injectable()
export class RequestContext {
  run<T>(facts: RequestFacts, callback: () => T): T {
    return storage.run(facts, callback);
  }

  /** Runs work outside the current request, so that nothing it does is charged to the caller. */
  static outside<T>(callback: () => T): T {
    return storage.exit(callback);
  }

  /** Counts a call that the current request has waited for. Parallel calls each count in full. */
  static spent(on: WaitedFor, ms: number): void {
    storage.getStore()?.spent?.(on, ms);
  }

  /** Undefined outside a request: background work has none. */
  current(): RequestFacts | undefined {
    return storage.getStore();
  }

  setPrincipal(principal: { org_id: string; user_id: string; via?: string; token_id?: string }): void {
    const facts = storage.getStore();
    if (!facts) return;
    facts.org_id = principal.org_id;
    facts.user_id = principal.user_id;
    if (principal.via === 'api_key' && principal.token_id !== undefined) facts.key_id = principal.token_id;
  }
}

/**
 * Sockets and timers that a request touched keep its facts for as long as they live, an idle connection until its next request. The facts
 * of a request whose answer was sent must not keep the request and its response with them.
 */
function forgetRequest(facts: RequestFacts): void {
  facts.client = undefined;
  facts.answer_header = undefined;
  facts.spent = undefined;
}

/** Callers' ids end up in logs and headers, so only harmless ones are accepted. */
const ACCEPTABLE_REQUEST_ID = /^[A-Za-z0-9_.:-]{8,100}$/;

/** Gives each request its id (the caller's `X-Request-Id` if it is well formed) and returns it in the same header. */
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
    const facts: RequestFacts = {
      request_id,
      client: () => ({ address: request.ip ?? 'unknown', user_agent: request.header('user-agent') }),
      answer_header: (name, value) => {
        if (!response.headersSent) response.setHeader(name, value);
      },
    };
    response.once('close', () => {
      if (response.writableFinished) forgetRequest(facts);
    });
    this.context.run(facts, next);
  };
}
