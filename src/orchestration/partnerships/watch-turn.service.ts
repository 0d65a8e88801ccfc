import { Injectable } from '@nestjs/common';
import { Clock } from '../../shared/clock.js';
import { Ids } from '../../shared/ids.js';
import { HealthNotes } from './health-notes.service.js';
import { HealthUrlProbe } from './health-url-probe.js';
import type { Watch } from './partnership.js';
import { WatchesRepository } from './watches.repository.js';

/** What a look may take beyond its time-out before its looker counts as dead. */
const GRACE_MS = 5_000;

/** One look at a partner: take it, ask, count, note. Only one process has it, and a killed one loses it. */
@Injectable()
export class WatchTurn {
  constructor(
    private readonly watches: WatchesRepository,
    private readonly probe: HealthUrlProbe,
    private readonly notes: HealthNotes,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  due(now: string, limit: number): Promise<Watch[]> {
    return this.watches.due(now, limit);
  }

  /** Does nothing when another process was faster. A look that is given up counts for nothing and is due again at once. */
  async take(seen: Watch, signal: AbortSignal): Promise<void> {
    const begun = this.clock.now().getTime();
    const watch = await this.watches.take(seen, this.ids.next('lease'), iso(begun + seen.timeout_ms + GRACE_MS));
    if (!watch) return;
    const { health_url, timeout_ms, interval_seconds } = watch;
    const outcome = health_url === null ? undefined : await this.probe.ask(health_url, timeout_ms, signal);
    if (signal.aborted) {
      await this.watches.finish(watch, iso(begun));
      return;
    }
    const isCounted = await this.watches.finish(watch, iso(begun + interval_seconds * 1000), outcome);
    if (isCounted) await this.notes.take(watch.org_id);
  }
}

const iso = (time: number): string => new Date(time).toISOString();
