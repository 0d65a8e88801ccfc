import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { NotFoundException } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { Express, RequestHandler } from 'express';
import { VERSION } from '../../shared/version.js';
import { applyDocumentRules } from './document-rules.js';

const TAGS: Readonly<Record<string, string>> = {
  'sign-in': 'Start here: tokens and accounts',
  projects: 'Projects that build an agent from a requirement in six stages',
  stages: 'The stages of a build',
  agents: 'Agents, their versions and how to invoke them',
  tools: 'Tools that agents can call: HTTP services, MCP servers, OpenAPI operations, integrations and flows',
  credentials: 'Credentials for APIs and MCP servers, encrypted at rest',
  integrations: 'Imported APIs whose operations people, agents and flows can call',
  flows: 'Durable workflows: definitions, runs, triggers and dead letters',
  invocations: 'Agent runs: input, output and trace',
  sessions: 'Multi-turn conversations',
  statistics: 'Builds, invocations, tokens and spending, mostly per UTC day',
  exports: 'Packages of agents, flows and integrations',
  models: 'Model providers, prices and connection tests',
  budgets: 'Daily and monthly spending limits for model calls',
  keys: 'API keys of an organization',
  organizations: 'Organizations, their members and invitations',
  operator: 'All organizations, for platform operators',
  audit: 'Audit log',
  orchestration: 'Partnerships with AI services and their health; decisions and their outcomes',
  OpenAI: 'OpenAI-compatible API in which agents are models',
  health: 'Health probes and metrics (public)',
  'older routes': 'Deprecated. Kept for clients of the systems that Nexus replaces',
};

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
type OperationObject = NonNullable<OpenAPIObject['paths'][string]['get']>;

/** The committed document. CI fails when it differs from the routes, so no process has to build it again. */
const DOCUMENT_FILE = new URL('../../../openapi.json', import.meta.url);

/**
 * Builds the OpenAPI document from the routes. Complete only in what `nest build` compiled, whose plugin reads the DTOs' types and
 * comments: `npm run openapi` does that and writes `openapi.json`.
 */
export function apiDocument(app: NestExpressApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Nexus Platform API')
    .setDescription('The control plane for AI agents: from one paragraph to a running, measured agent.')
    .setVersion(VERSION)
    .setOpenAPIVersion('3.1.0')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/', 'The server that serves this document')
    .addBearerAuth({ type: 'http', description: 'An access token from /api/v1/auth/login, or an API key.' }, 'token')
    .addApiKey({ type: 'apiKey', name: 'X-API-Key', in: 'header', description: 'An API key (nxs_…).' }, 'key');
  for (const [name, description] of Object.entries(TAGS)) config.addTag(name, description);
  const document = SwaggerModule.createDocument(app, config.build());
  for (const path of Object.values(document.paths)) for (const method of METHODS) secure(path[method]);
  applyDocumentRules(document);
  return document;
}

/** Public routes say so; every other takes a token or a key. */
function secure(operation: OperationObject | undefined): void {
  if (operation) operation.security = isPublic(operation) ? [] : [{ token: [] }, { key: [] }];
}

const isPublic = (operation: OperationObject): boolean => 'x-public' in operation && operation['x-public'] === true;

/** The files that Swagger UI's page loads. Its package contains more: readmes, source maps, other bundles. */
const SWAGGER_FILES = new Set([
  '',
  'index.html',
  'swagger-ui-init.js',
  'swagger-ui.css',
  'swagger-ui-bundle.js',
  'swagger-ui-standalone-preset.js',
  'favicon-16x16.png',
  'favicon-32x32.png',
]);
/** Answered with faults of their own by the server of static files; a GET may ignore them. */
const CONDITIONS = ['range', 'if-range', 'if-match', 'if-unmodified-since'];

/** Swagger UI at `/docs`, the document at `/docs-json` and `/openapi.json`, ReDoc at `/redoc`; all files come from this process. */
export function serveApiDocs(app: NestExpressApplication): void {
  const express: Express = app.getHttpAdapter().getInstance();
  express.use(['/docs', '/redoc-assets'], (request, response, next) => {
    for (const header of CONDITIONS) delete request.headers[header];
    response.removeHeader('Cache-Control');
    next();
  });
  express.use('/docs', (request, _response, next) => {
    const file = request.path.replace(/^\/(?:docs\/)?/, '');
    if (!SWAGGER_FILES.has(file)) throw new NotFoundException(`Cannot ${request.method} ${request.originalUrl}`);
    next();
  });
  for (const path of ['/docs-json', '/docs-yaml']) express.get(path, renderedOnce());
  SwaggerModule.setup('docs', app, () => JSON.parse(readFileSync(DOCUMENT_FILE, 'utf8')) as OpenAPIObject, {
    jsonDocumentUrl: 'docs-json',
    yamlDocumentUrl: 'docs-yaml',
    customSiteTitle: 'Nexus API',
  });
  const redocBundle = createRequire(import.meta.url).resolve('redoc/bundles/redoc.standalone.js');
  express.get('/redoc-assets/redoc.standalone.js', (_request, response) => {
    response.sendFile(redocBundle, { maxAge: '1d' });
  });
  express.get('/redoc', (_request, response) => {
    response.type('html').send(REDOC_PAGE);
  });
  express.get('/openapi.json', (_request, response) => {
    response.redirect(308, '/docs-json');
  });
}

/** Keeps the first answer: writing the whole document as text costs up to a tenth of a second. */
function renderedOnce(): RequestHandler {
  const first: { text?: unknown; type?: string } = {};
  return (_request, response, next) => {
    if (first.type !== undefined) {
      response.type(first.type).send(first.text);
      return;
    }
    const send = response.send.bind(response);
    response.send = (text: unknown) => {
      const type = response.get('Content-Type');
      if (response.statusCode === 200 && type !== undefined) Object.assign(first, { text, type });
      return send(text);
    };
    next();
  };
}

const REDOC_PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Nexus API reference</title>
  </head>
  <body style="margin:0">
    <redoc spec-url="/docs-json"></redoc>
    <script src="/redoc-assets/redoc.standalone.js"></script>
  </body>
</html>
`;
