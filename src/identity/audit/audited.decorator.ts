import { SetMetadata } from '@nestjs/common';

export const AUDITED = 'nexus:audited';

export interface AuditedRoute {
  /** `<thing>.<what happened>` */
  action: string;
  /** The parameter of the path that names what is acted on. */
  target?: string;
  /** Where the path does not name it: the field of the answer that does. */
  made?: string;
  /** Fields of the body that say what was asked for; none that may hold a secret. */
  details?: readonly string[];
  /** Details that the route itself says. */
  note?: Readonly<Record<string, string>>;
}

/** Every call of the route is noted in the audit log with its outcome; see `AuditInterceptor`. */
export const Audited = (route: AuditedRoute) => SetMetadata(AUDITED, route);
