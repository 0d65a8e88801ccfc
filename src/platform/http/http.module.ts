import { Global, Module, NotFoundException, type OnApplicationBootstrap } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, HttpAdapterHost } from '@nestjs/core';
import type { Express, NextFunction, Request, Response } from 'express';
import { BodyInterceptor, EnvelopeInterceptor, type RouteStep, RouteSteps } from './envelope.interceptor.js';
import { ErrorFilter, MethodCheck } from './error.filter.js';
import { EventStreamLimit } from './event-stream.js';
import { IdempotencyInterceptor } from './idempotency/idempotency.interceptor.js';
import { IdempotencyRepository } from './idempotency/idempotency.repository.js';
import { Settings } from '../config/settings.js';
import { Budgets, RateLimits, StrangerGuard } from './rate-limits.js';
import { RequestContext } from '../observability/request-context.js';

/** Bodies, envelope, error filter, idempotency keys and request context for every route. */
@Global()
@Module({
  providers: [
    RequestContext,
    IdempotencyRepository,
    MethodCheck,
    ErrorFilter,
    { provide: APP_FILTER, useExisting: ErrorFilter },
    BodyInterceptor,
    EventStreamLimit,
    EnvelopeInterceptor,
    IdempotencyInterceptor,
    {
      provide: RouteSteps,
      inject: [BodyInterceptor, EventStreamLimit, EnvelopeInterceptor, IdempotencyInterceptor],
      useFactory: (...steps: RouteStep[]) => new RouteSteps(steps),
    },
    { provide: APP_INTERCEPTOR, useExisting: RouteSteps },
  ],
  exports: [RequestContext, ErrorFilter, RouteSteps],
})
export class HttpModule implements OnApplicationBootstrap {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly errors: ErrorFilter,
  ) {}

  /** After all routes: answers unknown paths with the error envelope, even outside the API prefix. */
  onApplicationBootstrap(): void {
    // Commands such as the recount of the statistics run the platform without HTTP.
    const adapter: HttpAdapterHost['httpAdapter'] | null = this.host.httpAdapter;
    if (adapter === null) return;
    const express: Express = adapter.getInstance();
    express.use((request: Request) => {
      throw new NotFoundException(`Cannot ${request.method} ${request.path}`);
    });
    express.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
      this.errors.answer(error, request, response);
    });
    indexRoutes(express);
  }
}

/** Imported before identity: its guard runs before authentication. */
@Global()
@Module({
  providers: [
    { provide: Budgets, inject: [Settings], useFactory: budgetsOf },
    RateLimits,
    { provide: APP_GUARD, useClass: StrangerGuard },
  ],
  exports: [RateLimits],
})
export class RateLimitModule {}

async function budgetsOf(settings: Settings): Promise<Budgets> {
  const url = settings.get('REDIS_URL');
  return url === undefined ? Budgets.inMemory() : Budgets.shared(url);
}

interface Layer {
  route?: { path?: unknown };
}

type Handle = (this: Router, request: Request, response: Response, next: NextFunction) => void;

interface Router {
  stack: Layer[];
  handle: Handle;
}

/** Routes by the literal beginning of their paths. */
interface Branch {
  readonly children: Map<string, Branch>;
  readonly layers: Set<Layer>;
  /** The router with the layers that can match below this branch. */
  router?: Router;
}

const branch = (): Branch => ({ children: new Map(), layers: new Set() });
const NOT_LITERAL = /[:*{}()[\]\\?+!]/;

/**
 * Lets Express try only the routes whose literal beginning is that of the request, in their order, instead of all of them in turn, which
 * costs a tenth of a small request. Whether one matches is still Express's decision. Call it after all routes are registered.
 */
export function indexRoutes({ router: stacked }: Express): void {
  const router = stacked as unknown as Router;
  const { handle } = router;
  let root: Branch | undefined;
  let indexed = 0;
  router.handle = function (request, response, next) {
    if (root === undefined || indexed !== this.stack.length) {
      root = rootOf(this.stack);
      indexed = this.stack.length;
    }
    handle.call(request.url.startsWith('/') ? routerFor(root, request.url, this) : this, request, response, next);
  };
}

function rootOf(stack: readonly Layer[]): Branch {
  const root = branch();
  for (const layer of stack) {
    let at = root;
    for (const segment of literalSegments(layer.route?.path)) {
      const child = at.children.get(segment) ?? branch();
      at.children.set(segment, child);
      at = child;
    }
    at.layers.add(layer);
  }
  return root;
}

/** Of a middleware none: it may take any path. */
function literalSegments(path: unknown): string[] {
  if (typeof path !== 'string') return [];
  const segments = path.toLowerCase().split('/').slice(1);
  const end = segments.findIndex((segment) => NOT_LITERAL.test(segment));
  return end < 0 ? segments : segments.slice(0, end);
}

function routerFor(root: Branch, url: string, router: Router): Router {
  const end = url.indexOf('?');
  const path = (end < 0 ? url : url.slice(0, end)).toLowerCase();
  const way = [root];
  let at = root;
  for (let from = 1; from <= path.length;) {
    const next = path.indexOf('/', from);
    const child = at.children.get(path.slice(from, next < 0 ? path.length : next));
    if (!child) break;
    way.push(child);
    at = child;
    from = next < 0 ? path.length + 1 : next + 1;
  }
  return (at.router ??= Object.create(router, {
    stack: { value: router.stack.filter((layer) => way.some(({ layers }) => layers.has(layer))) },
  }) as Router);
}
