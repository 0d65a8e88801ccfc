import type { NextFunction, Request, Response } from 'express';

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
