import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { Coalescer } from '../platform/async/coalescer.js';
import { within } from '../platform/async/deadline.js';
import { Clock } from '../shared/clock.js';
import { FactFolder } from './fact-folder.js';
import type { Fact, FactSource, UncountedFact } from './fact.js';

/** Facts read at once. */
const READ_LIMIT = 200;
/** A source that shows fewer has shown all: it may read from several partitions, each of which is full with a quarter. */
const SURELY_ALL = READ_LIMIT / 4;
/** A sweep finds what no kick announced: facts of a process that died. */
const SWEEP_MS = 5_000;
/** A sweep leaves facts that are younger to the process that stored them: two that count the same fact pay twice. */
const LEFT_BEHIND_AFTER_MS = 3_000;
/** More facts than these are not held in memory: they are read when they are counted. */
const OWN_LIMIT = 5_000;
/**
 * A kick waits this long, so that facts that arrive together are counted together: a pass costs the database a dozen
 * calls whether it counts one fact or a hundred. Reads do not wait for it, see {@link StatisticsAggregator.settle}.
 */
const GATHER_MS = 1_000;
/** Reads wait at most this long for counting, then use the counters as they are. */
const CATCH_UP_MS = 2_000;
/** Rounds without progress, contended or behind an index that lags, before the source is left until the next sweep. */
const IDLE_ROUNDS = 8;
const IDLE_PAUSE_MS = 20;

/**
 * Folds facts that are stored but not counted into the counters: adds and "counted" marks in one transaction per batch.
 * A crash before it leaves the facts waiting, a crash after it leaves them counted; there is no between. Any number of
 * processes may fold at once: the marks let each fact be counted by one of them.
 */
@Injectable()
export class StatisticsAggregator implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(StatisticsAggregator.name);
  private readonly sources: { source: FactSource; quarantine: Quarantine }[] = [];
  private readonly passes = new Coalescer();
  /** What this process stored and has not counted yet, so that counting need not read it. */
  private own: UncountedFact[] = [];
  /** Which other facts the next pass reads from the sources. */
  private look: 'none' | 'left behind' | 'all' = 'all';
  /** How many facts were announced, and how many of them are surely counted; the start has facts of earlier processes. */
  private announced = 1;
  private settled = 0;
  private sweep: NodeJS.Timeout | undefined;
  private gathering: NodeJS.Timeout | undefined;
  private isStopping = false;

  constructor(
    private readonly folder: FactFolder,
    private readonly clock: Clock,
  ) {}

  /** Counts what this source stores from now on; to be called while modules are initialised. */
  register(source: FactSource): void {
    this.sources.push({ source, quarantine: new Quarantine() });
  }

  /** All sources that are counted, for the recount. */
  registered(): FactSource[] {
    return this.sources.map(({ source }) => source);
  }

  /**
   * Something was stored: it is counted soon. Never blocks and never fails.
   * @param fact what was stored; without it the sources are read
   */
  kick(fact?: UncountedFact): void {
    this.announced += 1;
    if (fact && this.own.length < OWN_LIMIT) this.own.push(fact);
    else this.look = 'all';
    if (this.isStopping) return;
    this.gathering ??= setTimeout(() => {
      this.gathering = undefined;
      void this.count();
    }, GATHER_MS).unref();
  }

  /**
   * Returns when all facts stored before the call are counted, or after 2 seconds. On AWS the sources find waiting facts
   * through an index that follows its table with a delay, usually of milliseconds: a fact that it does not show yet is
   * counted by the next pass.
   */
  async catchUp(): Promise<void> {
    this.look = 'all';
    await within(CATCH_UP_MS, this.count(), undefined);
  }

  /**
   * As `catchUp` for what this process stored and announced, and for nothing once that is counted: reads then cost no look
   * at the sources. What other processes store, they count.
   */
  async settle(): Promise<void> {
    if (this.settled < this.announced) await within(CATCH_UP_MS, this.count(), undefined);
  }

  /** Resolves when a pass that began after this call has ended. */
  private count(): Promise<void> {
    return this.passes.run('pass', async () => {
      const upTo = this.announced;
      await this.pass();
      this.settled = upTo;
    });
  }

  onApplicationBootstrap(): void {
    this.sweep = setInterval(() => {
      if (this.look === 'none') this.look = 'left behind';
      void this.count();
    }, SWEEP_MS).unref();
    void this.count();
  }

  /** A last pass; what comes after it waits for the next start. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    clearInterval(this.sweep);
    clearTimeout(this.gathering);
    await this.catchUp();
  }

  private async pass(): Promise<void> {
    await this.countOwn();
    if (this.look === 'none') return;
    const youngest = this.look === 'all' ? Infinity : this.clock.now().getTime() - LEFT_BEHIND_AFTER_MS;
    this.look = 'none';
    await Promise.all(
      this.sources.map(async ({ source, quarantine }) => {
        try {
          await this.drain(source, quarantine, youngest);
        } catch (error) {
          this.look = 'all';
          this.logger.warn({ msg: 'statistics could not be counted; retrying', source: source.name, err: error });
        }
      }),
    );
  }

  /** What cannot be counted so is read from its source: it is stored there, whatever happens here. */
  private async countOwn(): Promise<void> {
    const own = this.own;
    this.own = [];
    if (own.length === 0) return;
    try {
      const { settled } = await this.folder.fold(own);
      if (settled.length < own.length) this.look = 'all';
    } catch (error) {
      this.look = 'all';
      this.logger.warn({ msg: 'statistics could not be counted; retrying', err: error });
    }
  }

  /**
   * Reads and folds until all that the source showed is counted: what an index still shows although it is settled is not new.
   * @param youngest facts that ended after this time are left alone, in milliseconds since 1970
   */
  private async drain(source: FactSource, quarantine: Quarantine, youngest: number): Promise<void> {
    const tried = new Set<string>();
    quarantine.release(this.clock.now());
    for (let idle = 0; idle < IDLE_ROUNDS;) {
      const waiting = await source.uncounted(READ_LIMIT + quarantine.size);
      const countable = waiting.filter(
        (each) => !isYounger(each.fact, youngest) && !quarantine.holds(each, this.clock.now()),
      );
      const open = countable.filter((fact) => !tried.has(fact.record));
      const mayHideMore = countable.length > open.length;
      if (open.length === 0 && !mayHideMore) return;
      const result = await this.folder.fold(open);
      for (const fact of result.unusable) this.setAside(source, quarantine, fact);
      for (const fact of [...result.settled, ...result.unusable]) tried.add(fact.record);
      if (result.paused) {
        this.look = 'all';
        return;
      }
      // What arrives meanwhile is counted by the next pass, together with what follows it.
      const isDone = result.settled.length + result.unusable.length === open.length && !mayHideMore;
      if (isDone && waiting.length < SURELY_ALL) return;
      idle = result.settled.length + result.unusable.length > 0 ? 0 : idle + 1;
      if (idle > 0) await delay(IDLE_PAUSE_MS * Math.random() * idle);
    }
  }

  private setAside(source: FactSource, quarantine: Quarantine, fact: UncountedFact): void {
    if (quarantine.admit(fact, this.clock.now()))
      this.logger.error({
        msg: 'a fact cannot be counted and was quarantined',
        source: source.name,
        record: fact.record,
      });
  }
}

/** Whether a fact was stored after this time, about. False for one without a valid time, which is set aside. */
function isYounger(fact: Fact, time: number): boolean {
  return Date.parse(fact.occurred_at) + (fact.kind === 'invocation' ? fact.duration_ms : 0) > time;
}

const FIRST_STAY_MS = 5_000;
const LONGEST_STAY_MS = 10 * 60_000;
const RELEASE_AFTER_MS = 60_000;
/** Beyond this many the oldest is let out: it only costs another attempt. */
const CAPACITY = 1_000;

interface Stay {
  until: number;
  length_ms: number;
}

/**
 * Facts that could not be counted, so that they hold up no others. Each is tried again after a stay that doubles from 5
 * seconds to 10 minutes, because what looks like a bad fact may be a database that was not ready. Held in memory: after a
 * start each is tried, and named in the log, again.
 */
export class Quarantine {
  private readonly stays = new Map<string, Stay>();

  /** How many facts it knows: that many more must be asked of a source to see past them. */
  get size(): number {
    return this.stays.size;
  }

  holds(fact: UncountedFact, now: Date): boolean {
    const stay = this.stays.get(fact.record);
    return stay !== undefined && now.getTime() < stay.until;
  }

  /** @returns true for a fact that was not set aside before, and is logged. */
  admit(fact: UncountedFact, now: Date): boolean {
    const name = fact.record;
    const before = this.stays.get(name);
    const length_ms = Math.min(before ? before.length_ms * 2 : FIRST_STAY_MS, LONGEST_STAY_MS);
    this.stays.delete(name);
    this.stays.set(name, { until: now.getTime() + length_ms, length_ms });
    if (this.stays.size > CAPACITY) this.stays.delete([...this.stays.keys()][0] ?? '');
    return before === undefined;
  }

  /** Forgets facts whose stay ended a minute ago: had they still been there, they would have been admitted again. */
  release(now: Date): void {
    for (const [name, { until }] of this.stays) if (until + RELEASE_AFTER_MS < now.getTime()) this.stays.delete(name);
  }
}
