import { Injectable, NotFoundException } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Request } from 'express';
import { DomainError } from '../../shared/domain-error.js';

/** The path exists, but not with this method; `allowed` names those that do. */
export class MethodNotAllowedError extends DomainError {
  override readonly code = 'METHOD_NOT_ALLOWED';

  constructor(
    method: string,
    readonly allowed: string[],
  ) {
    super(`${method} is not possible here`, { details: { allowed } });
  }
}

interface RouteLayer {
  route?: { methods: Record<string, boolean> };
  match(path: string): boolean;
}

/** Express answers 404 for a known path with an unknown method; this looks the path up among the routes and says 405 instead. */
@Injectable()
export class MethodCheck {
  constructor(private readonly host: HttpAdapterHost) {}

  /** What to answer for `error`: itself, unless it is the router's own 404 for a path that has other methods. */
  refine(error: unknown, request: Request): unknown {
    const isFromRouter = error instanceof NotFoundException && error.message.startsWith(`Cannot ${request.method}`);
    if (!isFromRouter) return error;
    // The router's own 404 comes from below the API prefix, where `path` has lost it.
    const allowed = this.allowedFor(request.originalUrl.split('?', 1)[0] ?? '/');
    return allowed.length === 0 || allowed.includes(request.method)
      ? error
      : new MethodNotAllowedError(request.method, allowed);
  }

  private allowedFor(path: string): string[] {
    const express: { router: { stack: RouteLayer[] } } = this.host.httpAdapter.getInstance();
    const { router } = express;
    const methods = router.stack.flatMap((layer) => {
      const own = Object.keys(layer.route?.methods ?? {});
      // Each route has one method; what takes all of them is the framework's own "not found" for a path outside the prefix.
      return own.length === 1 && matches(layer, path) ? own : [];
    });
    return [...new Set(methods.map((method) => method.toUpperCase()))].filter((method) => method !== '_ALL');
  }
}

/** A path that cannot be decoded matches nothing. */
function matches(layer: RouteLayer, path: string): boolean {
  try {
    return layer.match(path);
  } catch {
    return false;
  }
}
