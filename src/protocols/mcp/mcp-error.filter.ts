import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { Request, Response } from 'express';
import { ErrorFilter } from '../../platform/http/error.filter.js';
import type { ErrorAnswer } from '../../platform/http/to-error-answer.js';

const JSON_RPC_CODES: Readonly<Record<string, number>> = { VALIDATION_ERROR: -32_600, PAYLOAD_TOO_LARGE: -32_600 };
const PARSE_ERROR = -32_700;
const OTHER = -32_000;

/** Refusals before a request reaches the protocol's server, as JSON-RPC errors. A 401 names the metadata of RFC 9728. */
@Catch()
export class McpErrorFilter implements ExceptionFilter {
  constructor(private readonly errors: ErrorFilter) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    this.errors.answer(error, request, http.getResponse<Response>(), (answer) => {
      const { error: shown } = this.errors.body(answer);
      const { code, message, details, suggestion, trace_id } = shown;
      const isUnreadable = 'fields' in details && 'body' in (details['fields'] as object);
      const number = isUnreadable ? PARSE_ERROR : (JSON_RPC_CODES[answer.code] ?? OTHER);
      return {
        headers: answer.status === 401 ? challenge(request) : {},
        body: {
          jsonrpc: '2.0',
          id: null,
          error: { code: number, message, data: { code, details, suggestion, trace_id } },
        },
      };
    });
  }
}

const challenge = (request: Request): ErrorAnswer['headers'] => ({
  'WWW-Authenticate': `Bearer realm="nexus", resource_metadata="${resourceOf(request, `/.well-known/oauth-protected-resource${request.path}`)}"`,
});

/** An address of this platform as the caller wrote it. The host guard has checked the host. */
export const resourceOf = (request: Request, path: string): string =>
  `${request.protocol}://${request.header('host') ?? 'localhost'}${path}`;
