import { applyDecorators, SetMetadata, Header } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';

export const PUBLIC_ROUTE = 'nexus:public';

/** Served without a principal. Every use of it is listed in `docs/access.md`. */
export const Public = () => applyDecorators(SetMetadata(PUBLIC_ROUTE, true), ApiExtension('x-public', true));

export const SECRET_ANSWER = 'nexus:secret-answer';

/** The answer holds a secret that is shown once: neither a cache nor the record behind an idempotency key may keep it. */
export const SecretAnswer = () =>
  applyDecorators(
    SetMetadata(SECRET_ANSWER, true),
    Header('Cache-Control', 'no-store'),
    ApiExtension('x-secret-answer', true),
  );
