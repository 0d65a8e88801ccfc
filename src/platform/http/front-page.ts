import { createHash } from 'node:crypto';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Express } from 'express';
import { Clock } from '../../shared/clock.js';
import { VERSION } from '../../shared/version.js';
import { Settings } from '../config/settings.js';
import { CONSOLE_PATH, hasConsole } from './console.js';

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
  const page = pageOf(settings.get('ENVIRONMENT') === 'development');
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
    else response.set('Content-Security-Policy', PAGE_SECURITY).type('html').send(page);
  });
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

const pageOf = (isDevelopment: boolean): string => `<!doctype html>
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
        <dt><a href="${LINKS.docs}">Swagger UI</a></dt><dd>Every route, to read and to try</dd>
        <dt><a href="${LINKS.reference}">API reference</a></dt><dd>The same routes to read, from <a href="${LINKS.openapi}">openapi.json</a></dd>
        <dt><a href="${LINKS.health}">Health</a></dt><dd>Checks of this process, and its <a href="${LINKS.metrics}">metrics</a></dd>
      </dl>
      <h2>Sign in</h2>
      <p>${isDevelopment ? 'The start has printed an e-mail address and where the password is. A lost password: <code>npm run admin -- reset</code>.' : 'With the account that an administrator of your organization invited you to.'}
      The token of the answer goes into the header <code>Authorization: Bearer …</code>; in Swagger UI, under Authorize.</p>
      <pre>curl localhost:8000${LINKS.sign_in} -H 'content-type: application/json' \\
  -d '{"email": "…", "password": "…"}'</pre>
    </main>
  </body>
</html>
`;
