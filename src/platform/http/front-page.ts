import { randomBytes, createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { NotFoundException } from '@nestjs/common';
import type { Express, Request, Response } from 'express';
import { Settings } from '../config/settings.js';
import { Clock } from '../../shared/clock.js';
import { VERSION } from '../../shared/version.js';

/** Where the page of the console is. */
export const CONSOLE_PATH = '/console';
/** What `npm run build` wrote; see console/ and scripts/console.mjs. */
const BUILD = fileURLToPath(new URL('../../../console/dist/', import.meta.url));
const FILE_NAME = /^(?:assets\/)?[\w-]+(?:\.[\w-]+)+$/;
const YEAR_SECONDS = 31_536_000;
/** The page's markup contains this in place of the response's nonce. */
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

const LINKS = {
  docs: '/docs',
  reference: '/redoc',
  openapi: '/openapi.json',
  health: '/health/detailed',
  metrics: '/health/metrics',
  sign_in: '/api/v1/auth/login',
};

/** `/`: for a browser the console, or a page of links without it; for every other client the links as JSON. */
export function serveFrontPage(app: NestExpressApplication): void {
  const [settings, clock] = [app.get(Settings), app.get(Clock)];
  const isBuilt = hasConsole(settings);
  const isDevelopment = settings.get('ENVIRONMENT') === 'development';
  const express: Express = app.getHttpAdapter().getInstance();
  express.get('/', (request, response) => {
    response.vary('Accept');
    if (request.accepts(['json', 'html']) !== 'html')
      response.json({
        success: true,
        data: { name: 'Nexus', version: VERSION, links: { ...LINKS, ...(isBuilt ? { console: CONSOLE_PATH } : {}) } },
        timestamp: clock.timestamp(),
        request_id: response.get('X-Request-Id'),
      });
    else if (isBuilt) response.redirect(CONSOLE_PATH);
    else {
      const page = pageOf(isDevelopment, originOf(request, settings));
      response.set('Content-Security-Policy', PAGE_SECURITY).type('html').send(page);
    }
  });
}

const PLAIN_ORIGIN = /^https?:\/\/(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/i;

/** Where the reader reaches the platform. The page contains it unescaped, so a host with other characters is not shown. */
function originOf(request: Request, settings: Settings): string {
  const published = settings.get('NEXUS_PUBLIC_URL');
  const origin =
    published === undefined ? `${request.protocol}://${request.headers.host ?? ''}` : new URL(published).origin;
  return PLAIN_ORIGIN.test(origin) ? origin : `http://localhost:${settings.get('API_PORT')}`;
}

const STYLE =
  ':root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem}' +
  'pre{overflow-x:auto;padding:1rem;border:1px solid #8884;border-radius:.5rem}dt{font-weight:600}dd{margin:0 0 .5rem}';
const PAGE_SECURITY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const pageOf = (isDevelopment: boolean, origin: string): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Nexus</title>
    <style>${STYLE}</style>
  </head>
  <body>
    <main>
      <h1>Nexus ${VERSION}</h1>
      <p>The control plane for AI agents: from one paragraph to a running, measured agent. This platform is up.</p>
      <dl>
        <dt><a href="${LINKS.docs}">Swagger UI</a></dt><dd>Every route, with a form to try it</dd>
        <dt><a href="${LINKS.reference}">API reference</a></dt><dd>The same routes as a reference, generated from <a href="${LINKS.openapi}">openapi.json</a></dd>
        <dt><a href="${LINKS.health}">Health</a></dt><dd>Checks of this process, and its <a href="${LINKS.metrics}">metrics</a></dd>
      </dl>
      <h2>Sign in</h2>
      <p>${isDevelopment ? 'Startup printed an email address and where to find the password. If you lost it: <code>npm run admin -- reset</code>.' : 'Use the account with which you accepted the invitation to your organization.'}
      Send the token from the response in the header <code>Authorization: Bearer …</code>; in Swagger UI, under Authorize.</p>
      <pre>curl ${origin}${LINKS.sign_in} -H 'content-type: application/json' \\
  -d '{"email": "…", "password": "…"}'</pre>
    </main>
  </body>
</html>
`;
