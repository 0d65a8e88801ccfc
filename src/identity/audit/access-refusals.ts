import { Injectable, Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../../shared/clock.js';
import { actorOf, type Principal } from '../principal.js';
import { AuditLog } from './audit-log.js';

/** The same refusal of the same caller is noted once in so long: whoever keeps trying does not fill the log. */
const ONCE_IN_MS = 60_000;
const REMEMBERED = 10_000;

/**
 * Notes who was refused for want of a role. Who is nobody has no organisation to note it in: strangers are in the access log,
 * with address and status, and failed sign-ins in the log of the account's organisation.
 */
@Injectable()
export class AccessRefusals {
  private readonly logger = new Logger(AccessRefusals.name);
  private readonly noted = new LRUCache<string, number>({ max: REMEMBERED });

  constructor(
    private readonly audit: AuditLog,
    private readonly clock: Clock,
  ) {}

  /** Never fails and is not waited for: a refusal must not cost more than an answer. */
  note(principal: Principal, route: string, required_role: string | null): void {
    const actor = actorOf(principal);
    const name = `${principal.org_id} ${actor} ${route}`;
    const now = this.clock.now().getTime();
    if (now - (this.noted.get(name) ?? -Infinity) < ONCE_IN_MS) return;
    this.noted.set(name, now);
    const details = { route, required_role };
    this.audit
      .record({ org_id: principal.org_id, actor, action: 'access.refused', outcome: 'refused', details })
      .catch((error: unknown) => this.logger.error({ msg: 'a refusal could not be noted', route, err: error }));
  }
}
