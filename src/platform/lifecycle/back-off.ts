const FIRST_MS = 500;
const LONGEST_MS = 30_000;
/** What has run this long has recovered: the next crash begins with the shortest pause again. */
const RECOVERED_AFTER_MS = 60_000;

/** Pauses between restarts of what crashes: twice as long each time, up to 30 s. */
export class BackOff {
  private pause = FIRST_MS;

  /** @param lived_ms how long the one that crashed had run */
  next(lived_ms: number): number {
    if (lived_ms >= RECOVERED_AFTER_MS) this.pause = FIRST_MS;
    const now = this.pause;
    this.pause = Math.min(this.pause * 2, LONGEST_MS);
    return now;
  }
}
