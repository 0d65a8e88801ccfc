import { applyDecorators, createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { ApiExtension, ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayNotEmpty, ArrayUnique, IsArray, IsIn } from 'class-validator';
import type { Request } from 'express';
import { UnauthenticatedError } from '../shared/domain-error.js';
import { GRANTABLE_ROLES, type Principal, type Role, ROLES } from './principal.js';

export const ACCESS = 'nexus:access';

/**
 * The least role that may call a route, or every route of a controller. Reading takes `viewer`, building and invoking
 * `developer`, orchestration `orchestration_manager`, members, keys and settings `admin`; {@link holds} defines which role includes which.
 */
export const Access = (role: Role) => applyDecorators(SetMetadata(ACCESS, role), ApiExtension('x-least-role', role));

declare module 'express' {
  interface Request {
    principal?: Principal;
  }
}

/** The principal of the request. @throws UnauthenticatedError on a public route, which has none */
export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const { principal } = context.switchToHttp().getRequest<Request>();
  if (!principal) throw new UnauthenticatedError('This route requires authentication');
  return principal;
});

/** One or more roles that can be granted; whether the caller may grant them is decided by {@link requireGrantable}. */
export const IsRoles = () =>
  applyDecorators(
    ApiProperty({ isArray: true, enum: GRANTABLE_ROLES, example: ['developer'] }),
    IsArray(),
    ArrayNotEmpty(),
    ArrayUnique(),
    ArrayMaxSize(GRANTABLE_ROLES.length),
    IsIn(GRANTABLE_ROLES, { each: true }),
  );

/** Roles in a response. */
export const ApiRoles = (example: Role[] = ['developer']) => ApiProperty({ isArray: true, enum: ROLES, example });
