import type { UncountedFact } from './fact-source.js';

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

  /** @returns true for a fact that is new here, which is when it is worth a line in the log. */
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
