import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { NotFoundException } from '@nestjs/common';
import type { Express, Request, Response } from 'express';
import { Settings } from '../config/settings.js';

/** Where the page of the console is. */
export const CONSOLE_PATH = '/console';
/** What `npm run build` wrote; see console/ and scripts/console.mjs. */
const BUILD = fileURLToPath(new URL('../../../console/dist/', import.meta.url));
const FILE_NAME = /^(?:assets\/)?[\w-]+(?:\.[\w-]+)+$/;
const YEAR_SECONDS = 31_536_000;
/** The page's markup holds this in place of the nonce of its answer. */
const NONCE_PLACE = /__NONCE__/g;

/** Best first: the suffix of a compressed copy that the build wrote beside each file, and its name in HTTP. */
const ENCODINGS = [
  { suffix: '.br', name: 'br' },
  { suffix: '.gz', name: 'gzip' },
] as const;

/** Scripts, styles, fonts and requests of this host only. Style elements that components insert carry the nonce. */
const policy = (nonce: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');

/** Whether {@link serveConsole} serves the console: it was built, and `NEXUS_CONSOLE` does not turn it off. */
export const hasConsole = (settings: Settings): boolean =>
  settings.get('NEXUS_CONSOLE') && existsSync(`${BUILD}index.html`);

/**
 * Serves the console at `/console`: files of its build, streamed from the disk, and the page itself for every address of its router.
 * Files with a hash in their name may be cached for a year, the page not at all.
 */
export function serveConsole(app: NestExpressApplication): void {
  const settings = app.get(Settings);
  if (!hasConsole(settings)) return;
  const express: Express = app.getHttpAdapter().getInstance();
  express.use(CONSOLE_PATH, (request, response, next) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      next();
      return;
    }
    const file = request.path.slice(1);
    if (file !== 'index.html' && isFile(file)) sendFile(request, response, file);
    else if (extname(file) === '' || file === 'index.html') sendPage(response).catch(next);
    else throw new NotFoundException(`Cannot ${request.method} ${request.originalUrl}`);
  });
}

/** Whether the build has the file. Its names are plain: no other path reaches the disk. */
const isFile = (file: string): boolean => FILE_NAME.test(file) && existsSync(BUILD + file);

function sendFile(request: Request, response: Response, file: string): void {
  const accepted = request.header('Accept-Encoding') ?? '';
  const encoding = ENCODINGS.find(({ suffix, name }) => accepted.includes(name) && existsSync(BUILD + file + suffix));
  response.vary('Accept-Encoding');
  if (encoding) response.setHeader('Content-Encoding', encoding.name);
  // Of the file itself: the type of a compressed copy is that of an archive.
  response.type(extname(file));
  response.setHeader(
    'Cache-Control',
    file.startsWith('assets/') ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache',
  );
  response.sendFile(file + (encoding?.suffix ?? ''), { root: BUILD, cacheControl: false, acceptRanges: false });
}

async function sendPage(response: Response): Promise<void> {
  const nonce = randomBytes(16).toString('base64');
  const page = await readFile(`${BUILD}index.html`, 'utf8');
  response.setHeader('Content-Security-Policy', policy(nonce));
  response.setHeader('Cache-Control', 'no-store');
  response.type('html').send(page.replace(NONCE_PLACE, nonce));
}
