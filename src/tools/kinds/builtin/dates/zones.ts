import { IANAZone } from 'luxon';
import { ToolError } from '../../../tool.js';

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

/** The IANA name of a zone, city or usual abbreviation; undefined when it is not known. */
export function findZone(text: string): string | undefined {
  const name = text.trim().toLowerCase().replaceAll('_', ' ');
  if (Object.hasOwn(ALIASES, name)) return ALIASES[name];
  if (CITIES.has(name)) return CITIES.get(name);
  return IANAZone.isValidZone(text.trim()) ? text.trim() : undefined;
}

/** As {@link findZone}; throws {@link ToolError} for an unknown zone. */
export function getZone(text: string): string {
  const zone = findZone(text);
  if (zone === undefined)
    throw new ToolError(`The time zone "${text}" is not known; use an IANA name such as "Europe/Berlin".`);
  return zone;
}
