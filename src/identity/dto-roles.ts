import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayNotEmpty, ArrayUnique, IsArray, IsIn } from 'class-validator';
import { GRANTABLE_ROLES, ROLES } from './principal.js';

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

/** Roles in an answer. */
export const ApiRoles = () => ApiProperty({ isArray: true, enum: ROLES, example: ['developer'] });
