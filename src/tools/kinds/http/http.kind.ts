import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { type OutgoingAnswer, OutgoingHttp } from '../../../platform/outgoing/outgoing-http.js';
import { OutgoingFailedError, OutgoingRefusedError } from '../../../platform/outgoing/outgoing.errors.js';
import { ValidationError } from '../../../shared/domain-error.js';
import { retryAfterMsOf } from '../../../shared/retry-after.js';
import { ServiceAnswerError, ToolError } from '../../tool.js';
import { withCredential, withoutCredential } from '../credentials.js';
import { addressSchema, type ToolCall, ToolKind, type ToolOperation } from '../tool-kind.js';
import { holesOf, requestOf, riskOf } from './http-request.js';

const HTTP_TOOL_MAX_BYTES = 1024 * 1024;
const ERROR_EXCERPT = 500;

const SECRET_HEADER = /^(?:authorization|proxy-authorization|cookie|.*(?:api[-_]?key|token|secret|password).*)$/i;
const TRANSPORT_HEADER = /^(?:host|connection|content-length|transfer-encoding|upgrade|te|trailer|expect)$/i;

const headersSchema = z
  .record(
    z.string().regex(/^[A-Za-z0-9-]{1,100}$/),
    z
      .string()
      .max(2000)
      .regex(/^[^\r\n]*$/),
  )
  .refine((all) => Object.keys(all).length <= 20, 'at most 20 headers')
  .refine((all) => !Object.keys(all).some((name) => SECRET_HEADER.test(name)), 'secrets belong in credential')
  .refine((all) => !Object.keys(all).some((name) => TRANSPORT_HEADER.test(name)), 'must not set connection headers')
  .default({});

const inputSchemaSchema = z
  .record(z.string(), z.unknown())
  .refine((schema) => schema['type'] === 'object', 'must be a JSON Schema with type "object"')
  .refine((schema) => JSON.stringify(schema).length <= 50_000, 'must be at most 50,000 characters');

const httpConfigSchema = z.strictObject({
  kind: z.literal('http'),
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']),
  url: addressSchema,
  input_schema: inputSchemaSchema,
  headers: headersSchema,
  allowed_hosts: z.array(z.string().min(1).max(255)).min(1).max(20).optional(),
});

type HttpToolConfig = z.infer<typeof httpConfigSchema>;

/** One HTTP request, sent through the guard for outgoing calls. */
@Injectable()
export class HttpToolKind extends ToolKind<HttpToolConfig> {
  readonly config_schema = httpConfigSchema;
  /** For the whole call with its redirects, in milliseconds. Tests shorten it. */
  timeout_ms = 15_000;

  constructor(private readonly outgoing: OutgoingHttp) {
    super();
  }

  async discover(
    { name, description }: { name: string; description: string },
    { method, url, headers, input_schema, allowed_hosts }: HttpToolConfig,
  ): Promise<ToolOperation[]> {
    const sample = url.replaceAll(/\{[^{}]+\}/g, 'x');
    const host = URL.canParse(sample) ? new URL(sample).host : '';
    if (host === '' || !url.split('/')[2]?.startsWith(host.slice(0, 1)) || /^[^/]*\/\/[^/?#]*\{/.test(url))
      throw ValidationError.field('config.url', 'must be an http or https URL without { } in its host');
    const hosts = allowed_hosts ?? [host];
    this.outgoing.check(sample, hosts);
    const properties = (input_schema['properties'] ?? {}) as Record<string, unknown>;
    const missing = holesOf(url).filter((hole) => !Object.hasOwn(properties, hole));
    if (missing.length > 0)
      throw ValidationError.field('config.input_schema', `has no property for ${missing.join(', ')} in the URL`);
    const call = { method, url, headers, places: {}, allowed_hosts: hosts };
    return [{ name, operation: name, description, input_schema, risk: riskOf(method), call }];
  }

  /** The status and the body, parsed when it is JSON. Throws {@link ToolError}, also for statuses from 400 on. */
  async call(
    { call }: ToolOperation,
    input: Record<string, unknown>,
    { credential, signal, headers: own }: Pick<ToolCall<unknown>, 'credential' | 'signal' | 'headers'>,
  ): Promise<unknown> {
    if (!call) throw new ToolError('the tool is stored without a way to call it');
    const { url, headers, body } = requestOf(call, input);
    const accepted = { accept: 'application/json, text/*;q=0.9', ...headers, ...own };
    const answer = await this.send({
      ...(await withCredential(
        { url, method: call.method, headers: accepted, ...(body === undefined ? {} : { body }) },
        credential,
      )),
      timeout_ms: this.timeout_ms,
      max_bytes: HTTP_TOOL_MAX_BYTES,
      allowed_hosts: call.allowed_hosts,
      ...(signal ? { signal } : {}),
    });
    const text = withoutCredential(answer.text(), credential);
    if (answer.status >= 400)
      throw new ServiceAnswerError(
        `The service returned ${answer.status}: ${text.slice(0, ERROR_EXCERPT)}`,
        answer.status,
        retryAfterMsOf(answer.headers),
      );
    return { status: answer.status, body: bodyOf(answer, text) };
  }

  private async send(request: Parameters<OutgoingHttp['request']>[0]): Promise<OutgoingAnswer> {
    try {
      return await this.outgoing.request(request);
    } catch (error) {
      request.signal?.throwIfAborted();
      throw toolErrorOf(error, this.timeout_ms);
    }
  }
}

/** Describes a refused or failed call to the model and the user. Returns other errors unchanged. */
export function toolErrorOf(error: unknown, timeout_ms: number): Error {
  if (error instanceof OutgoingRefusedError)
    return new ToolError(`The call was refused: ${error.message}.`, { cause: error });
  if (!(error instanceof OutgoingFailedError)) return error instanceof Error ? error : new Error(String(error));
  const seconds = timeout_ms / 1000;
  const reason = error.reason === 'timeout' ? `The service did not respond within ${seconds} seconds` : error.message;
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
