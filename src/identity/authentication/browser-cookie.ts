import type { Request, Response } from 'express';
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
