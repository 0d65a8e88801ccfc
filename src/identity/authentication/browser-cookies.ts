import { createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { CookieOptions, Request, Response } from 'express';
import { Settings } from '../../platform/config/settings.js';
import { ACCESS_COOKIE, cookieOf } from '../../platform/http/presented-credentials.js';
import { PermissionDeniedError } from '../../shared/domain-error.js';
import { ACCESS_TOKEN_SECONDS, REFRESH_TOKEN_SECONDS, tokenSecret } from './access-tokens.js';
import { newSecret } from '../secrets.js';

/** As long as a mailed sign-in link is valid; a sign-in at a provider may take less. */
const KEPT_SECONDS = 900;
const COOKIE = 'nexus_sign_in';
const VALUE = /^[\w-]{43}$/;
const PATH = '/api/v1/auth';

/** The secret by which a browser that comes back from a provider is known to be the one that left. */
export function browserOf(request: Request): string | undefined {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim().split('='));
  const [, value] = pairs.find(([name]) => name === COOKIE) ?? [];
  return value !== undefined && VALUE.test(value) ? value : undefined;
}

/** Gives the browser its secret; one that it has already stays good, so that two tabs can sign in side by side. */
export function rememberBrowser(request: Request, response: Response, isProduction: boolean): string {
  const browser = browserOf(request) ?? newSecret('');
  // Lax: the browser comes back by a link from the provider's site, and scripts never see it.
  response.cookie(COOKIE, browser, {
    httpOnly: true,
    sameSite: 'lax',
    secure: isProduction,
    path: PATH,
    maxAge: KEPT_SECONDS * 1000,
  });
  return browser;
}

const REFRESH_COOKIE = 'nexus_refresh';
const CSRF_COOKIE = 'nexus_csrf';
const CSRF_HEADER = 'X-CSRF-Token';
/** The refresh token is sent to the routes of the session only. */
const REFRESH_PATH = '/api/v1/auth/session';
const READING = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * The cookies of a browser's sign-in: the access token and the refresh token, which scripts cannot read, and the CSRF token, which
 * they must. All are SameSite=Lax. In production they are Secure and carry the prefixes `__Host-` and `__Secure-`, so that no other
 * host of the domain can set them; browsers accept neither on http://localhost, where development happens.
 */
@Injectable()
export class BrowserCookies {
  private readonly isProduction: boolean;
  private readonly key: string | Buffer;

  constructor(settings: Settings) {
    this.isProduction = settings.isProduction;
    this.key = tokenSecret(settings);
  }

  accessToken(request: Request): string | undefined {
    return cookieOf(request, this.name('__Host-', ACCESS_COOKIE));
  }

  refreshToken(request: Request): string | undefined {
    return cookieOf(request, this.name('__Secure-', REFRESH_COOKIE));
  }

  /** @returns the CSRF token of the sign-in, which stays the same when its tokens are refreshed. */
  set(response: Response, pair: { access_token: string; refresh_token: string }, family_id: string): string {
    const csrf_token = this.csrfToken(family_id);
    const week = REFRESH_TOKEN_SECONDS * 1000;
    const hidden = this.options({ httpOnly: true, maxAge: week });
    response.cookie(this.name('__Host-', ACCESS_COOKIE), pair.access_token, {
      ...hidden,
      maxAge: ACCESS_TOKEN_SECONDS * 1000,
    });
    response.cookie(this.name('__Secure-', REFRESH_COOKIE), pair.refresh_token, { ...hidden, path: REFRESH_PATH });
    response.cookie(this.name('__Host-', CSRF_COOKIE), csrf_token, this.options({ maxAge: week }));
    return csrf_token;
  }

  clear(response: Response): void {
    const hidden = this.options({ httpOnly: true });
    response.clearCookie(this.name('__Host-', ACCESS_COOKIE), hidden);
    response.clearCookie(this.name('__Secure-', REFRESH_COOKIE), { ...hidden, path: REFRESH_PATH });
    response.clearCookie(this.name('__Host-', CSRF_COOKIE), this.options({}));
  }

  /**
   * A page of another site can make a browser send cookies, but can neither read the CSRF cookie nor set the header.
   * @throws PermissionDeniedError for a request that changes something without the CSRF token of its sign-in
   */
  requireCsrfToken(request: Request, family_id: string): void {
    if (READING.has(request.method)) return;
    const sent = Buffer.from(request.header(CSRF_HEADER) ?? '');
    const right = Buffer.from(this.csrfToken(family_id));
    if (sent.length === right.length && timingSafeEqual(sent, right)) return;
    throw new PermissionDeniedError(`${CSRF_HEADER} is missing or does not belong to this sign-in`, {
      details: { header: CSRF_HEADER, cookie: this.name('__Host-', CSRF_COOKIE) },
      suggestion: `Copy the value of the cookie into the header ${CSRF_HEADER}.`,
    });
  }

  private csrfToken(family_id: string): string {
    return createHmac('sha256', this.key).update(`csrf:${family_id}`).digest('base64url');
  }

  private options(options: CookieOptions): CookieOptions {
    return { ...options, path: '/', sameSite: 'lax', secure: this.isProduction };
  }

  private name(prefix: '__Host-' | '__Secure-', name: string): string {
    return this.isProduction ? prefix + name : name;
  }
}
