import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Agent, RequestInit, Response } from 'undici';
import { SpanKind } from '@opentelemetry/api';
import { LRUCache } from 'lru-cache';
import { lazily } from '../async/lazily.js';
import { Settings } from '../config/settings.js';
import { Tracing } from '../observability/tracing/tracing.js';
import {
  type AddressGuard,
  checkLiteral,
  checkUrl,
  guardedLookup,
  hostOf,
  OwnAddresses,
  portOf,
} from './guarded-lookup.js';
import { OutgoingFailedError, OutgoingRefusedError } from './outgoing.errors.js';
import { loadUndici } from './undici.js';

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const HARMLESS_HEADERS = new Set(['accept', 'accept-language', 'content-type', 'content-length', 'user-agent']);
const MAX_REDIRECTS = 3;
const CONNECT_TIMEOUT_MS = 10_000;
const LOOKUP_PATIENCE_MS = 2_000;
const CONNECTORS_MAX = 64;

export interface OutgoingRequest {
  url: string;
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** For the whole call with its redirects and body, in milliseconds. */
  timeout_ms: number;
  /** A longer response fails with the reason `too_large`; reading stops there. */
  max_bytes: number;
  signal?: AbortSignal;
  max_redirects?: number;
  /** `host` or `host:port`; redirects must stay among them. */
  allowed_hosts?: readonly string[];
}

export interface OutgoingAnswer {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array;
  text(): string;
}

interface FetchBounds {
  timeout_ms?: number;
  max_bytes?: number;
  allowed_hosts?: readonly string[];
  max_redirects?: number;
}

/**
 * Every call to a host that a user named goes through here: http and https only, no private addresses unless the settings
 * allow them, cloud metadata and the platform's own ports never, the checked DNS answer is the one connected to, redirects are checked again.
 */
@Injectable()
export class OutgoingHttp implements OnApplicationShutdown {
  private readonly guard: AddressGuard;
  private readonly client = lazily(async () => {
    const { Agent, buildConnector, fetch } = await loadUndici();
    // Connectors keep TLS sessions, so there is one for each port: a lookup does not learn the port of its connection.
    const connectors = new LRUCache<number, ReturnType<typeof buildConnector>>({ max: CONNECTORS_MAX });
    this.agent = new Agent({
      connect: (options, callback) => {
        const port = Number(options.port) || (options.protocol === 'https:' ? 443 : 80);
        let connector = connectors.get(port);
        if (!connector) {
          connector = buildConnector({ lookup: guardedLookup(this.guard, port), timeout: CONNECT_TIMEOUT_MS });
          connectors.set(port, connector);
        }
        connector(options, callback);
      },
    });
    return { agent: this.agent, fetch };
  });
  /** Undefined before the first call. */
  private agent: Agent | undefined;

  constructor(
    settings: Settings,
    private readonly tracing: Tracing = Tracing.off(),
    own: OwnAddresses = new OwnAddresses(settings),
  ) {
    this.guard = { allowPrivate: settings.get('NEXUS_ALLOW_PRIVATE_ADDRESSES'), own };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.agent?.destroy();
  }

  /** Refuses an address without calling it, for values that are stored now and called later. @throws OutgoingRefusedError */
  check(url: string, allowedHosts?: readonly string[]): void {
    checkUrl(parsed(url), this.guard, allowedHosts);
  }

  /**
   * As `check`, and looks the name up: what it leads to now may be refused as well. A name that cannot be looked up within
   * 2 seconds passes; the call itself will tell. @throws OutgoingRefusedError
   */
  async checkResolved(url: string): Promise<void> {
    this.check(url);
    await checkLiteral(parsed(url), this.guard);
    const name = hostOf(parsed(url));
    await new Promise<void>((resolve, reject) => {
      setTimeout(resolve, LOOKUP_PATIENCE_MS).unref();
      guardedLookup(this.guard, portOf(parsed(url)))(name, { all: true }, (error) => {
        if (error instanceof OutgoingRefusedError) reject(error);
        else resolve();
      });
    });
  }

  /** One bounded call. Any HTTP status is an answer. @throws OutgoingRefusedError, OutgoingFailedError */
  async request(request: OutgoingRequest): Promise<OutgoingAnswer> {
    const { url, timeout_ms, max_bytes, signal, max_redirects, allowed_hosts, ...rest } = request;
    const deadline = AbortSignal.timeout(timeout_ms);
    const init: RequestInit = { ...rest, signal: signal ? AbortSignal.any([signal, deadline]) : deadline };
    try {
      const response = await this.follow(parsed(url), init, {
        ...(max_redirects === undefined ? {} : { max_redirects }),
        ...(allowed_hosts ? { allowed_hosts } : {}),
      });
      const body = await boundedBody(response, max_bytes);
      const headers = Object.fromEntries(response.headers.entries());
      return { status: response.status, headers, body, text: () => new TextDecoder().decode(body) };
    } catch (error) {
      throw failureOf(error, deadline, signal);
    }
  }

  /** A `fetch` for libraries that take one, with the same guard. The body is streamed; `max_bytes` bounds it. */
  guardedFetch(bounds: FetchBounds = {}): typeof globalThis.fetch {
    const guarded = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
      if (input instanceof Request) throw new OutgoingRefusedError('must be given as text or URL');
      const deadline = bounds.timeout_ms === undefined ? undefined : AbortSignal.timeout(bounds.timeout_ms);
      const signals = [init.signal, deadline].filter((signal) => signal !== undefined && signal !== null);
      try {
        const bounded = { ...init, ...(signals.length > 0 ? { signal: AbortSignal.any(signals) } : {}) };
        const response = await this.follow(parsed(String(input)), bounded, bounds);
        return bounds.max_bytes === undefined ? response : limited(response, bounds.max_bytes);
      } catch (error) {
        throw failureOf(error, deadline, init.signal ?? undefined);
      }
    };
    return guarded as unknown as typeof globalThis.fetch;
  }

  /** One hop, in a traced process with a span of its own and `traceparent`. Paths and queries may contain secrets, so only the host is recorded. */
  private async send(url: URL, init: RequestInit): Promise<Response> {
    const { agent, fetch } = await this.client();
    const bound: RequestInit = { ...init, redirect: 'manual', dispatcher: agent };
    if (!this.tracing.isOn) return fetch(url, bound);
    const method = init.method ?? 'GET';
    const attributes = { 'http.request.method': method, 'server.address': url.hostname, 'server.port': portOf(url) };
    return this.tracing.within(method, { kind: SpanKind.CLIENT, attributes }, async (span) => {
      const headers = headersOf(init);
      for (const [name, value] of Object.entries(this.tracing.headers())) headers.set(name, value);
      const response = await fetch(url, { ...bound, headers: [...headers] });
      span.setAttribute('http.response.status_code', response.status);
      return response;
    });
  }

  private async follow(start: URL, init: RequestInit, bounds: FetchBounds): Promise<Response> {
    const { max_redirects = MAX_REDIRECTS, allowed_hosts } = bounds;
    let url = start;
    let current = init;
    for (let hop = 0; ; hop++) {
      checkUrl(url, this.guard, allowed_hosts);
      await checkLiteral(url, this.guard);
      const response = await this.send(url, current);
      const location = REDIRECTS.has(response.status) ? response.headers.get('location') : null;
      if (location === null) return response;
      await response.body?.cancel();
      if (hop === max_redirects)
        throw new OutgoingFailedError('redirects', `The address redirects more than ${max_redirects} times`);
      const next = new URL(location, url);
      current = redirected(current, response.status, next.origin === url.origin);
      url = next;
    }
  }
}

/**
 * As browsers do: 303, and 301 or 302 after a POST, become a GET. Only harmless headers travel to another origin, since a
 * credential may stand in a header of any name.
 */
function redirected(init: RequestInit, status: number, sameOrigin: boolean): RequestInit {
  const headers = headersOf(init);
  if (!sameOrigin) for (const name of [...headers.keys()]) if (!HARMLESS_HEADERS.has(name)) headers.delete(name);
  const becomesGet = status === 303 || (status < 303 && init.method?.toUpperCase() === 'POST');
  if (!becomesGet) return { ...init, headers: [...headers] };
  for (const name of ['content-type', 'content-length']) headers.delete(name);
  return { ...init, headers: [...headers], method: 'GET', body: null };
}

const headersOf = ({ headers }: RequestInit): Headers => new Headers(headers);

function limited(response: Response, maxBytes: number): Response {
  if (!response.body) return response;
  let length = 0;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      length += chunk.byteLength;
      if (length > maxBytes) controller.error(tooLarge(maxBytes));
      else controller.enqueue(chunk);
    },
  });
  const { status, statusText, headers } = response;
  const body = (response.body as unknown as ReadableStream<Uint8Array>).pipeThrough(counter);
  return new globalThis.Response(body, {
    status,
    statusText,
    headers: Object.fromEntries(headers.entries()),
  }) as unknown as Response;
}

const tooLarge = (maxBytes: number) =>
  new OutgoingFailedError('too_large', `The response is longer than ${maxBytes} bytes`);

function parsed(url: string): URL {
  if (!URL.canParse(url)) throw new OutgoingRefusedError('is not a valid address');
  return new URL(url);
}

/** The SDK wraps what a lookup throws; the refusal inside is what the caller should see. */
function failureOf(error: unknown, deadline: AbortSignal | undefined, caller: AbortSignal | undefined): Error {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
    if (cause instanceof OutgoingRefusedError || cause instanceof OutgoingFailedError) return cause;
  if (caller?.aborted) return new OutgoingFailedError('aborted', 'The call was cancelled', error);
  if (deadline?.aborted) return new OutgoingFailedError('timeout', 'The server did not respond in time', error);
  return new OutgoingFailedError('unreachable', 'The server could not be reached', error);
}

/** Reads a body up to a bound; an answer that announces more is not read at all. */
async function boundedBody(response: Response, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = () => new OutgoingFailedError('too_large', `The response is longer than ${maxBytes} bytes`);
  const announced = Number(response.headers.get('content-length') ?? 0);
  if (announced > maxBytes) {
    await response.body?.cancel();
    throw tooLarge();
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop early cancels the body, which closes the connection.
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength;
    if (length > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
