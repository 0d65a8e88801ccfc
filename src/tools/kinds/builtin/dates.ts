import { DateTime, type DurationLikeObject, IANAZone } from 'luxon';
import { dateInWords, timeInWords } from '../../../shared/date-words.js';
import { ToolError } from '../../tool.js';

type Unit = keyof DurationLikeObject | 'business_days';

interface Moment {
  zone: string;
  date?: string | undefined;
}

export interface DescribedMoment {
  iso: string;
  date: string;
  time: string;
  weekday: string;
  zone: string;
}

const BUSINESS_DAYS_MAX = 100_000;

/** Abbreviations and places whose zone is named after another city. Abbreviations mean the region, with its daylight saving. */
const ALIASES: Readonly<Record<string, string>> = {
  utc: 'UTC',
  gmt: 'UTC',
  z: 'UTC',
  est: 'America/New_York',
  edt: 'America/New_York',
  et: 'America/New_York',
  cst: 'America/Chicago',
  mst: 'America/Denver',
  pst: 'America/Los_Angeles',
  pdt: 'America/Los_Angeles',
  pt: 'America/Los_Angeles',
  cet: 'Europe/Berlin',
  cest: 'Europe/Berlin',
  bst: 'Europe/London',
  ist: 'Asia/Kolkata',
  jst: 'Asia/Tokyo',
  aest: 'Australia/Sydney',
  'san francisco': 'America/Los_Angeles',
  seattle: 'America/Los_Angeles',
  california: 'America/Los_Angeles',
  boston: 'America/New_York',
  washington: 'America/New_York',
  miami: 'America/New_York',
  beijing: 'Asia/Shanghai',
  china: 'Asia/Shanghai',
  mumbai: 'Asia/Kolkata',
  delhi: 'Asia/Kolkata',
  'new delhi': 'Asia/Kolkata',
  bangalore: 'Asia/Kolkata',
  india: 'Asia/Kolkata',
  japan: 'Asia/Tokyo',
  germany: 'Europe/Berlin',
  munich: 'Europe/Berlin',
  hamburg: 'Europe/Berlin',
  frankfurt: 'Europe/Berlin',
  france: 'Europe/Paris',
  uk: 'Europe/London',
  england: 'Europe/London',
  spain: 'Europe/Madrid',
  barcelona: 'Europe/Madrid',
  milan: 'Europe/Rome',
  italy: 'Europe/Rome',
  geneva: 'Europe/Zurich',
  korea: 'Asia/Seoul',
  'rio de janeiro': 'America/Sao_Paulo',
  kyiv: 'Europe/Kiev',
};

/** Last part of the IANA names, so that "Tokyo" and "New York" are understood. */
const CITIES: ReadonlyMap<string, string> = new Map(
  Intl.supportedValuesOf('timeZone').map((zone) => [
    (zone.split('/').at(-1) ?? zone).replaceAll('_', ' ').toLowerCase(),
    zone,
  ]),
);

export function nowIn(now: Date, zone: string): DescribedMoment {
  return describe(DateTime.fromJSDate(now).setZone(getZone(zone)));
}

export function convertZone(input: Moment & { to_zone?: string | undefined }, now: Date): DescribedMoment {
  if (input.to_zone === undefined) throw new ToolError('convert needs to_zone.');
  return describe(parse(input.date, input.zone, now).setZone(getZone(input.to_zone)));
}

/** From `date` to `other_date`; negative when the second lies before the first. Whole business days are Monday to Friday; holidays are ignored. */
export function difference(
  input: Moment & { other_date?: string | undefined; unit: Unit },
  now: Date,
): { value: number; unit: string; from: string; to: string } {
  const [from, to] = [parse(input.date, input.zone, now), parse(input.other_date, input.zone, now)];
  const value = input.unit === 'business_days' ? businessDays(from, to) : to.diff(from, input.unit).as(input.unit);
  return { value: Math.round(value * 1000) / 1000, unit: input.unit, from: iso(from), to: iso(to) };
}

export function addTo(input: Moment & { amount?: number | undefined; unit: Unit }, now: Date): DescribedMoment {
  if (input.amount === undefined) throw new ToolError('add needs an amount.');
  const start = parse(input.date, input.zone, now);
  const result =
    input.unit === 'business_days' ? addBusinessDays(start, input.amount) : start.plus({ [input.unit]: input.amount });
  if (!result.isValid) throw new ToolError('The result is outside of the calendar.');
  return describe(result);
}

function parse(text: string | undefined, zoneName: string, now: Date): DateTime {
  const zone = getZone(zoneName);
  const today = DateTime.fromJSDate(now).setZone(zone);
  const relative: Readonly<Record<string, DateTime>> = {
    now: today,
    today: today.startOf('day'),
    tomorrow: today.startOf('day').plus({ days: 1 }),
    yesterday: today.startOf('day').minus({ days: 1 }),
  };
  const asked = text ?? 'now';
  const written = dateInWords(asked) ?? timeInWords(asked) ?? asked;
  const word = written.trim().toLowerCase();
  const known = Object.hasOwn(relative, word) ? relative[word] : undefined;
  const moment =
    known ??
    timeOfToday(word, today) ??
    nextDayOfYear(word, today) ??
    DateTime.fromISO(written, { zone, setZone: true });
  if (!moment.isValid)
    throw new ToolError(`"${text}" is not a date in ISO 8601, for example "2024-12-25" or "2024-12-25T18:30".`);
  return moment;
}

function timeOfToday(word: string, today: DateTime): DateTime | undefined {
  const [, hour, minute] = /^(\d{1,2}):(\d{2})$/.exec(word) ?? [];
  return hour === undefined ? undefined : today.startOf('day').set({ hour: Number(hour), minute: Number(minute) });
}

/** "12-25" is the next 25 December, today included. */
function nextDayOfYear(word: string, today: DateTime): DateTime | undefined {
  const [, month, day] = /^(\d{2})-(\d{2})$/.exec(word) ?? [];
  if (month === undefined) return undefined;
  const thisYear = DateTime.fromObject(
    { year: today.year, month: Number(month), day: Number(day) },
    { zone: today.zone },
  );
  return thisYear.isValid && thisYear < today.startOf('day') ? thisYear.plus({ years: 1 }) : thisYear;
}

function describe(moment: DateTime): DescribedMoment {
  const english = moment.setLocale('en');
  return {
    iso: iso(moment),
    date: moment.toFormat('yyyy-MM-dd'),
    time: moment.toFormat('HH:mm'),
    weekday: english.toFormat('cccc'),
    zone: moment.zoneName ?? 'UTC',
  };
}

function iso(moment: DateTime): string {
  return moment.toISO() ?? '';
}

function businessDays(from: DateTime, to: DateTime): number {
  const [start, end] = from <= to ? [from, to] : [to, from];
  const days = Math.floor(end.startOf('day').diff(start.startOf('day'), 'days').days + 0.5);
  const weeks = Math.floor(days / 7);
  let count = weeks * 5;
  for (let day = 1; day <= days % 7; day += 1) if ((((start.weekday - 1 + day) % 7) + 7) % 7 < 5) count += 1;
  return from <= to ? count : -count;
}

function addBusinessDays(start: DateTime, amount: number): DateTime {
  if (!Number.isInteger(amount) || Math.abs(amount) > BUSINESS_DAYS_MAX)
    throw new ToolError(`Business days are whole numbers up to ${BUSINESS_DAYS_MAX}.`);
  const step = Math.sign(amount);
  let moment = start.plus({ weeks: Math.trunc(amount / 5) });
  let remaining = Math.abs(amount % 5);
  while (remaining > 0) {
    moment = moment.plus({ days: step });
    if (moment.weekday < 6) remaining -= 1;
  }
  return moment;
}

/** The IANA name of a zone, city or usual abbreviation; undefined when it is not known. */
function findZone(text: string): string | undefined {
  const name = text.trim().toLowerCase().replaceAll('_', ' ');
  if (Object.hasOwn(ALIASES, name)) return ALIASES[name];
  if (CITIES.has(name)) return CITIES.get(name);
  return IANAZone.isValidZone(text.trim()) ? text.trim() : undefined;
}

/** As {@link findZone}; throws {@link ToolError} for an unknown zone. */
function getZone(text: string): string {
  const zone = findZone(text);
  if (zone === undefined)
    throw new ToolError(`The time zone "${text}" is not known; use an IANA name such as "Europe/Berlin".`);
  return zone;
}
