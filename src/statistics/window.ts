/** How far back a sliding window looks. It is made of buckets, so it is up to one bucket longer than its name. */
export const WINDOWS = ['1h', '24h', '7d'] as const;
export type Window = (typeof WINDOWS)[number];

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const SLICE_MS = 5 * MINUTE_MS;
const HOURS: Record<Window, number> = { '1h': 1, '24h': 24, '7d': 7 * 24 };

/** Buckets of five minutes serve the window of an hour, buckets of an hour the longer ones. */
const SLICE = 'SLICE#';
const HOUR = 'HOUR#';
/** How long after its beginning a bucket is kept: its window, itself, and some patience with slow clocks. */
const SLICE_KEPT_MS = 3 * HOUR_MS;
const HOUR_KEPT_MS = 8 * 24 * HOUR_MS;

/** The sort keys of the buckets that something which happened then belongs to. */
export function bucketPeriods(at: string): string[] {
  const time = Date.parse(at);
  return [slice(time), hour(time)];
}

/** First and last bucket of a window, both included. */
export function windowRange(window: Window, now: Date): { first: string; last: string } {
  const end = now.getTime();
  const start = end - HOURS[window] * HOUR_MS;
  return window === '1h' ? { first: slice(start), last: slice(end) } : { first: hour(start), last: hour(end) };
}

/** The time at which a bucket begins. */
export function periodStart(period: string): string {
  const minute = period.startsWith(HOUR) ? `${period.slice(HOUR.length)}:00` : period.slice(SLICE.length);
  return `${minute}:00.000Z`;
}

/** When a bucket may be dropped, in seconds since 1970; undefined for rows that are kept for ever. */
export function expiryOf(period: string): number | undefined {
  if (period.startsWith(SLICE)) return expiry(period.slice(SLICE.length), SLICE_KEPT_MS);
  if (period.startsWith(HOUR)) return expiry(`${period.slice(HOUR.length)}:00`, HOUR_KEPT_MS);
  return undefined;
}

/** The database deletes expired rows late, so rows past their expiry are ignored. */
export function isExpired(period: string, now: Date): boolean {
  return (expiryOf(period) ?? Number.POSITIVE_INFINITY) * 1000 <= now.getTime();
}

const slice = (time: number): string =>
  SLICE + new Date(Math.floor(time / SLICE_MS) * SLICE_MS).toISOString().slice(0, 'yyyy-mm-ddThh:mm'.length);

const hour = (time: number): string => HOUR + new Date(time).toISOString().slice(0, 'yyyy-mm-ddThh'.length);

const expiry = (minute: string, kept_ms: number): number => (Date.parse(`${minute}:00.000Z`) + kept_ms) / 1000;
