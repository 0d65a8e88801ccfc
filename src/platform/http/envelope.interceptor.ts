import {
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  RequestMethod,
  Injectable,
  SetMetadata,
} from '@nestjs/common';
import { METHOD_METADATA } from '@nestjs/common/constants.js';
import { defer, from, isObservable, mergeAll, type Observable, map } from 'rxjs';
import { Reflector } from '@nestjs/core';
import type { Response, Request, RequestHandler } from 'express';
import { raw } from 'body-parser';
import { Clock } from '../../shared/clock.js';
import { RequestContext } from '../observability/request-context.js';
import { PayloadTooLargeError, UnsupportedMediaTypeError, ValidationError } from '../../shared/domain-error.js';
import { assertBounded, type JsonBounds, JsonFaultFinder } from './json-text.js';

/** An interceptor of the platform that says which routes it is for. */
export interface RouteStep extends NestInterceptor {
  /** Whether the step can do anything on a request of this route. Asked once per route; only the handler and the class are known. */
  concerns(route: ExecutionContext): boolean;
}

/** Whether the route takes GET and HEAD alone. */
export function isReading(route: ExecutionContext): boolean {
  return Reflect.getMetadata(METHOD_METADATA, route.getHandler()) === RequestMethod.GET;
}

type Target = ReturnType<ExecutionContext['getHandler']> | ReturnType<ExecutionContext['getClass']>;

/**
 * Runs the platform's interceptors as one, in the order in which they were added, without those that do not concern the route. Nest passes
 * each request through every global interceptor, and each costs promises and observables even if it does nothing.
 */
export class RouteSteps implements NestInterceptor {
  private readonly steps: RouteStep[];
  private readonly byRoute = new WeakMap<Target, WeakMap<Target, readonly RouteStep[]>>();

  constructor(steps: readonly RouteStep[]) {
    this.steps = [...steps];
  }

  /** A step of a higher layer, which runs after those that are there. To be called before the first request. */
  add(step: RouteStep): void {
    this.steps.push(step);
  }

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> | Promise<Observable<unknown>> {
    return run(this.stepsOf(execution), 0, execution, next);
  }

  private stepsOf(execution: ExecutionContext): readonly RouteStep[] {
    const [controller, handler] = [execution.getClass(), execution.getHandler()];
    const routes = this.byRoute.get(controller) ?? new WeakMap<Target, readonly RouteStep[]>();
    this.byRoute.set(controller, routes);
    const known = routes.get(handler);
    if (known) return known;
    const steps = this.steps.filter((step) => step.concerns(execution));
    routes.set(handler, steps);
    return steps;
  }
}

function run(
  steps: readonly RouteStep[],
  at: number,
  execution: ExecutionContext,
  next: CallHandler,
): Observable<unknown> | Promise<Observable<unknown>> {
  const step = steps[at];
  if (step === undefined) return next.handle();
  if (at === steps.length - 1) return step.intercept(execution, next);
  return step.intercept(execution, { handle: () => defer(() => flat(run(steps, at + 1, execution, next))) });
}

function flat(answer: Observable<unknown> | Promise<Observable<unknown>>): Observable<unknown> {
  return isObservable(answer) ? answer : from(answer).pipe(mergeAll());
}

const BARE_ANSWER = 'nexus:bare';

/** The route returns its body without the success envelope. */
export const Bare = () => SetMetadata(BARE_ANSWER, true);

/** Wraps what a controller returns in `{success, data, timestamp, request_id}`, unless it has streamed its answer itself. */
@Injectable()
export class EnvelopeInterceptor implements RouteStep {
  constructor(
    private readonly reflector: Reflector,
    private readonly context: RequestContext,
    private readonly clock: Clock,
  ) {}

  concerns(route: ExecutionContext): boolean {
    const isBare = this.reflector.getAllAndOverride<boolean | undefined>(BARE_ANSWER, [
      route.getHandler(),
      route.getClass(),
    ]);
    return isBare !== true;
  }

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const response = execution.switchToHttp().getResponse<Response>();
    return next.handle().pipe(map((data: unknown) => (response.headersSent ? data : this.envelope(data))));
  }

  private envelope(data: unknown) {
    const request_id = this.context.current()?.request_id;
    return { success: true, data: data ?? null, timestamp: this.clock.timestamp(), request_id };
  }
}

const KB = 1024;

interface BodyBounds extends JsonBounds {
  bytes: number;
  /** Parsing JSON blocks the event loop, so routes that also take files limit their JSON separately. */
  json_bytes?: number;
  /** The bytes as they came, of any type: the body is a Buffer. */
  is_raw?: boolean;
}

/** Every kind of body that a route may take. Bytes are counted after decompression. */
const BODIES = {
  /** What a route takes unless it says otherwise. */
  ordinary: { bytes: 100 * KB, keys: 1_000, containers: 1_000, values: 10_000 },
  /** A text of 100,000 characters, each of which JSON may write as six bytes, with a little beside it. */
  message: { bytes: 1_000 * KB, keys: 1_000, containers: 1_000, values: 10_000 },
  /** A conversation with images in base64, as clients of model providers send it. */
  conversation: { bytes: 10 * KB * KB, keys: 20_000, containers: 20_000, values: 100_000 },
  /** An OpenAPI description of others. Larger ones are attached by their address and read outside of the event loop. */
  document: { bytes: 2_000 * KB, keys: 20_000, containers: 20_000, values: 40_000 },
  /** Multipart: an API document of 25 MB and what stands around it. As JSON it is bounded like an ordinary document. */
  api_document: {
    bytes: 25 * KB * KB + 100 * KB,
    json_bytes: 2_000 * KB,
    keys: 20_000,
    containers: 20_000,
    values: 40_000,
  },
  /** An inbound webhook, whose signature is over its bytes. */
  webhook: { bytes: 1_000 * KB, is_raw: true, keys: 10_000, containers: 10_000, values: 40_000 },
  /** Multipart: at most five files of 10 MB and what stands around them. */
  files: { bytes: 50 * KB * KB + 100 * KB, keys: 1_000, containers: 1_000, values: 10_000 },
} satisfies Record<string, BodyBounds>;

type BodyKind = keyof typeof BODIES;

const BODY_KIND = 'nexus:body';

/** The route takes a different body than the ordinary one of 100 KB, or is a DELETE that takes a body. */
export const TakesBody = (kind: BodyKind) => SetMetadata(BODY_KIND, kind);

const WITH_BODY = new Set(['POST', 'PUT', 'PATCH']);
/** `application/a2a+json` is that of the A2A protocol. */
const JSON_TYPE = /^application\/(?:a2a\+)?json *(?:;|$)/i;
const CHARSET = /;\s*charset\s*=\s*"?([^";\s]+)/i;
const ENCODINGS = ['identity', 'gzip', 'deflate', 'br'];

/**
 * Reads JSON bodies, after the guards: a caller who is refused, and a path that no route has, cost no parsing. Limits are
 * checked while the bytes arrive and before objects are built from them. Other types of body are left to their routes.
 */
@Injectable()
export class BodyInterceptor implements RouteStep {
  private readonly readers = new Map<BodyKind, RequestHandler>();

  constructor(private readonly reflector: Reflector) {}

  concerns(route: ExecutionContext): boolean {
    return !isReading(route) || this.reflector.get<BodyKind | undefined>(BODY_KIND, route.getHandler()) !== undefined;
  }

  /**
   * @throws ValidationError for text that is not JSON, or JSON that is no object or over its bounds
   * @throws PayloadTooLargeError, UnsupportedMediaTypeError
   */
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> | Promise<Observable<unknown>> {
    const http = execution.switchToHttp();
    const request = http.getRequest<Request>();
    const declared = this.reflector.get<BodyKind | undefined>(BODY_KIND, execution.getHandler());
    const takesBody = WITH_BODY.has(request.method) || declared !== undefined;
    if (!takesBody || !hasBody(request)) return next.handle();
    const kind = declared ?? 'ordinary';
    assertReadable(request, kind);
    if ((BODIES[kind] as BodyBounds).is_raw)
      return this.read(kind, request, http.getResponse<Response>()).then((bytes) => {
        request.body = bytes;
        return next.handle();
      });
    if (!JSON_TYPE.test(request.headers['content-type'] ?? '')) return next.handle();
    return this.read(kind, request, http.getResponse<Response>()).then((bytes) => {
      request.body = parsed(bytes, BODIES[kind]);
      return next.handle();
    });
  }

  private read(kind: BodyKind, request: Request, response: Response): Promise<Buffer> {
    const limit = jsonLimit(kind);
    const reader = this.readers.get(kind) ?? raw({ type: () => true, limit });
    this.readers.set(kind, reader);
    return new Promise((resolve, reject) => {
      const done = (error?: unknown): void => {
        if (error instanceof Error) reject(unreadable(error, limit));
        else resolve(request.body as Buffer);
      };
      void reader(request, response, done);
    });
  }
}

function jsonLimit(kind: BodyKind): number {
  const bounds: BodyBounds = BODIES[kind];
  return bounds.json_bytes ?? bounds.bytes;
}

function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** What the head of the request says already. */
function assertReadable({ headers }: Request, kind: BodyKind): void {
  const size = Number(headers['content-length'] ?? 0);
  const limit = JSON_TYPE.test(headers['content-type'] ?? '') ? jsonLimit(kind) : BODIES[kind].bytes;
  if (size > limit) throw new PayloadTooLargeError(limit, size);
  const encoding = headers['content-encoding'] ?? 'identity';
  if (!ENCODINGS.includes(encoding.toLowerCase()))
    throw new UnsupportedMediaTypeError('Content-Encoding', encoding, ENCODINGS);
  const charset = CHARSET.exec(headers['content-type'] ?? '')?.[1] ?? 'utf-8';
  // Other encodings would hide quotes and brackets from the count of what the body holds. JSON is UTF-8 (RFC 8259).
  if (!/^utf-?8$/i.test(charset)) throw new UnsupportedMediaTypeError('charset', charset, ['utf-8']);
}

function unreadable(error: Error, limit: number): Error {
  const { type, length } = error as { type?: string; length?: number };
  if (type === 'entity.too.large') return new PayloadTooLargeError(limit, length);
  // Without a type it is the decompression that failed.
  return type === undefined ? notThis(`could not be decompressed: ${error.message}`) : error;
}

function parsed(bytes: Buffer, bounds: JsonBounds): unknown {
  assertBounded(bytes, bounds);
  const text = bytes.toString('utf8');
  const body = parse(text.startsWith('\uFEFF') ? text.slice(1) : text);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    const found = Array.isArray(body) ? 'an array' : body === null ? 'null' : `a ${typeof body}`;
    throw notThis(`must be a JSON object, not ${found}`);
  }
  return body;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    const fault = JsonFaultFinder.find(text);
    if (!fault) throw notThis('is not valid JSON');
    const { line, column, expected, found } = fault;
    throw notThis(`is not valid JSON at line ${line}, column ${column}: expected ${expected}, found ${found}`, {
      ...fault,
    });
  }
}

const notThis = (reason: string, details: Record<string, unknown> = {}): ValidationError =>
  new ValidationError(`The body ${reason}`, { details: { fields: { body: [reason] }, ...details } });
