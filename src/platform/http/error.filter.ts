import { type ArgumentsHost, Catch, type ExceptionFilter, Logger, Injectable, NotFoundException } from '@nestjs/common';
import type { Request, Response } from 'express';
import { HttpAdapterHost } from '@nestjs/core';
import { Clock } from '../../shared/clock.js';
import { secretValues } from '../../shared/secret-values.js';
import { RequestContext } from '../observability/request-context.js';
import { type ErrorAnswer, toErrorAnswer } from './to-error-answer.js';
import { DomainError } from '../../shared/domain-error.js';

/** The path exists, but not with this method; `allowed` names those that do. */
class MethodNotAllowedError extends DomainError {
  override readonly code = 'METHOD_NOT_ALLOWED';

  constructor(
    method: string,
    readonly allowed: string[],
  ) {
    super(`${method} is not supported here`, { details: { allowed } });
  }
}

interface RouteLayer {
  route?: { methods: Record<string, boolean> };
  match(path: string): boolean;
}

/** Express answers 404 for a known path with an unknown method; this looks the path up among the routes and says 405 instead. */
@Injectable()
export class MethodCheck {
  constructor(private readonly host: HttpAdapterHost) {}

  /** What to answer for `error`: itself, unless it is the router's own 404 for a path that has other methods. */
  refine(error: unknown, request: Request): unknown {
    const isFromRouter = error instanceof NotFoundException && error.message.startsWith(`Cannot ${request.method}`);
    if (!isFromRouter) return error;
    // The router's own 404 comes from below the API prefix, where `path` has lost it.
    const allowed = this.allowedFor(request.originalUrl.split('?', 1)[0] ?? '/');
    return allowed.length === 0 || allowed.includes(request.method)
      ? error
      : new MethodNotAllowedError(request.method, allowed);
  }

  private allowedFor(path: string): string[] {
    const express: { router: { stack: RouteLayer[] } } = this.host.httpAdapter.getInstance();
    const { router } = express;
    const methods = router.stack.flatMap((layer) => {
      const own = Object.keys(layer.route?.methods ?? {});
      // Each route has one method; what takes all of them is the framework's own "not found" for a path outside the prefix.
      return own.length === 1 && matches(layer, path) ? own : [];
    });
    return [...new Set(methods.map((method) => method.toUpperCase()))].filter((method) => method !== '_ALL');
  }
}

/** A path that cannot be decoded matches nothing. */
function matches(layer: RouteLayer, path: string): boolean {
  try {
    return layer.match(path);
  } catch {
    return false;
  }
}

/** A failure in the form of a protocol. */
export interface Rendered {
  headers?: Record<string, string>;
  body: unknown;
}

/** The body of an error as another protocol writes it. It may set headers. */
export type ErrorForm = (answer: ErrorAnswer, response: Response) => unknown;

/** Turns every failure into a response and logs it once, with the trace id that the caller gets. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');
  private readonly forms = new Map<string, ErrorForm>();

  constructor(
    private readonly context: RequestContext,
    private readonly clock: Clock,
    private readonly methods: MethodCheck,
  ) {}

  /** Errors of all paths below this one have another form. Called while modules start. @param path such as `/v1` */
  formBelow(path: string, form: ErrorForm): void {
    this.forms.set(`${path}/`, form);
  }

  catch(error: unknown, host: ArgumentsHost): void {
    this.answer(error, host.switchToHttp().getRequest<Request>(), host.switchToHttp().getResponse<Response>());
  }

  /** Also for requests that no route has seen: unknown paths outside the prefix, addresses that cannot be decoded. */
  answer(
    error: unknown,
    request: Request,
    response: Response,
    render: (answer: ErrorAnswer) => Rendered = (answer) => ({ body: this.formed(answer, request, response) }),
  ): void {
    const refined = this.methods.refine(error, request);
    if (refined instanceof MethodNotAllowedError) response.setHeader('Allow', refined.allowed.join(', '));
    const answer = toErrorAnswer(refined);
    this.log(error, answer, request, response.destroyed);
    if (response.headersSent) {
      response.end();
      return;
    }
    const { headers = {}, body } = render(answer);
    response
      .status(answer.status)
      .set({ ...answer.headers, ...headers })
      .json(body);
  }

  private formed(answer: ErrorAnswer, request: Request, response: Response): unknown {
    for (const [path, form] of this.forms)
      if (request.originalUrl.startsWith(path)) return secretValues.maskDeep(form(answer, response));
    return this.body(answer);
  }

  /** The error envelope; also the data of an SSE `error` event. */
  body(answer: ErrorAnswer) {
    const { request_id = 'unknown', trace_id = request_id } = this.context.current() ?? {};
    const { code, message, details, suggestion } = answer;
    return {
      success: false,
      error: { ...secretValues.maskDeep({ code, message, details, suggestion }), trace_id },
      timestamp: this.clock.timestamp(),
      request_id,
    };
  }

  /** A run that ended because its caller disconnected is not a failure. */
  private log(error: unknown, answer: ErrorAnswer, request: Request, hasLeft: boolean): void {
    const { request_id, trace_id = request_id } = this.context.current() ?? {};
    const line = {
      trace_id,
      code: answer.code,
      status: answer.status,
      method: request.method,
      path: request.path,
    };
    const isGivenUp = hasLeft && answer.code === 'AGENT_INVOCATION_FAILED';
    if (answer.status >= 500 && !isGivenUp) this.logger.error({ ...line, err: error });
    else this.logger.debug(line);
  }
}
