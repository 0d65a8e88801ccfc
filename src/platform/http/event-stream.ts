import { once } from 'node:events';
import { applyDecorators, type CallHandler, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiQuery } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import type { Observable } from 'rxjs';
import {
  type DomainError,
  PermissionDeniedError,
  RateLimitedError,
  UnauthenticatedError,
  ValidationError,
} from '../../shared/domain-error.js';
import { Settings } from '../config/settings.js';
import { RequestContext } from '../observability/request-context.js';
import type { RouteStep } from './envelope.interceptor.js';
import { toErrorAnswer } from './to-error-answer.js';

/** Aborted when the caller disconnects before the response was sent. */
export function callerSignal(response: Response): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new Error('The caller disconnected'));
  });
  return controller.signal;
}

/** Whether the caller asks for Server-Sent Events. */
export function wantsEventStream(request: Request): boolean {
  return request.accepts(['application/json', 'text/event-stream']) === 'text/event-stream';
}

declare module 'express' {
  interface Request {
    /** Resolves while the caller may still use the route. @throws UnauthenticatedError, PermissionDeniedError, DatabaseError */
    recheck?: () => Promise<void>;
  }
}

export const STREAMS_EVENTS = 'nexus:streams-events';
const RETRY_SECONDS = 5;

/** `{ field }`: to those whose body or query sets it. */
export type Streaming = 'everyone' | 'acceptors' | 'browsers' | { field: string };

/** Every GET route takes it that streams events to its caller. */
export const ApiTicket = () =>
  ApiQuery({
    name: 'ticket',
    required: false,
    type: String,
    description: 'A ticket from POST /api/v1/stream-tickets, for an EventSource, which cannot send headers.',
  });

/**
 * The route answers Server-Sent Events: to those whose `Accept` asks for them, or to every caller. `browsers`: to every caller, and
 * an `EventSource`, which cannot send headers, may open it with `?ticket=` and, if the stream is resumable, `?last_event_id=`.
 */
export const StreamsEvents = (to: Streaming, { resumable = true } = {}) =>
  applyDecorators(
    SetMetadata(STREAMS_EVENTS, to),
    ...(to === 'browsers' ? [ApiTicket()] : []),
    ...(to === 'browsers' && resumable
      ? [
          ApiQuery({
            name: 'last_event_id',
            required: false,
            type: String,
            description: 'Same as the header Last-Event-ID, which takes precedence.',
          }),
        ]
      : []),
  );

/**
 * Limits the streams that one principal holds open in this process (`EVENT_STREAMS_PER_PRINCIPAL`). Refuses one more before
 * its run starts, so that nothing is spent on it.
 */
@Injectable()
export class EventStreamLimit implements RouteStep {
  private readonly open = new Map<string, number>();
  private readonly limit: number;

  constructor(
    settings: Settings,
    private readonly reflector: Reflector,
    private readonly context: RequestContext,
  ) {
    this.limit = settings.get('EVENT_STREAMS_PER_PRINCIPAL');
  }

  concerns(route: ExecutionContext): boolean {
    return this.reflector.get<Streaming | undefined>(STREAMS_EVENTS, route.getHandler()) !== undefined;
  }

  /** @throws RateLimitedError */
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const to = this.reflector.get<Streaming | undefined>(STREAMS_EVENTS, execution.getHandler());
    if (to === undefined) return next.handle();
    const http = execution.switchToHttp();
    const request = http.getRequest<Request>();
    if (to === 'browsers') positionFromQuery(request);
    if (isAsked(to, request)) this.count(http.getResponse<Response>());
    return next.handle();
  }

  private count(response: Response): void {
    const { org_id = '', user_id = '' } = this.context.current() ?? {};
    const principal = `${org_id}:${user_id}`;
    const open = this.open.get(principal) ?? 0;
    if (open >= this.limit)
      throw new RateLimitedError(`More than ${this.limit} event streams are open`, RETRY_SECONDS, {
        details: { limit: this.limit, open },
        suggestion: 'Close a stream that is no longer read, or poll the resource instead.',
      });
    this.open.set(principal, open + 1);
    response.once('close', () => this.release(principal));
  }

  private release(principal: string): void {
    const left = (this.open.get(principal) ?? 1) - 1;
    if (left > 0) this.open.set(principal, left);
    else this.open.delete(principal);
  }
}

const EVENT_NUMBER = /^\d{1,9}$/;

/** The number in `Last-Event-ID`; 0 without the header. @throws ValidationError for anything but an event number */
export function lastEventNumber(header: string | undefined): number {
  if (header && !EVENT_NUMBER.test(header))
    throw ValidationError.field('Last-Event-ID', 'must be the number of an event');
  return Number(header || 0);
}

function positionFromQuery({ headers, query }: Request): void {
  const { last_event_id } = query;
  if (typeof last_event_id === 'string') headers['last-event-id'] ??= last_event_id;
}

function isAsked(to: Streaming, request: Request): boolean {
  if (typeof to !== 'object') return to !== 'acceptors' || wantsEventStream(request);
  const body = request.body as Record<string, unknown> | undefined;
  return body?.[to.field] === true || request.query[to.field] === 'true';
}

/** Whether an `EventSource` asks for the events of the route: it may do so with `?ticket=`. */
export function takesTicket(to: Streaming | undefined, request: Request): boolean {
  return to !== undefined && request.method === 'GET' && isAsked(to, request);
}

export interface StreamEvent {
  /** Position in the stream; a client that reconnects sends the last one as `Last-Event-ID`. */
  id?: string;
  event?: string;
  data: unknown;
}

/** An event whose data is sent as it is instead of as JSON. */
export class RawData {
  constructor(readonly text: string) {}
}

/** Why a stream ends early. Without a status the caller has lost access. */
export type StreamFailure = Pick<DomainError, 'code' | 'message' | 'details' | 'suggestion'> & { status?: number };

const HEARTBEAT_MS = 15_000;
/** With the 4 seconds that a sign-in may be cached, a stream ends within 5 seconds of its caller's sign-in. */
const RECHECK_MS = 1_000;

/**
 * Writes Server-Sent Events until the source ends or the client goes away. Obeys back-pressure: the source is not asked for
 * more while the socket is full. A comment every 15 s keeps proxies from closing an idle stream. When the client goes
 * away the source's `return()` runs, so that it can stop its work. The same happens, after an `error` event, when the caller's
 * sign-in, key or role ends. The expiry of the access token alone does not end a stream.
 * @param failure for protocols whose clients cannot resume: the last event when the caller loses access or the source fails. Without it, a
 * source that fails ends the stream without an event, and a client that reconnects goes on after the last one.
 */
export async function sendEventStream(
  response: Response,
  events: AsyncIterable<StreamEvent>,
  failure?: (error: StreamFailure) => StreamEvent,
): Promise<void> {
  response.status(200).set({
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-cache, no-transform',
    'X-Accel-Buffering': 'no',
  });
  response.flushHeaders();
  let end: (() => void) | undefined;
  const ended = new Promise<'closed'>((resolve) => (end = () => resolve('closed')));
  const recheck = setInterval(
    () => void stillAllowed(response, failure ?? refusalEvent).then((isAllowed) => isAllowed || end?.()),
    RECHECK_MS,
  );
  const heartbeat = setInterval(() => response.write(': heartbeat\n\n'), HEARTBEAT_MS);
  const iterator = events[Symbol.asyncIterator]();
  const gone = response.closed ? Promise.resolve() : once(response, 'close');
  const closed = Promise.race([gone.then(() => 'closed' as const), ended]);
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), closed]);
      if (next === 'closed' || next.done) break;
      const hasRoom = response.write(format(next.value));
      if (!hasRoom) await Promise.race([once(response, 'drain'), closed]);
    }
  } catch (error) {
    if (failure && !response.writableEnded) response.write(format(failure(toErrorAnswer(error))));
    throw error;
  } finally {
    clearInterval(heartbeat);
    clearInterval(recheck);
    response.end();
    await iterator.return?.();
  }
}

/** Reports to the client why the stream ends. If the database does not answer, the stream continues until the next check. */
async function stillAllowed(response: Response, refusal: (error: StreamFailure) => StreamEvent): Promise<boolean> {
  try {
    await (response.req as Request).recheck?.();
    return true;
  } catch (error) {
    if (!(error instanceof UnauthenticatedError) && !(error instanceof PermissionDeniedError)) return true;
    if (!response.writableEnded) response.write(format(refusal(error)));
    return false;
  }
}

function refusalEvent({ code, message, details, suggestion = 'Sign in again.' }: StreamFailure): StreamEvent {
  return { event: 'error', data: { code, message, details, suggestion } };
}

function format({ id, event, data }: StreamEvent): string {
  const head = `${id === undefined ? '' : `id: ${id}\n`}${event === undefined ? '' : `event: ${event}\n`}`;
  return `${head}data: ${data instanceof RawData ? data.text : JSON.stringify(data)}\n\n`;
}
