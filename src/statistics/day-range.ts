import { ValidationError } from '../shared/domain-error.js';

const DAY_MS = 24 * 3600 * 1000;
/** The years that four digits and time stamps of today's programs can mean. */
const DAY = /^(19[7-9]\d|[2-9]\d{3})-\d{2}-\d{2}$/;
export const DEFAULT_DAYS = 30;
export const MAX_DAYS = 366;

/** Days in UTC, both included. */
export interface DayRange {
  start: string;
  end: string;
}

export const dayOf = (date: Date): string => date.toISOString().slice(0, 10);

/**
 * The days that a request asks for: by default the last 30 with today. A start alone asks for everything from it until today,
 * an end alone for the 30 days until it.
 * @throws ValidationError naming the field, for an invalid date or more than 366 days.
 */
export function dayRange(
  asked: { start_date?: string | undefined; end_date?: string | undefined },
  now: Date,
): DayRange {
  const today = dayOf(now);
  const end = checked('end_date', asked.end_date) ?? defaultEnd(checked('start_date', asked.start_date), today);
  const start = checked('start_date', asked.start_date) ?? shifted(end, 1 - DEFAULT_DAYS);
  if (start > end) throw ValidationError.field('start_date', 'must not be after end_date');
  if (daysBetween(start, end) > MAX_DAYS)
    throw ValidationError.field('end_date', `must be at most ${MAX_DAYS} days after start_date, both included`);
  return { start, end };
}

/** Every day of the range, in order. */
export function daysOf({ start, end }: DayRange): string[] {
  return Array.from({ length: daysBetween(start, end) }, (_, index) => shifted(start, index));
}

/** Up to today, so that a start alone asks for everything since; a start in the future asks for that day. */
function defaultEnd(start: string | undefined, today: string): string {
  return start !== undefined && start > today ? start : today;
}

function checked(field: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (!DAY.test(value) || !isCalendarDay(value))
    throw ValidationError.field(field, 'must be a calendar date as YYYY-MM-DD, from 1970-01-01 on');
  return value;
}

function isCalendarDay(value: string): boolean {
  const date = new Date(`${value}T00:00:00.000Z`);
  return !Number.isNaN(date.getTime()) && dayOf(date) === value;
}

function daysBetween(start: string, end: string): number {
  return Math.round((Date.parse(end) - Date.parse(start)) / DAY_MS) + 1;
}

function shifted(day: string, days: number): string {
  return dayOf(new Date(Date.parse(day) + days * DAY_MS));
}
