import { type CallHandler, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { catchError, concatMap, from, type Observable, throwError } from 'rxjs';
import { RouteSteps, type RouteStep } from '../../platform/http/envelope.interceptor.js';
import { DomainError } from '../../shared/domain-error.js';
import { actorOf } from '../principal.js';
import { AuditLog } from './audit-log.js';
import type { AuditFact } from './audit.js';

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

/** Records the calls of {@link Audited} routes: a success before it is answered, so that none goes unrecorded. */
@Injectable()
export class AuditInterceptor implements RouteStep {
  constructor(
    private readonly reflector: Reflector,
    private readonly audit: AuditLog,
    steps: RouteSteps,
  ) {
    steps.add(this);
  }

  concerns(route: ExecutionContext): boolean {
    return this.reflector.get<AuditedRoute | undefined>(AUDITED, route.getHandler()) !== undefined;
  }

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const route = this.reflector.get<AuditedRoute | undefined>(AUDITED, execution.getHandler());
    const request = execution.switchToHttp().getRequest<Request>();
    const { principal } = request;
    if (!route || !principal) return next.handle();
    const fact = { ...factOf(route, request), org_id: principal.org_id, actor: actorOf(principal) };
    return next.handle().pipe(
      concatMap((answer: unknown) => from(this.recordSuccess(route, fact, answer))),
      catchError((error: unknown) => {
        this.noteFailure(fact, error);
        return throwError(() => error);
      }),
    );
  }

  private async recordSuccess(
    { made }: AuditedRoute,
    fact: Omit<AuditFact, 'outcome'>,
    answer: unknown,
  ): Promise<unknown> {
    const id = made === undefined ? undefined : (answer as Record<string, unknown>)[made];
    await this.audit.record({ ...fact, ...(typeof id === 'string' ? { target: id } : {}), outcome: 'success' });
    return answer;
  }

  /** Not waited for: the caller gets the fault of the action. */
  private noteFailure(fact: Omit<AuditFact, 'outcome'>, error: unknown): void {
    const isRefused = error instanceof DomainError;
    const details = { ...fact.details, ...(isRefused ? { code: error.code } : {}) };
    this.audit.note({ ...fact, details, outcome: isRefused ? 'refused' : 'failed' });
  }
}

function factOf({ action, target, details = [], note }: AuditedRoute, { params, body }: Request) {
  const id = target === undefined ? undefined : params[target];
  const given = (body ?? {}) as Record<string, unknown>;
  const asked = Object.fromEntries(details.flatMap((name) => (name in given ? [[name, given[name]]] : [])));
  return {
    action,
    ...(typeof id === 'string' ? { target: id } : {}),
    ...(details.length > 0 || note ? { details: { ...asked, ...note } } : {}),
  };
}
