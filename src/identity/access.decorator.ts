import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { Role } from './principal.js';

export const ACCESS = 'nexus:access';

/**
 * The least role that may call a route, or every route of a controller. Reading takes `viewer`, building and invoking
 * `developer`, orchestration `orchestration_manager`, members, keys and settings `admin`; see {@link holds} for what includes what.
 */
export const Access = (role: Role) => applyDecorators(SetMetadata(ACCESS, role), ApiExtension('x-least-role', role));
