import type { NextFunction, Request, Response } from 'express';
import { PermissionDeniedError, ValidationError } from '../../shared/domain-error.js';
import type { Settings } from '../config/settings.js';

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
