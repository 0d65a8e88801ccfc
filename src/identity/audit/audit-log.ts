import { Injectable, Logger, type OnApplicationShutdown, type OnModuleDestroy } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { atMost } from '../../platform/async/cached-reads.js';
import PQueue from 'p-queue';
import pRetry from 'p-retry';
import type { Write } from '../../platform/database/unit-of-work.js';
import { Clock } from '../../shared/clock.js';
import { Ids } from '../../shared/ids.js';
import type { Page } from '../../shared/page.js';
import { actorOf, type Principal } from '../principal.js';
import { type AuditEntry, type AuditFact, type AuditQuery, boundedFact } from './audit.js';
import { AuditRepository } from './audit.repository.js';

/** Of a write that an action waits for: a short outage is bridged, a longer one fails the action. */
const RETRIES = 2;
const FIRST_PAUSE_MS = 100;
/** Of a write in the background: retried for about half an hour. */
const PATIENT_RETRIES = 60;
const LONGEST_PAUSE_MS = 30_000;
const WRITES_AT_ONCE = 4;
const LONGEST_QUEUE = 10_000;
const SHUTDOWN_MS = 5_000;

/** Repeats of a refusal within this time are counted in one entry. */
const TOGETHER_MS = 60_000;
const REMEMBERED = 10_000;

interface Refusal {
  fact: AuditFact;
  repeats: number;
}

/** Who did what: append only, kept 90 days, one log for each organization. An entry that cannot be stored is logged whole. */
@Injectable()
export class AuditLog implements OnModuleDestroy, OnApplicationShutdown {
  private readonly logger = new Logger(AuditLog.name);
  private readonly queue = new PQueue({ concurrency: WRITES_AT_ONCE });
  private readonly stopping = new AbortController();
  private readonly recent = new LRUCache<string, Refusal>({
    ...atMost(REMEMBERED),
    ttl: TOGETHER_MS,
    ttlAutopurge: true,
    dispose: ({ fact, repeats }) => {
      if (repeats > 0) this.note({ ...fact, details: { ...fact.details, repeats } });
    },
  });

  constructor(
    private readonly repository: AuditRepository,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** Resolves when the entry is stored, for actions that must be recorded. @throws DatabaseError after three attempts */
  async record(fact: AuditFact): Promise<void> {
    const entry = this.entryOf(fact);
    await pRetry(() => this.repository.create(entry), { retries: RETRIES, minTimeout: FIRST_PAUSE_MS });
  }

  /** An entry to be stored in the transaction of the change that it records. */
  creationOf(fact: AuditFact): Write {
    return this.repository.creationOf(this.entryOf(fact));
  }

  /** Stores an entry in the background and retries while the database does not answer. For events that were already answered. */
  note(fact: AuditFact): void {
    const entry = this.entryOf(fact);
    if (this.queue.size >= LONGEST_QUEUE) {
      this.lost(entry, new Error(`${LONGEST_QUEUE} entries are waiting`));
      return;
    }
    const options = {
      retries: PATIENT_RETRIES,
      minTimeout: FIRST_PAUSE_MS,
      maxTimeout: LONGEST_PAUSE_MS,
      signal: this.stopping.signal,
    };
    void this.queue
      .add(() => pRetry(() => this.repository.create(entry), options))
      .catch((error: unknown) => this.lost(entry, error));
  }

  /**
   * A principal that lacks a role. The first refusal is stored at once, in the background; repeats of it within a minute are counted
   * in one further entry, so a client that keeps trying does not fill the log.
   */
  noteRefusal(principal: Principal, route: string, required_role: string | null): void {
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
    this.note(fact);
  }

  /** Newest first. @throws ValidationError for a cursor of another list */
  async list(org_id: string, query: AuditQuery): Promise<Page<AuditEntry>> {
    return this.repository.listByOrg(org_id, this.clock.now(), query);
  }

  /** Stores the counts of repeats. */
  onModuleDestroy(): void {
    this.recent.clear();
  }

  /** Stores the waiting entries, for at most 5 seconds. */
  async onApplicationShutdown(): Promise<void> {
    const stop = setTimeout(() => this.stopping.abort(), SHUTDOWN_MS).unref();
    await this.queue.onIdle();
    clearTimeout(stop);
  }

  private entryOf(fact: AuditFact): AuditEntry {
    return { ...boundedFact(fact), entry_id: this.ids.next('aud'), at: this.clock.timestamp() };
  }

  private lost(entry: AuditEntry, error: unknown): void {
    this.logger.error({ msg: 'an audit entry could not be stored', entry, err: error });
  }
}
