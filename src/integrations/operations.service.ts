import { Injectable } from '@nestjs/common';
import { type OutgoingAnswer, OutgoingHttp } from '../platform/outgoing/outgoing-http.js';
import { OutgoingFailedError } from '../platform/outgoing/outgoing.errors.js';
import { InvalidStateError, ValidationError } from '../shared/domain-error.js';
import { secretValues } from '../shared/secret-values.js';
import { CredentialsService } from '../tools/credentials/credentials.service.js';
import { withPresentation } from '../tools/credentials/stored-credential.js';
import type { Prepared, ReadAnswer } from './catalogue/call-tasks.js';
import { CatalogueWorkers } from './catalogue-workers.js';
import { fieldOf, type PreparedRequest } from './catalogue/http-request.js';
import type { OperationView } from './catalogue/list-tasks.js';
import type { Integration } from './integration.js';
import { OperationNotFoundError, UpstreamFailedError } from './integrations.errors.js';
import { IntegrationsService } from './integrations.service.js';
import type { OperationResultDto } from './dto/integration.dto.js';

/** For one request with its redirects, in milliseconds. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Of one answer. */
const ANSWER_MAX_BYTES = 2 * 1024 * 1024;
/** Of all pages together. */
const PAGES_MAX = 20;
const ITEMS_MAX = 5_000;
const PAGES_MAX_BYTES = 8 * 1024 * 1024;
const PAGES_TIMEOUT_MS = 60_000;
const MOCK_SERVER = 'http://mock.invalid';
const HIDDEN_HEADERS = new Set(['set-cookie', 'set-cookie2', 'www-authenticate', 'proxy-authenticate']);

/** Characters of JSON of one input schema: more would crowd a model's context. */
const SCHEMA_MAX = 12_000;

export type CallableOperation = Pick<
  OperationView,
  'operation_id' | 'name' | 'method' | 'path' | 'summary' | 'description' | 'risk' | 'idempotent' | 'input_schema'
>;

export interface OperationCall {
  org_id: string;
  integration_id: string;
  /** Its id, its name or the document's own id. */
  operation: string;
  input: Record<string, unknown>;
  /** Who calls, for the audit log: an id of a user, a key, a tool or a flow run. */
  actor: string;
  /** Presented instead of the integration's own. */
  credential_id?: string | undefined;
  /** Follows the pages of a list: at most 20 pages, 5,000 items, 8 MB and 60 seconds. */
  all_pages?: boolean | undefined;
  /** Sent as `Idempotency-Key`. */
  idempotency_key?: string | undefined;
  /** The mock answers whatever the integration says: nothing leaves the platform. */
  is_mocked?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

type Ready = Extract<Prepared, { request: unknown }>;

/** Calls operations of imported APIs: for people, agents and flows. */
@Injectable()
export class OperationsService {
  constructor(
    private readonly integrations: IntegrationsService,
    private readonly workers: CatalogueWorkers,
    private readonly outgoing: OutgoingHttp,
    private readonly credentials: CredentialsService,
  ) {}

  /**
   * Calls an operation through the guard for outgoing calls. Any status is an answer. An answer that does not fit its schema is
   * reported, not refused.
   * @throws IntegrationNotFoundError, OperationNotFoundError, ValidationError that names each wrong field of the input,
   * OutgoingRefusedError, UpstreamFailedError when there is no answer
   */
  async call(call: OperationCall): Promise<OperationResultDto> {
    const { org_id, integration_id, operation, input, all_pages = false, is_mocked = false, signal } = call;
    const started = performance.now();
    const stored = await this.integrations.getReady(org_id, integration_id);
    const integration: Integration = is_mocked ? { ...stored, mock: 'instead' } : stored;
    const ready = await this.prepare(integration, operation, input, signal);
    if (all_pages && !ready.is_paged)
      throw ValidationError.field('all_pages', 'needs an operation with paged responses');
    const first = await this.exchange(integration, ready.request, input, call);
    const pages = all_pages
      ? await this.follow(integration, ready, call, first)
      : { last: first, items: null, pages: 1, complete: true };
    const { last, items } = pages;
    const { operation_id, name, method, path, risk } = ready.operation;
    return {
      ...{ operation_id, name, method, path, risk },
      status: last.answer.status,
      headers: shownHeaders(last.answer.headers),
      body: items === null ? secretValues.maskDeep(last.read.body) : null,
      items: items && secretValues.maskDeep(items),
      ...{ pages: pages.pages, complete: pages.complete },
      ...{ valid: last.read.valid, mismatches: last.read.mismatches },
      duration_ms: Math.round((performance.now() - started) * 100) / 100,
    };
  }

  /** Up to 50 operations that can be called, in the order of the document, with the schemas of their inputs. */
  async callable(integration: Integration): Promise<CallableOperation[]> {
    const wanted = { schema_max: SCHEMA_MAX };
    return (await this.workers.ask('choose', [this.integrations.catalogueOf(integration)], wanted)).operations;
  }

  /** @throws OperationNotFoundError, ValidationError, InvalidStateError */
  private async prepare(
    integration: Integration,
    operation: string,
    input: Record<string, unknown>,
    signal: AbortSignal | undefined,
  ): Promise<Ready> {
    // The mock's paths are those of the document.
    const server = integration.mock === 'instead' ? MOCK_SERVER : integration.base_url;
    const args = { operation, input, server };
    const prepared = await this.workers.ask('prepare', [this.integrations.catalogueOf(integration)], args, signal);
    if (!('fault' in prepared)) return prepared;
    switch (prepared.fault) {
      case 'unknown_operation':
        throw new OperationNotFoundError(operation);
      case 'not_callable':
        throw new InvalidStateError('The operation is a message and cannot be called', {
          details: { operation_id: prepared.operation_id },
          suggestion: 'Only operations of OpenAPI, Postman and GraphQL documents can be called.',
        });
      case 'no_server':
        throw new InvalidStateError('The document lists no server', {
          details: { operation_id: prepared.operation_id },
          suggestion: 'Set base_url: PATCH /api/v1/integrations/{integration_id}.',
        });
      case 'input':
        throw new ValidationError(`The input is not valid: ${Object.keys(prepared.fields).join(', ')}`, {
          details: { fields: prepared.fields },
          suggestion: 'Correct the fields listed in details; the input_schema of the operation describes them.',
        });
    }
  }

  private async exchange(
    integration: Integration,
    prepared: PreparedRequest,
    input: Record<string, unknown>,
    {
      operation,
      signal,
      actor,
      idempotency_key,
      credential_id = integration.credential_id ?? undefined,
    }: OperationCall,
  ): Promise<{ answer: OutgoingAnswer; read: ReadAnswer }> {
    const { org_id, integration_id } = integration;
    const request =
      idempotency_key === undefined
        ? prepared
        : { ...prepared, headers: { ...prepared.headers, 'idempotency-key': idempotency_key } };
    if (integration.mock === 'instead') return this.mocked(integration, request, operation, input, signal);
    const use = { actor, used_for: integration_id };
    const signed =
      credential_id === undefined
        ? request
        : withPresentation(request, await this.credentials.present(org_id, credential_id, request, use));
    const answer = await this.send(signed, signal);
    const { status, headers, body } = answer;
    const args = { operation, input, answer: { status, headers, body } };
    const read = await this.workers.ask('read_answer', [this.integrations.catalogueOf(integration)], args, signal);
    return { answer, read };
  }

  /** The mock answers here: nothing leaves the platform, and no credential is presented. */
  private async mocked(
    integration: Integration,
    { method, url, headers, body = '' }: PreparedRequest,
    operation: string,
    input: Record<string, unknown>,
    signal: AbortSignal | undefined,
  ): Promise<{ answer: OutgoingAnswer; read: ReadAnswer }> {
    const catalogue = this.integrations.catalogueOf(integration);
    const { pathname, search } = new URL(url);
    const request = { method, path: pathname, query: search.slice(1), headers, body };
    const mocked = await this.workers.ask('mock', [catalogue], request, signal);
    const text = mocked.body === null ? '' : JSON.stringify(mocked.body);
    const bytes = Buffer.from(text);
    const answer = { status: mocked.status, headers: mocked.headers, body: bytes, text: () => text };
    const args = { operation, input, answer: { status: mocked.status, headers: mocked.headers, body: bytes } };
    return { answer, read: await this.workers.ask('read_answer', [catalogue], args, signal) };
  }

  private async follow(
    integration: Integration,
    { request, operation: { items_field } }: Ready,
    call: OperationCall,
    first: { answer: OutgoingAnswer; read: ReadAnswer },
  ) {
    const deadline = performance.now() + PAGES_TIMEOUT_MS;
    const items: unknown[] = [];
    const seen = new Set<string>();
    let last = first;
    let bytes = 0;
    for (let pages = 1; ; pages++) {
      const found = fieldOf(last.read.body, items_field ?? '');
      if (Array.isArray(found)) items.push(...(found as unknown[]));
      bytes += last.answer.body.byteLength;
      const { next } = last.read;
      if (next === null || last.answer.status >= 300)
        return { last, items, pages, complete: next === null && last.answer.status < 300 };
      const position = JSON.stringify(next);
      // An API that gives the same position again would be asked for ever.
      const isAtBound = pages >= PAGES_MAX || items.length >= ITEMS_MAX || bytes >= PAGES_MAX_BYTES;
      if (isAtBound || seen.has(position) || performance.now() > deadline)
        return { last, items, pages, complete: false };
      seen.add(position);
      const target = await this.nextRequest(integration, request, call, next);
      if (!target) return { last, items, pages, complete: false };
      last = await this.exchange(integration, target.request, target.input, call);
    }
  }

  /** Undefined for a page on another host: credentials stay where they belong. */
  private async nextRequest(
    integration: Integration,
    request: PreparedRequest,
    { operation, input, signal }: OperationCall,
    next: NonNullable<ReadAnswer['next']>,
  ): Promise<{ request: PreparedRequest; input: Record<string, unknown> } | undefined> {
    if ('input' in next) {
      const { request: following } = await this.prepare(integration, operation, next.input, signal);
      return { request: following, input: next.input };
    }
    if (!URL.canParse(next.url, request.url)) return undefined;
    const url = new URL(next.url, request.url);
    return url.origin === new URL(request.url).origin ? { request: { ...request, url: url.href }, input } : undefined;
  }

  private async send(
    { url, method, headers, body }: PreparedRequest,
    signal: AbortSignal | undefined,
  ): Promise<OutgoingAnswer> {
    try {
      return await this.outgoing.request({
        ...{ url, method, headers, timeout_ms: REQUEST_TIMEOUT_MS, max_bytes: ANSWER_MAX_BYTES },
        allowed_hosts: [new URL(url).host],
        ...(body === undefined ? {} : { body }),
        ...(signal ? { signal } : {}),
      });
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof OutgoingFailedError) throw new UpstreamFailedError(error.reason, error.message, error);
      throw error;
    }
  }
}

const shownHeaders = (headers: Record<string, string>): Record<string, string> =>
  secretValues.maskDeep(Object.fromEntries(Object.entries(headers).filter(([name]) => !HIDDEN_HEADERS.has(name))));
