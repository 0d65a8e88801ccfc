import { Injectable, type BeforeApplicationShutdown, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { OutgoingHttp } from '../../platform/outgoing/outgoing-http.js';
import { OutgoingFailedError, OutgoingRefusedError } from '../../platform/outgoing/outgoing.errors.js';
import { Clock } from '../../shared/clock.js';
import { ValidationError } from '../../shared/domain-error.js';
import { type ProbeOutcome, WatchesRepository } from './watches.repository.js';
import { AuditLog } from '../../identity/audit/audit-log.js';
import { Settings } from '../../platform/config/settings.js';
import { Ids } from '../../shared/ids.js';
import { Coalescer } from '../../platform/async/coalescer.js';
import type { PlatformEvent } from '../../platform/events/platform-events.repository.js';
import type { Partnership, Watch } from './partnership.js';
import { PartnershipsRepository } from './partnerships.repository.js';
import { PartnershipsService } from './partnerships.service.js';

/** Polls the health address of a partner. Any 2xx means up; the body is never read. */
@Injectable()
export class HealthUrlProbe {
  constructor(
    private readonly outgoing: OutgoingHttp,
    private readonly clock: Clock,
  ) {}

  /** @throws ValidationError naming `probe.health_url` for an address that the platform must not call */
  async check(health_url: string): Promise<void> {
    try {
      await this.outgoing.checkResolved(health_url);
    } catch (error) {
      if (!(error instanceof OutgoingRefusedError)) throw error;
      throw ValidationError.field('probe.health_url', error.message.replace(/^url /, ''));
    }
  }

  async ask(url: string, timeout_ms: number, signal: AbortSignal): Promise<ProbeOutcome> {
    const probed_at = this.clock.timestamp();
    const started = performance.now();
    const { up, reason } = await this.answer(url, timeout_ms, signal);
    return { up, reason, probed_at, duration_ms: performance.now() - started };
  }

  private async answer(url: string, timeout_ms: number, signal: AbortSignal) {
    try {
      const fetch = this.outgoing.guardedFetch({ timeout_ms });
      const response = await fetch(url, { headers: { 'user-agent': 'nexus-probe', accept: '*/*' }, signal });
      await response.body?.cancel();
      return { up: response.ok, reason: `returned ${response.status}` };
    } catch (error) {
      if (error instanceof OutgoingRefusedError) return { up: null, reason: `not called: ${error.message}` };
      if (error instanceof OutgoingFailedError && error.reason === 'aborted') return { up: null, reason: 'cancelled' };
      return { up: false, reason: error instanceof OutgoingFailedError ? error.message : 'The call failed' };
    }
  }
}

/** Concurrent probes of one process. */
const SLOTS = 20;
/** A probe that exceeds its time-out by this much is considered lost, and becomes due again. */
const GRACE_MS = 5_000;
const ACTOR = 'partnership-probes';

/**
 * Probes partners when they are due, in every process; a conditional write gives each probe to one process. Changing or
 * deleting a partnership, or a shutdown, aborts its running probe. The timer does not keep a process alive.
 */
@Injectable()
export class PartnershipWatch implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(PartnershipWatch.name);
  private readonly running = new Map<string, { abort: AbortController; end: Promise<void> }>();
  private readonly comparisons = new Coalescer();
  private timer: NodeJS.Timeout | undefined;
  private ticking: Promise<void> = Promise.resolve();
  private isStopping = false;

  constructor(
    private readonly watches: WatchesRepository,
    private readonly probe: HealthUrlProbe,
    private readonly partnerships: PartnershipsService,
    private readonly repository: PartnershipsRepository,
    private readonly audit: AuditLog,
    private readonly settings: Settings,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  onApplicationBootstrap(): void {
    this.schedule();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    clearTimeout(this.timer);
    await this.ticking;
    for (const { abort } of this.running.values()) abort.abort();
    await Promise.all([...this.running.values()].map(({ end }) => end));
  }

  /** Aborts the probe of a partner that runs in this process. */
  stop(org_id: string, id: string): void {
    this.running.get(keyOf({ org_id, id }))?.abort.abort();
  }

  /** Probes of all organizations that were due before a time and that no process has started. */
  due(before: string, limit: number): Promise<Watch[]> {
    return this.watches.due(before, limit);
  }

  private schedule(): void {
    const tick_ms = this.settings.get('PARTNERSHIP_TICK_MS');
    if (this.isStopping || tick_ms === 0) return;
    this.timer = setTimeout(() => {
      this.ticking = this.tick().finally(() => this.schedule());
    }, tick_ms).unref();
  }

  private async tick(): Promise<void> {
    const free = SLOTS - this.running.size;
    if (free === 0) return;
    try {
      const due = await this.due(this.clock.timestamp(), free + this.running.size);
      for (const watch of due.filter((one) => !this.running.has(keyOf(one))).slice(0, free)) this.begin(watch);
    } catch (error) {
      this.logger.warn({ msg: 'due probes of partners could not be read', err: error });
    }
  }

  private begin(watch: Watch): void {
    const key = keyOf(watch);
    const abort = new AbortController();
    const end = this.run(watch, abort.signal)
      .catch((error: unknown) => this.logger.warn({ msg: 'a probe of a partner failed', id: watch.id, err: error }))
      .finally(() => this.running.delete(key));
    this.running.set(key, { abort, end });
  }

  /** Returns without a probe if another process took it. An aborted probe counts for nothing and is due again at once. */
  private async run(seen: Watch, signal: AbortSignal): Promise<void> {
    const begun = this.clock.now().getTime();
    const watch = await this.watches.take(seen, this.ids.next('lease'), iso(begun + seen.timeout_ms + GRACE_MS));
    if (!watch) return;
    const { org_id, health_url, timeout_ms, interval_seconds } = watch;
    const outcome = health_url === null ? undefined : await this.probe.ask(health_url, timeout_ms, signal);
    if (signal.aborted) {
      await this.watches.finish(watch, iso(begun));
      return;
    }
    const isCounted = await this.watches.finish(watch, iso(begun + interval_seconds * 1000), outcome);
    // Concurrent probes of one organization share a comparison that starts after them.
    if (isCounted) await this.comparisons.run(org_id, () => this.auditChanges(org_id));
  }

  /** Compares health and status over 24 hours with those noted last. Each change is audited once across all processes. */
  private async auditChanges(org_id: string): Promise<void> {
    this.partnerships.forget(org_id);
    const { readings, status, score, noted_status } = await this.partnerships.snapshot(org_id, '24h');
    for (const { partnership, watch, health, score: own } of readings)
      if ((watch?.health ?? 'unknown') !== health)
        await this.auditChange(org_id, partnership, watch?.health, { to: health, score: own });
    if ((noted_status ?? 'unknown') !== status)
      await this.auditChange(org_id, undefined, noted_status, { to: status, score });
  }

  private async auditChange(
    org_id: string,
    partnership: Partnership | undefined,
    from: string | undefined,
    { to, score }: { to: string; score: number | null },
  ): Promise<void> {
    const id = partnership?.id;
    const event =
      partnership && healthEvent(partnership, { from: from ?? 'unknown', to, score }, this.clock.timestamp());
    if (!(await this.repository.note(org_id, id, { from, to }, event))) return;
    await this.audit.record({
      org_id,
      actor: ACTOR,
      action: id === undefined ? 'orchestration.status_changed' : 'partnership.status_changed',
      outcome: 'success',
      ...(id === undefined ? {} : { target: id }),
      details: { from: from ?? 'unknown', to, score },
    });
  }
}

function healthEvent(
  { org_id, id, name }: Partnership,
  change: { from: string; to: string; score: number | null },
  at: string,
): PlatformEvent {
  const type = 'partnership.health_changed';
  return { id: `${type} ${id} ${at}`, org_id, type, at, depth: 0, data: { partnership_id: id, name, ...change } };
}

const iso = (time: number): string => new Date(time).toISOString();
const keyOf = ({ org_id, id }: { org_id: string; id: string }): string => `${org_id} ${id}`;
