/** The only source of time in services, so that tests can hold it still. */
export class Clock {
  now(): Date {
    return new Date();
  }

  /** UTC, ISO 8601 with a fixed number of digits, so that string order is time order. */
  timestamp(): string {
    return this.now().toISOString();
  }
}

/** Milliseconds from one timestamp to a later one; never negative, even when a clock was set back between the two. */
export function elapsedMs(from: string, to: string): number {
  return Math.max(0, Date.parse(to) - Date.parse(from));
}
