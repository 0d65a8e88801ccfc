import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { Request, Response } from 'express';
import { ErrorFilter } from '../../platform/http/error.filter.js';

const JSON_RPC = /^\/a2a(?:\/agents\/[^/]+)?$/;
const PARSE_ERROR = -32_700;
const INVALID_REQUEST = -32_600;
const INTERNAL_ERROR = -32_603;
/** The name of a status in `google.rpc.Code`, by HTTP status. */
const NAMES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  413: 'INVALID_ARGUMENT',
  415: 'INVALID_ARGUMENT',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
};

/** Refusals before a request reaches the protocol's handlers, in the form of its binding. */
@Catch()
export class A2aErrorFilter implements ExceptionFilter {
  constructor(private readonly errors: ErrorFilter) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const isJsonRpc = request.method === 'POST' && JSON_RPC.test(request.path);
    this.errors.answer(error, request, http.getResponse<Response>(), (answer) => {
      const { status } = answer;
      const { code: reason, message, details, suggestion, trace_id } = this.errors.body(answer).error;
      const metadata = { suggestion, trace_id };
      if (!isJsonRpc) {
        const info = { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain: 'nexus', metadata };
        return { body: { error: { code: status, status: NAMES[status] ?? 'INTERNAL', message, details: [info] } } };
      }
      const isUnreadable = 'fields' in details && 'body' in (details['fields'] as object);
      const code = isUnreadable ? PARSE_ERROR : status >= 500 ? INTERNAL_ERROR : INVALID_REQUEST;
      const data = [{ reason, domain: 'nexus', metadata }];
      return { body: { jsonrpc: '2.0', id: null, error: { code, message, data } } };
    });
  }
}
