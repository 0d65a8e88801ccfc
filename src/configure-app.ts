import type { NestExpressApplication } from '@nestjs/platform-express';
import helmet from 'helmet';
import { Settings } from './platform/config/settings.js';
import { serveApiDocs } from './platform/http/openapi.js';
import { RequestContext } from './platform/http/request-context.js';
import { RequestContextMiddleware } from './platform/http/request-context.middleware.js';
import { validationPipe } from './platform/http/validation.pipe.js';
import { RequestObserver } from './platform/observability/request-observer.js';
import { Ids } from './shared/ids.js';

export const API_PREFIX = 'api/v1';
const BODY_LIMIT = '10mb';
/** Served at the root, for probes and for clients that look for them there. */
const OUTSIDE_THE_PREFIX = ['health', 'health/*path', 'stages/info', 'api/v1/stages/info'];

/** Everything between `NestFactory.create` and `listen`. End-to-end tests call it too: what is tested is what ships. */
export function configureApp(app: NestExpressApplication): void {
  const settings = app.get(Settings);
  app.disable('x-powered-by');
  // Answers carry the time and a request id, so no two are the same: a tag of their bytes would be work for nothing.
  app.set('etag', false);
  app.use(new RequestContextMiddleware(app.get(RequestContext), app.get(Ids)).use);
  app.use(app.get(RequestObserver).observe);
  app.use(helmet({ contentSecurityPolicy: { directives: CONTENT_SECURITY } }));
  const origins = settings.get('ALLOWED_ORIGINS');
  if (origins.length > 0)
    app.enableCors({ origin: origins.includes('*') ? true : origins, credentials: !origins.includes('*') });
  app.useBodyParser('json', { limit: BODY_LIMIT });
  app.setGlobalPrefix(API_PREFIX, { exclude: OUTSIDE_THE_PREFIX });
  app.useGlobalPipes(validationPipe());
  serveApiDocs(app);
  app.enableShutdownHooks([], { useProcessExit: true });
}

/** Swagger UI needs inline styles and data images, ReDoc a worker from a blob; scripts come from this host only. */
const CONTENT_SECURITY = {
  defaultSrc: ["'self'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'", "'unsafe-inline'"],
  imgSrc: ["'self'", 'data:'],
  fontSrc: ["'self'", 'data:'],
  workerSrc: ["'self'", 'blob:'],
  frameAncestors: ["'none'"],
  upgradeInsecureRequests: null,
};
