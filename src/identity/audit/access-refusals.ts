import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { actorOf, type Principal } from '../principal.js';
import type { AuditFact } from './audit.js';
import { AuditLog } from './audit-log.js';

/** Repeats of a refusal within this time become one entry with their number. */
const TOGETHER_MS = 60_000;
const REMEMBERED = 10_000;

interface Refusal {
  fact: AuditFact;
  repeats: number;
}

/**
 * Records who was refused for want of a role: the first refusal at once, its repeats counted in one entry a minute later. So
 * each is recorded and a client that keeps trying does not fill the log. A request without valid credentials belongs to no
 * organization: it is in the access log with address and status, a failed sign-in in the log of the account's organizations.
 */
@Injectable()
export class AccessRefusals implements OnModuleDestroy {
  private readonly recent = new LRUCache<string, Refusal>({
    max: REMEMBERED,
    ttl: TOGETHER_MS,
    ttlAutopurge: true,
    dispose: ({ fact, repeats }) => {
      if (repeats > 0) this.audit.note({ ...fact, details: { ...fact.details, repeats } });
    },
  });

  constructor(private readonly audit: AuditLog) {}

  /** Never fails and is not waited for: a refusal must not cost more than an answer. */
  note(principal: Principal, route: string, required_role: string | null): void {
    const { org_id } = principal;
    const actor = actorOf(principal);
    const name = `${org_id} ${actor} ${route}`;
    const known = this.recent.get(name);
    if (known) {
      known.repeats += 1;
      return;
    }
    const fact = {
      org_id,
      actor,
      action: 'access.refused',
      outcome: 'refused',
      details: { route, required_role },
    } as const;
    this.recent.set(name, { fact, repeats: 0 });
    this.audit.note(fact);
  }

  onModuleDestroy(): void {
    this.recent.clear();
  }
}
