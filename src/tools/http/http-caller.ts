import { Injectable } from '@nestjs/common';
import { type OutgoingAnswer, OutgoingHttp } from '../../platform/outgoing/outgoing-http.js';
import { OutgoingFailedError, OutgoingRefusedError } from '../../platform/outgoing/outgoing.errors.js';
import type { HttpCall } from '../attached/attached-tool.js';
import { credentialHeaders, withoutCredential } from '../attached/credential-headers.js';
import type { Credential } from '../attached/tool-config.js';
import { ToolError } from '../tool.js';
import { requestOf } from './http-request.js';

/** For the whole call with its redirects, in milliseconds. */
export const HTTP_TOOL_TIMEOUT_MS = 15_000;
export const HTTP_TOOL_MAX_BYTES = 1024 * 1024;
const ERROR_EXCERPT = 500;

/** Makes the HTTP request of a tool, through the guard for outgoing calls. */
@Injectable()
export class HttpCaller {
  constructor(private readonly outgoing: OutgoingHttp) {}

  /** The status and the body, parsed where it is JSON. Throws {@link ToolError}, also for statuses from 400 on. */
  async call(
    call: HttpCall,
    input: Record<string, unknown>,
    credential: Credential | undefined,
    signal?: AbortSignal,
  ): Promise<unknown> {
    const { url, headers, body } = requestOf(call, input);
    const answer = await this.send({
      url,
      method: call.method,
      headers: { accept: 'application/json, text/*;q=0.9', ...headers, ...credentialHeaders(credential) },
      timeout_ms: HTTP_TOOL_TIMEOUT_MS,
      max_bytes: HTTP_TOOL_MAX_BYTES,
      allowed_hosts: call.allowed_hosts,
      ...(body === undefined ? {} : { body }),
      ...(signal ? { signal } : {}),
    });
    const text = withoutCredential(answer.text(), credential);
    if (answer.status >= 400)
      throw new ToolError(`The service answered ${answer.status}: ${text.slice(0, ERROR_EXCERPT)}`);
    return { status: answer.status, body: bodyOf(answer, text) };
  }

  private async send(request: Parameters<OutgoingHttp['request']>[0]): Promise<OutgoingAnswer> {
    try {
      return await this.outgoing.request(request);
    } catch (error) {
      request.signal?.throwIfAborted();
      throw toolErrorOf(error);
    }
  }
}

/** What the model and the user may know about a call that got no answer. */
export function toolErrorOf(error: unknown): Error {
  if (error instanceof OutgoingRefusedError)
    return new ToolError(`The call was refused: ${error.message}.`, { cause: error });
  if (!(error instanceof OutgoingFailedError)) return error instanceof Error ? error : new Error(String(error));
  const seconds = HTTP_TOOL_TIMEOUT_MS / 1000;
  const reason = error.reason === 'timeout' ? `The service did not answer within ${seconds} seconds` : error.message;
  return new ToolError(`${reason}.`, { cause: error });
}

function bodyOf({ headers, body }: OutgoingAnswer, text: string): unknown {
  const type = headers['content-type'] ?? '';
  if (body.byteLength === 0) return null;
  if (/\bjson\b/i.test(type) || type === '') {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return text;
    }
  }
  return /^text\/|xml|javascript|yaml/i.test(type) ? text : { content_type: type, bytes: body.byteLength };
}
