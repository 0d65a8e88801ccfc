import { type CallHandler, type ExecutionContext, Injectable, Logger, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { catchError, concatMap, from, type Observable } from 'rxjs';
import { DatabaseError, DomainError } from '../../shared/domain-error.js';
import { actorOf } from '../principal.js';
import type { AuditFact } from './audit.js';
import { AuditLog } from './audit-log.js';
import { AUDITED, type AuditedRoute } from './audited.decorator.js';

/** Notes the calls of {@link Audited} routes: a success before it is answered, so that none goes unrecorded. */
@Injectable()
export class AuditInterceptor implements NestInterceptor {
  private readonly logger = new Logger(AuditInterceptor.name);

  constructor(
    private readonly reflector: Reflector,
    private readonly audit: AuditLog,
  ) {}

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const route = this.reflector.get<AuditedRoute | undefined>(AUDITED, execution.getHandler());
    const request = execution.switchToHttp().getRequest<Request>();
    const { principal } = request;
    if (!route || !principal) return next.handle();
    const fact = { ...factOf(route, request), org_id: principal.org_id, actor: actorOf(principal) };
    return next.handle().pipe(
      concatMap((answer: unknown) => from(this.audit.record({ ...fact, outcome: 'success' }).then(() => answer))),
      catchError((error: unknown) => from(this.noteFailure(fact, error).then(() => Promise.reject(error as Error)))),
    );
  }

  /** What the caller is told is the fault of the action, whether or not it could be noted. */
  private async noteFailure(fact: Omit<AuditFact, 'outcome'>, error: unknown): Promise<void> {
    if (error instanceof DatabaseError) return;
    const isRefused = error instanceof DomainError;
    const details = { ...fact.details, ...(isRefused ? { code: error.code } : {}) };
    await this.audit
      .record({ ...fact, details, outcome: isRefused ? 'refused' : 'failed' })
      .catch((failure: unknown) => {
        this.logger.error({ msg: 'an audit entry could not be stored', action: fact.action, err: failure });
      });
  }
}

function factOf({ action, target, details = [] }: AuditedRoute, { params, body }: Request) {
  const id = target === undefined ? undefined : params[target];
  const given = (body ?? {}) as Record<string, unknown>;
  const told = Object.fromEntries(details.flatMap((name) => (name in given ? [[name, given[name]]] : [])));
  return {
    action,
    ...(typeof id === 'string' ? { target: id } : {}),
    ...(details.length > 0 ? { details: told } : {}),
  };
}
