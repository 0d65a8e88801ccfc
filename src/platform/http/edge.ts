import type { NextFunction, Request, Response } from 'express';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import helmet from 'helmet';
import { PermissionDeniedError, ValidationError } from '../../shared/domain-error.js';
import type { Settings } from '../config/settings.js';
import type { Lifecycle } from '../lifecycle/lifecycle.js';

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

/** While the process leaves, each answer tells its client to open the next connection elsewhere. */
export function leavingConnections(lifecycle: Lifecycle) {
  return (_request: Request, response: Response, next: NextFunction): void => {
    if (lifecycle.isDraining) response.setHeader('Connection', 'close');
    next();
  };
}

const ANSWERS: Readonly<Record<string, [status: string, message: string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'The headers are larger than 16 KB'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request did not arrive in time'],
};
const MALFORMED: [string, string] = ['400 Bad Request', 'The request is not valid HTTP'];

/** What Node's parser refuses never reaches a route: it is answered here, in the error envelope all the same. */
export function answerUnreadableRequests(server: Server, requestId: () => string, now: () => string): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const [status, message] = ANSWERS[error.code ?? ''] ?? MALFORMED;
    const request_id = requestId();
    const body = JSON.stringify({
      success: false,
      error: {
        code: 'VALIDATION_ERROR',
        message,
        details: {},
        suggestion: 'Send a well-formed request with small headers.',
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
  // Answers hold an organization's data. Pages and scripts of the documentation set their own policy.
  headers.set('Cache-Control', 'no-store');
  const fixed = [...headers];
  return (_request, response, next) => {
    for (const [name, value] of fixed) response.setHeader(name, value);
    next();
  };
}
