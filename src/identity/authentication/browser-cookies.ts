import { createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { CookieOptions, Request, Response } from 'express';
import { Settings } from '../../platform/config/settings.js';
import { ACCESS_COOKIE, cookieOf } from '../../platform/http/edge.js';
import { PermissionDeniedError } from '../../shared/domain-error.js';
import { newSecret } from '../../platform/secrets/secret-box.js';
import { ACCESS_TOKEN_SECONDS, REFRESH_TOKEN_SECONDS, tokenSecret } from './access-tokens.js';

const REFRESH_COOKIE = 'nexus_refresh';
const CSRF_COOKIE = 'nexus_csrf';
/** As long as a mailed sign-in link is valid; a sign-in at a provider may take less. */
const SIGN_IN_SECONDS = 900;
const SIGN_IN_COOKIE = 'nexus_sign_in';
const SIGN_IN_SECRET = /^[\w-]{43}$/;
const CSRF_HEADER = 'X-CSRF-Token';
/** The refresh token is sent to the routes of the session only. */
const REFRESH_PATH = '/api/v1/auth/session';
const READING = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * The cookies of a browser: those of its sign-in, which are the access token and the refresh token, which scripts cannot read, and the
 * CSRF token, which they must; and the secret of a sign-in that continues at a provider or in a mailbox. All are SameSite=Lax, because
 * the browser comes back by a link. In production they are Secure and carry the prefixes `__Host-` and `__Secure-`, so that no other
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

  /** The secret by which a browser that comes back is recognized as the one that left. */
  signInSecret(request: Request): string | undefined {
    const value = cookieOf(request, this.name('__Host-', SIGN_IN_COOKIE));
    return value !== undefined && SIGN_IN_SECRET.test(value) ? value : undefined;
  }

  /** Gives the browser its secret. It keeps one that it has, so that two tabs can sign in side by side. */
  setSignInSecret(request: Request, response: Response): string {
    const secret = this.signInSecret(request) ?? newSecret('');
    const options = this.options({ httpOnly: true, maxAge: SIGN_IN_SECONDS * 1000 });
    response.cookie(this.name('__Host-', SIGN_IN_COOKIE), secret, options);
    return secret;
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
