import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { UnauthenticatedError } from '../shared/domain-error.js';
import type { Principal } from './principal.js';

declare module 'express' {
  interface Request {
    principal?: Principal;
  }
}

/** The principal that the guard found; a route that asks for it on a public path is refused rather than served without one. */
export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const { principal } = context.switchToHttp().getRequest<Request>();
  if (!principal) throw new UnauthenticatedError('This route needs a principal');
  return principal;
});
