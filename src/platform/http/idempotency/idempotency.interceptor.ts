import { createHash } from 'node:crypto';
import { type CallHandler, type ExecutionContext, Injectable, Logger } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { catchError, concatMap, finalize, from, type Observable, of } from 'rxjs';
import { ConflictError, IdempotencyMismatchError, ValidationError } from '../../../shared/domain-error.js';
import { RequestContext } from '../../observability/request-context.js';
import { SECRET_ANSWER } from '../route.decorators.js';
import { isReading, type RouteStep } from '../envelope.interceptor.js';
import {
  IdempotencyRepository,
  type KeptAnswer,
  RENEWED_EVERY_MS,
  type RememberedAnswer,
} from './idempotency.repository.js';

const HEADER = 'Idempotency-Key';
const KEY = /^[\x21-\x7e]{1,255}$/;

/**
 * Makes every POST safe to repeat: the same `Idempotency-Key` and body return the first request's response (marked
 * `Idempotency-Replayed: true`). A different body gets 422; while the first request is running, a repeat gets 409. A failed
 * request does not use up its key; if a process dies, its keys are free after a minute. Kept 24 hours, by organization, user and
 * route. Responses that contain a secret are not kept ({@link SECRET_ANSWER}).
 */
@Injectable()
export class IdempotencyInterceptor implements RouteStep {
  private readonly logger = new Logger(IdempotencyInterceptor.name);

  constructor(
    private readonly repository: IdempotencyRepository,
    private readonly context: RequestContext,
    private readonly reflector: Reflector,
  ) {}

  /** Tokens and keys are never stored: such a route runs again, and itself refuses what it must not do twice. */
  concerns(route: ExecutionContext): boolean {
    return !isReading(route) && this.reflector.get<boolean | undefined>(SECRET_ANSWER, route.getHandler()) !== true;
  }

  async intercept(execution: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = execution.switchToHttp().getRequest<Request>();
    const key = request.header(HEADER);
    if (request.method !== 'POST' || key === undefined) return next.handle();
    if (!KEY.test(key)) throw ValidationError.field(HEADER, 'must be 1 to 255 visible ASCII characters');
    const requestKey = this.requestKey(request, key);
    const body = BodyHash.of(request);
    const holder = this.repository.newHolder();
    const earlier = await this.repository.take(requestKey, body.known, holder);
    const response = execution.switchToHttp().getResponse<Response>();
    if (earlier) return of(this.replay(earlier, earlier.body_hash === '' ? '' : await body.read(), response));
    body.watch(response);
    const renewal = setInterval(() => void this.renew(requestKey, holder), RENEWED_EVERY_MS).unref();
    return next.handle().pipe(
      concatMap((answer: unknown) =>
        from(this.remember(requestKey, kept(answer, response), body.afterwards(), holder).then(() => answer)),
      ),
      catchError((error: unknown) => from(this.forget(requestKey, holder).then(() => Promise.reject(error as Error)))),
      finalize(() => {
        clearInterval(renewal);
      }),
    );
  }

  private replay(earlier: RememberedAnswer, bodyHash: string, response: Response): unknown {
    const isStillRunning = earlier.state === 'running';
    if (earlier.body_hash !== '' && earlier.body_hash !== bodyHash)
      throw new IdempotencyMismatchError('This Idempotency-Key was already used with a different body');
    if (isStillRunning)
      throw new ConflictError('The first request with this Idempotency-Key is still running', {
        suggestion: 'Retry in a few seconds.',
      });
    if (!earlier.answer)
      throw new ConflictError(
        'The first request with this Idempotency-Key completed, but its response was streamed or too large to store',
        {
          suggestion: 'Read the resource that the first request created.',
        },
      );
    const { status, location, body } = earlier.answer;
    response.status(status).setHeader('Idempotency-Replayed', 'true');
    if (location !== undefined) response.location(location);
    return body;
  }

  private requestKey(request: Request, key: string): string {
    const facts = this.context.current();
    return hash([facts?.org_id, facts?.user_id, request.method, request.path, key].join('\n'));
  }

  /** The work is done: a failure to store its response must not make it look undone. */
  private async remember(
    requestKey: string,
    answer: KeptAnswer | undefined,
    bodyHash: string,
    holder: string,
  ): Promise<void> {
    await this.repository.remember(requestKey, answer, bodyHash, holder).catch((error: unknown) => {
      this.logger.warn({ msg: 'the response for an idempotency key could not be stored', err: error });
    });
  }

  private async renew(requestKey: string, holder: string): Promise<void> {
    await this.repository.renew(requestKey, holder).catch((error: unknown) => {
      this.logger.warn({ msg: 'a running request could not renew its idempotency key', err: error });
    });
  }

  private async forget(requestKey: string, holder: string): Promise<void> {
    await this.repository.forget(requestKey, holder).catch((error: unknown) => {
      this.logger.warn({
        msg: 'an idempotency key could not be released; it expires in a minute',
        err: error,
      });
    });
  }
}

/** What to answer a repeated request; undefined when the answer was streamed. */
function kept(body: unknown, response: Response): KeptAnswer | undefined {
  if (response.headersSent) return undefined;
  const location = response.getHeader('Location');
  return { status: response.statusCode, ...(typeof location === 'string' ? { location } : {}), body };
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Identifies a request body. */
abstract class BodyHash {
  static of(request: Request): BodyHash {
    const boundary = MultipartHash.boundaryOf(request.header('content-type') ?? '');
    return boundary === undefined ? new ParsedBody(request.body) : new StreamedBody(request, boundary);
  }

  /** Known before the request is handled; empty for a body that only its handler reads. */
  abstract readonly known: string;

  /** Sees what the handler reads until it has answered. */
  abstract watch(response: Response): void;

  /** Of the whole body, which the handler has read. */
  abstract afterwards(): string;

  /** Of a body that no handler will read. */
  abstract read(): Promise<string>;
}

class ParsedBody extends BodyHash {
  override readonly known: string;

  constructor(body: unknown) {
    super();
    this.known = createHash('sha256')
      .update(JSON.stringify(body ?? null))
      .digest('hex');
  }

  override watch(_response: Response): void {
    return undefined;
  }

  override afterwards(): string {
    return this.known;
  }

  override async read(): Promise<string> {
    return this.known;
  }
}

/** A multipart body: files are not read before their handler is asked. */
class StreamedBody extends BodyHash {
  override readonly known = '';
  private readonly hash: MultipartHash;

  constructor(
    private readonly request: Request,
    boundary: string,
  ) {
    super();
    this.hash = new MultipartHash(boundary);
  }

  override watch(response: Response): void {
    this.request.on('data', (chunk: Buffer) => this.hash.add(chunk));
    // Nothing may flow before the handler pipes the request to where it wants it, which lets it flow again.
    this.request.pause();
    // A handler that wants no body leaves it lying: then it is thrown away, or the connection could not be used again.
    response.once('finish', () => this.request.resume());
  }

  override afterwards(): string {
    return this.hash.digest();
  }

  override async read(): Promise<string> {
    for await (const chunk of this.request as AsyncIterable<Buffer>) this.hash.add(chunk);
    return this.hash.digest();
  }
}

const BOUNDARY = /boundary=(?:"([^"]+)"|([^;\s]+))/i;

/** The hash of a multipart body. The boundary does not count: a client makes up a new one each time it sends the same files. */
export class MultipartHash {
  private readonly hash = createHash('sha256');
  private readonly delimiter: Buffer;
  private rest: Buffer = Buffer.alloc(0);
  private parts = 0;

  constructor(boundary: string) {
    this.delimiter = Buffer.from(`--${boundary}`);
  }

  /** Undefined when the body is not multipart. */
  static boundaryOf(contentType: string): string | undefined {
    if (!/^multipart\//i.test(contentType)) return undefined;
    const [, quoted, plain] = BOUNDARY.exec(contentType) ?? [];
    return quoted ?? plain ?? '';
  }

  add(chunk: Buffer): void {
    let text = Buffer.concat([this.rest, chunk]);
    for (let at = text.indexOf(this.delimiter); at >= 0; at = text.indexOf(this.delimiter)) {
      this.hash.update(text.subarray(0, at)).update(`\0part ${++this.parts}\0`);
      text = text.subarray(at + this.delimiter.length);
    }
    // The beginning of a delimiter may stand at the end.
    const kept = Math.min(text.length, this.delimiter.length - 1);
    this.hash.update(text.subarray(0, text.length - kept));
    this.rest = text.subarray(text.length - kept);
  }

  digest(): string {
    return this.hash.copy().update(this.rest).digest('hex');
  }
}
