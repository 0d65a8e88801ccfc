import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Clock } from '../../shared/clock.js';
import { secretValues } from '../../shared/secret-values.js';
import { MethodCheck, MethodNotAllowedError } from './method-not-allowed.js';
import { RequestContext } from './request-context.js';
import { type ErrorAnswer, toErrorAnswer } from './to-error-answer.js';

/** A failure in the form of a protocol. */
export interface Rendered {
  headers?: Record<string, string>;
  body: unknown;
}

/** The one place where a failure becomes an answer, and where it is logged: once, with the trace id that the caller also has. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');

  constructor(
    private readonly context: RequestContext,
    private readonly clock: Clock,
    private readonly methods: MethodCheck,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    this.answer(error, host.switchToHttp().getRequest<Request>(), host.switchToHttp().getResponse<Response>());
  }

  /** Also for what no route of the framework has seen: unknown paths outside the prefix, addresses that cannot be decoded. */
  answer(
    error: unknown,
    request: Request,
    response: Response,
    render: (answer: ErrorAnswer) => Rendered = (answer) => ({ body: this.body(answer) }),
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
