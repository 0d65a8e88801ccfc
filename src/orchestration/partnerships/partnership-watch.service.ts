import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Settings } from '../../platform/config/settings.js';
import { Clock } from '../../shared/clock.js';
import type { Watch } from './partnership.js';
import { WatchTurn } from './watch-turn.service.js';

/** Looks that a process has open at once. */
const SLOTS = 20;

/**
 * Looks at partners when they are due, in every process; each look is taken by one. Deleting or changing a partnership, and
 * a shutdown, end the look that goes on. The timer does not keep a process alive.
 */
@Injectable()
export class PartnershipWatch implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(PartnershipWatch.name);
  private readonly looks = new Map<string, { giveUp: AbortController; end: Promise<void> }>();
  private timer: NodeJS.Timeout | undefined;
  private ticking: Promise<void> = Promise.resolve();
  private isStopping = false;

  constructor(
    private readonly turn: WatchTurn,
    private readonly settings: Settings,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.schedule();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    clearTimeout(this.timer);
    await this.ticking;
    for (const { giveUp } of this.looks.values()) giveUp.abort();
    await Promise.all([...this.looks.values()].map(({ end }) => end));
  }

  /** Ends the look at a partner that goes on in this process. */
  stop(org_id: string, id: string): void {
    this.looks.get(nameOf({ org_id, id }))?.giveUp.abort();
  }

  private schedule(): void {
    const tick_ms = this.settings.get('PARTNERSHIP_TICK_MS');
    if (this.isStopping || tick_ms === 0) return;
    this.timer = setTimeout(() => {
      this.ticking = this.tick().finally(() => this.schedule());
    }, tick_ms).unref();
  }

  private async tick(): Promise<void> {
    const free = SLOTS - this.looks.size;
    if (free === 0) return;
    try {
      const due = await this.turn.due(this.clock.timestamp(), free + this.looks.size);
      for (const watch of due.filter((one) => !this.looks.has(nameOf(one))).slice(0, free)) this.begin(watch);
    } catch (error) {
      this.logger.warn({ msg: 'Partners are not looked at for the moment', err: error });
    }
  }

  private begin(watch: Watch): void {
    const name = nameOf(watch);
    const giveUp = new AbortController();
    const end = this.turn
      .take(watch, giveUp.signal)
      .catch((error: unknown) => this.logger.warn({ msg: 'A look at a partner failed', id: watch.id, err: error }))
      .finally(() => this.looks.delete(name));
    this.looks.set(name, { giveUp, end });
  }
}

const nameOf = ({ org_id, id }: { org_id: string; id: string }): string => `${org_id} ${id}`;
