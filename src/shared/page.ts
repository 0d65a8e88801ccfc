import { ValidationError } from './domain-error.js';

/** One page of a list. `last_key` is the cursor of the next page, null at the end. */
export interface Page<T> {
  items: T[];
  last_key: string | null;
}

export const PAGE_LIMIT_DEFAULT = 20;
export const PAGE_LIMIT_MAX = 100;

/** Bounds of a list in time, both included. A time without a zone is UTC. */
export interface TimeRange {
  from?: string | undefined;
  to?: string | undefined;
}

/**
 * The range as bounds of a sort key that holds times as the platform writes them.
 * @throws ValidationError for `from` when it is after `to`
 */
export function boundsOf({ from, to }: TimeRange): { from: string; to: string } {
  const bounds = { from: from === undefined ? '0' : instant(from), to: to === undefined ? '9' : instant(to) };
  if (bounds.from > bounds.to) throw ValidationError.field('from', 'must not be after to');
  return bounds;
}

const HAS_NO_ZONE = /T\d\d:\d\d(?::\d\d(?:\.\d+)?)?$/i;
const instant = (time: string): string => new Date(HAS_NO_ZONE.test(time) ? `${time}Z` : time).toISOString();
