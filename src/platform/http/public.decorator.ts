import { SetMetadata } from '@nestjs/common';

export const PUBLIC_ROUTE = 'nexus:public';

/** Served without a principal. Every use of it is listed in `docs/access.md`. */
export const Public = () => SetMetadata(PUBLIC_ROUTE, true);
