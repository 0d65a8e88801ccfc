import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import PQueue from 'p-queue';
import pRetry from 'p-retry';
import { Clock } from '../../shared/clock.js';
import { Ids } from '../../shared/ids.js';
import type { Page } from '../../shared/page.js';
import { type AuditEntry, type AuditFact, type AuditQuery, boundedFact } from './audit.js';
import { AuditRepository } from './audit.repository.js';

/** What an action waits for: an outage of a moment is bridged, a longer one fails the action. */
const RETRIES = 2;
const FIRST_PAUSE_MS = 100;
/** What no action waits for is tried for about half an hour. */
const PATIENT_RETRIES = 60;
const LONGEST_PAUSE_MS = 30_000;
const WRITES_AT_ONCE = 4;
const LONGEST_QUEUE = 10_000;
const SHUTDOWN_MS = 5_000;

/** Who did what: append only, kept 90 days, one log for each organization. An entry that cannot be stored is logged whole. */
@Injectable()
export class AuditLog implements OnApplicationShutdown {
  private readonly logger = new Logger(AuditLog.name);
  private readonly queue = new PQueue({ concurrency: WRITES_AT_ONCE });
  private readonly stopping = new AbortController();

  constructor(
    private readonly repository: AuditRepository,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** Resolves when the entry is stored: for actions that must not go unrecorded. @throws DatabaseError after three attempts */
  async record(fact: AuditFact): Promise<void> {
    const entry = this.entryOf(fact);
    await pRetry(() => this.repository.create(entry), { retries: RETRIES, minTimeout: FIRST_PAUSE_MS });
  }

  /** For what has been answered already: stored in the background, and tried again while the database does not answer. */
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

  /** Newest first. @throws ValidationError for a cursor of another list */
  async list(org_id: string, query: AuditQuery): Promise<Page<AuditEntry>> {
    return this.repository.listByOrg(org_id, this.clock.now(), query);
  }

  /** Stores what waits, for at most 5 seconds. */
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
