import type { NextFunction, Request, Response } from 'express';
import { ServiceUnavailableError, PermissionDeniedError, ValidationError } from '../../shared/domain-error.js';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import helmet from 'helmet';
import type { Settings } from '../config/settings.js';
import type { Lifecycle } from '../lifecycle/lifecycle.js';

/** How many requests begin in one turn of the event loop. Node accepts one connection a turn, so turns must stay short. */
const BEGUN_PER_TURN = 8;
/** A request that has waited this long is refused: its caller should retry. */
const WAIT_MAX_MS = 1_000;
const PROBES = /^\/health(?:[/?]|$)/;

interface Waiting {
  next: NextFunction;
  since: number;
}

interface IntakeOptions {
  /** Runs the callback in the next turn of the event loop. */
  later: (callback: () => void) => void;
  /** Milliseconds of a monotonic clock. */
  now: () => number;
}

const NODE: IntakeOptions = { later: setImmediate, now: () => performance.now() };

/**
 * Starts a few requests in each turn of the event loop; others wait in order. So a thousand callers who connect at once are all accepted
 * soon, and served or refused within a second, instead of waiting many seconds to be accepted. Probes never wait.
 */
export class Intake {
  private readonly waiting: Waiting[] = [];
  /** Requests that began in this turn. */
  private begun = 0;
  private isScheduled = false;
  private readonly refused = new WeakSet<Request>();

  constructor(private readonly options: IntakeOptions = NODE) {}

  /** Express middleware, before all others. */
  readonly take = (request: Request, response: Response, next: NextFunction): void => {
    if (PROBES.test(request.url)) return next();
    if (this.waiting.length === 0 && this.begun < BEGUN_PER_TURN) return this.begin(next);
    const since = this.options.now();
    this.waiting.push({
      next: () => {
        if (response.destroyed) return;
        if (this.options.now() - since > WAIT_MAX_MS) this.refused.add(request);
        next();
      },
      since,
    });
    return this.schedule();
  };

  /** Express middleware, where refusals are written as errors are. @throws ServiceUnavailableError after a wait of over a second */
  readonly refuse = (request: Request, _response: Response, next: NextFunction): void => {
    if (!this.refused.has(request)) return next();
    const error = new ServiceUnavailableError('The platform has more requests than it can currently serve');
    return next(error);
  };

  private begin(next: NextFunction): void {
    this.begun += 1;
    this.schedule();
    next();
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.options.later(this.turn);
  }

  private readonly turn = (): void => {
    this.isScheduled = false;
    this.begun = 0;
    // Refusals cost little, so those that have waited too long leave at once.
    const late = this.options.now() - WAIT_MAX_MS;
    for (let taken = 0; taken < BEGUN_PER_TURN;) {
      const first = this.waiting[0];
      if (!first) return;
      if (first.since > late) taken += 1;
      this.waiting.shift();
      this.begin(first.next);
    }
  };
}

declare module 'express' {
  interface Request {
    /** The value of `?ticket=`; see {@link takeTicket}. */
    stream_ticket?: string;
  }
}

/** The cookie that holds a browser's access token. In production only the name with the prefix `__Host-` is accepted. */
export const ACCESS_COOKIE = 'nexus_access';
const ACCESS_COOKIE_SENT = /(?:^|;\s*)(?:__Host-)?nexus_access=/;
const TICKET = 'ticket=';

/**
 * Takes `?ticket=` out of the address of a request before anything else reads it, so that no log line, trace, error or 404 message
 * can contain the secret.
 */
export function takeTicket(request: Request, _response: Response, next: NextFunction): void {
  const start = request.url.indexOf('?');
  if (start !== -1 && request.url.includes(TICKET, start)) {
    const parts = request.url.slice(start + 1).split('&');
    const ticket = parts.find((part) => part.startsWith(TICKET))?.slice(TICKET.length);
    const others = parts.filter((part) => !part.startsWith(TICKET)).join('&');
    if (ticket !== undefined) request.stream_ticket = ticket;
    request.url = request.url.slice(0, start) + (others === '' ? '' : `?${others}`);
    request.originalUrl = request.url;
  }
  next();
}

/** Whether the request claims to come from a principal, by a header, a cookie or a ticket that are still to be verified. */
export function hasCredentials({ headers, stream_ticket }: Request): boolean {
  return (
    headers.authorization !== undefined ||
    headers['x-api-key'] !== undefined ||
    stream_ticket !== undefined ||
    ACCESS_COOKIE_SENT.test(headers.cookie ?? '')
  );
}

/** The value of a cookie; undefined without one. */
export function cookieOf(request: Request, name: string): string | undefined {
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}

/** Probes and scrapes reach a pod by its address. These routes show no organization's data. */
const ANY_HOST = new Set(['/health', '/health/live', '/health/ready', '/health/metrics']);
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];
const WILDCARD_ADDRESSES = ['0.0.0.0', '::', '[::]'];
const READING = new Set(['GET', 'HEAD', 'OPTIONS']);

type Middleware = (request: Request, response: Response, next: NextFunction) => void;

/**
 * Refuses what only a hostile web page sends, before a body is read: a `Host` name that is not the platform's own (DNS rebinding,
 * 400) and a state-changing request from a foreign `Origin` (403).
 */
export function hostGuard(settings: Settings): Middleware {
  const isOwnHost = ownHosts(settings);
  const isOwnOrigin = ownOrigins(settings);
  return (request, _response, next) => {
    const { host = '', origin } = request.headers;
    if (!isOwnHost(host) && !ANY_HOST.has(request.path)) {
      next(
        new ValidationError('The Host header does not name this platform', {
          details: { fields: { host: [`"${host.slice(0, 200)}" is not an accepted host`] } },
          suggestion: 'Use an address of this platform, or add the host to the setting NEXUS_ALLOWED_HOSTS.',
        }),
      );
    } else if (origin !== undefined && !READING.has(request.method) && !isOwnOrigin(origin, host)) {
      next(
        new PermissionDeniedError('Requests from this origin are refused', {
          details: { origin: origin.slice(0, 200) },
          suggestion: 'Add the origin to the setting ALLOWED_ORIGINS if you trust its pages.',
        }),
      );
    } else next();
  };
}

/** In production without NEXUS_ALLOWED_HOSTS and NEXUS_PUBLIC_URL every host is accepted: the proxy in front decides. */
function ownHosts(settings: Settings): (header: string) => boolean {
  const listed = settings.get('NEXUS_ALLOWED_HOSTS');
  const published = settings.get('NEXUS_PUBLIC_URL');
  const isOpen = listed.includes('*') || (settings.isProduction && listed.length === 0 && published === undefined);
  if (isOpen) return () => true;
  const bound = settings.get('API_HOST');
  const names = [...LOOPBACK_NAMES, ...listed];
  if (published !== undefined) names.push(new URL(published).hostname);
  if (!WILDCARD_ADDRESSES.includes(bound)) names.push(bound.includes(':') ? `[${bound}]` : bound);
  const exact = new Set(names.map((name) => name.toLowerCase()));
  const suffixes = listed.filter((name) => name.startsWith('.')).map((name) => name.toLowerCase());
  return (header) => {
    const name = nameOf(header);
    return exact.has(name) || suffixes.some((suffix) => name.endsWith(suffix));
  };
}

function ownOrigins(settings: Settings): (origin: string, host: string) => boolean {
  const published = settings.get('NEXUS_PUBLIC_URL');
  const allowed = new Set([
    ...settings.get('ALLOWED_ORIGINS'),
    ...(published === undefined ? [] : [new URL(published).origin]),
  ]);
  // A proxy in front may end TLS, so the scheme of the request itself says nothing.
  return (origin, host) =>
    allowed.has('*') || allowed.has(origin) || origin === `http://${host}` || origin === `https://${host}`;
}

/** Without port and trailing dot, in lower case. */
function nameOf(header: string): string {
  return header.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
}

/** During shutdown, each response closes its connection, so that the client opens the next one elsewhere. */
export function leavingConnections(lifecycle: Lifecycle) {
  return (_request: Request, response: Response, next: NextFunction): void => {
    if (lifecycle.isDraining) response.setHeader('Connection', 'close');
    next();
  };
}

interface UnreadableAnswer {
  status: string;
  message: string;
  suggestion: string;
}

const ANSWERS: Readonly<Record<string, UnreadableAnswer>> = {
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    message: 'The URL and headers together exceed 16 KB',
    suggestion: 'Shorten the URL or the headers.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: '408 Request Timeout',
    message: 'The request did not arrive in time',
    suggestion: 'Retry with a smaller body or over a faster connection.',
  },
};
const MALFORMED: UnreadableAnswer = {
  status: '400 Bad Request',
  message: 'The request is not valid HTTP',
  suggestion: 'Send a valid HTTP/1.1 request.',
};

/** Requests that Node's parser refuses never reach a route: they are answered here, with the error envelope. */
export function answerUnreadableRequests(server: Server, requestId: () => string, now: () => string): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const { status, message, suggestion } = ANSWERS[error.code ?? ''] ?? MALFORMED;
    const request_id = requestId();
    const body = JSON.stringify({
      success: false,
      error: {
        code: 'VALIDATION_ERROR',
        message,
        details: {},
        suggestion,
        trace_id: request_id,
      },
      timestamp: now(),
      request_id,
    });
    socket.end(
      `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
        `X-Request-Id: ${request_id}\r\nConnection: close\r\n\r\n${body}`,
    );
  });
}

const YEAR_SECONDS = 31_536_000;

/** Swagger UI needs inline styles and data images, ReDoc a worker from a blob; scripts come from this host only. */
const CONTENT_SECURITY = {
  defaultSrc: ["'self'"],
  baseUri: ["'none'"],
  objectSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'", "'unsafe-inline'"],
  imgSrc: ["'self'", 'data:'],
  fontSrc: ["'self'", 'data:'],
  workerSrc: ["'self'", 'blob:'],
  frameAncestors: ["'none'"],
  upgradeInsecureRequests: null,
};

/** No page of the platform needs a sensor, a camera or a payment. */
const PERMISSIONS = 'accelerometer=(), camera=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()';

/**
 * Headers that every answer carries. HSTS only in production: a laptop has no certificate. What helmet sets is the same for every answer,
 * so its dozen middlewares run once, here.
 */
export function securityHeaders(isProduction: boolean): Middleware {
  const headers = new Map<string, string>();
  const answer = {
    setHeader: (name: string, value: string) => headers.set(name, value),
    removeHeader: (name: string) => headers.delete(name),
  };
  helmet({
    contentSecurityPolicy: { directives: CONTENT_SECURITY },
    frameguard: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
    strictTransportSecurity: isProduction ? { maxAge: YEAR_SECONDS, includeSubDomains: true } : false,
  })({} as Request, answer as unknown as Response, () => undefined);
  headers.set('Permissions-Policy', PERMISSIONS);
  // Responses contain an organization's data. Pages and scripts of the documentation set their own policy.
  headers.set('Cache-Control', 'no-store');
  const fixed = [...headers];
  return (_request, response, next) => {
    for (const [name, value] of fixed) response.setHeader(name, value);
    next();
  };
}
