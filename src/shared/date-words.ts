import { DateTime } from 'luxon';

const LOCALES = ['en', 'de', 'fr', 'es', 'pt', 'ru'];
const FORMATS = ['d MMMM yyyy', 'd MMM yyyy', 'MMMM d yyyy', 'MMM d yyyy'];
/** For 29 February without a year. */
const LEAP_YEAR = '2024';
const HOLIDAYS: Readonly<Record<string, string>> = {
  christmas: '12-25',
  'christmas eve': '12-24',
  'new year': '01-01',
  "new year's day": '01-01',
  "new year's eve": '12-31',
  halloween: '10-31',
  "valentine's day": '02-14',
};

/**
 * "December 25, 2026", "3. März 2027", "Christmas" or "today" as `2026-12-25`, as `12-25` without a year, or as the word
 * itself. Undefined for anything else.
 */
export function dateInWords(text: string): string | undefined {
  const words = text.trim().toLowerCase().replaceAll('’', "'").replace(/^on /, '');
  if (Object.hasOwn(HOLIDAYS, words)) return HOLIDAYS[words];
  if (!/\d/.test(words)) return /^(?:now|today|tomorrow|yesterday)$/.test(words) ? words : undefined;
  if (/^\d{4}-\d{2}-\d{2}(?:t\d{2}:\d{2}\S*)?$/.test(words)) return words.toUpperCase();
  const plain = words.replace(/^the |[,.]|\b(?:of|de) /g, '').replace(/(?<=\d)(?:st|nd|rd|th)\b/, '');
  const hasYear = /\d{4}$/.test(plain);
  return read(hasYear ? plain : `${plain} ${LEAP_YEAR}`, FORMATS)?.toFormat(hasYear ? 'yyyy-MM-dd' : 'MM-dd');
}

/** "3pm" or "15:30" as `15:00` and `15:30`. */
export function timeInWords(text: string): string | undefined {
  return read(text.replace(/\s/g, ''), ['H:mm', 'h:mma', 'ha'])?.toFormat('HH:mm');
}

function read(text: string, formats: readonly string[]): DateTime | undefined {
  for (const locale of LOCALES)
    for (const format of formats) {
      const moment = DateTime.fromFormat(text, format, { zone: 'utc', locale });
      if (moment.isValid) return moment;
    }
  return undefined;
}
