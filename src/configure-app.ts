import type { NestExpressApplication } from '@nestjs/platform-express';
import { Settings } from './platform/config/settings.js';
import { serveConsole, serveFrontPage } from './platform/http/front-page.js';
import {
  hostGuard,
  leavingConnections,
  answerUnreadableRequests,
  securityHeaders,
  Intake,
  takeTicket,
} from './platform/http/edge.js';
import { serveApiDocs } from './platform/http/openapi.js';
import { RequestContext, RequestContextMiddleware } from './platform/observability/request-context.js';
import { validationPipe } from './platform/http/validation.pipe.js';
import { Lifecycle } from './platform/lifecycle/lifecycle.js';
import { RequestObserver } from './platform/observability/request-observer.js';
import { Clock } from './shared/clock.js';
import { Ids } from './shared/ids.js';

export const API_PREFIX = 'api/v1';
/** What a browser's script may read of an answer. */
const EXPOSED_HEADERS = [
  'X-Request-Id',
  'Location',
  'Retry-After',
  'RateLimit',
  'RateLimit-Policy',
  'Budget',
  'Budget-Policy',
  'Server-Timing',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'WWW-Authenticate',
  'Mcp-Session-Id',
];
/** Served at the root, for probes and for clients that look for them there; `/v1` is OpenAI's. */
const OUTSIDE_THE_PREFIX = [
  'health',
  'health/*path',
  'stages/info',
  'api/v1/stages/info',
  'mcp{/*path}',
  'v1/*path',
  'a2a{/*path}',
  'ag-ui/*path',
  'ai-sdk/*path',
  '.well-known/*path',
  'mock{/*path}',
];

/** Everything between `NestFactory.create` and `listen`. End-to-end tests call it too: what is tested is what ships. */
export function configureApp(app: NestExpressApplication): void {
  const settings = app.get(Settings);
  app.disable('x-powered-by');
  // Answers carry the time and a request id, so no two are the same: a tag of their bytes would be work for nothing.
  app.set('etag', false);
  const proxies = settings.get('TRUSTED_PROXIES');
  // Addresses that callers claim are believed only from proxies that the operator named.
  app.set('trust proxy', proxies.length > 0 ? proxies : false);
  const intake = new Intake();
  app.use(intake.take);
  app.use(takeTicket);
  app.use(new RequestContextMiddleware(app.get(RequestContext), app.get(Ids)).use);
  app.use(app.get(RequestObserver).observe);
  app.use(leavingConnections(app.get(Lifecycle)));
  app.use(securityHeaders(settings.isProduction));
  app.use(intake.refuse);
  app.use(hostGuard(settings));
  const origins = settings.get('ALLOWED_ORIGINS');
  if (origins.length > 0)
    app.enableCors({
      origin: origins.includes('*') ? true : origins,
      credentials: !origins.includes('*'),
      exposedHeaders: EXPOSED_HEADERS,
      maxAge: 600,
    });
  app.setGlobalPrefix(API_PREFIX, { exclude: OUTSIDE_THE_PREFIX });
  app.useGlobalPipes(validationPipe());
  serveApiDocs(app);
  serveFrontPage(app);
  serveConsole(app);
  const [ids, clock] = [app.get(Ids), app.get(Clock)];
  answerUnreadableRequests(
    app.getHttpServer(),
    () => ids.next('req'),
    () => clock.timestamp(),
  );
}
