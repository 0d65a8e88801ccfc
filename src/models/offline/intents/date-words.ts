const MONTHS: readonly string[] = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const HOLIDAYS: Readonly<Record<string, string>> = {
  christmas: '12-25',
  'christmas eve': '12-24',
  'new year': '01-01',
  "new year's day": '01-01',
  "new year's eve": '12-31',
  halloween: '10-31',
  "valentine's day": '02-14',
};

const MONTH = String.raw`(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?`;
const DAY_FIRST = new RegExp(String.raw`^(?:the )?(\d{1,2})(?:st|nd|rd|th)?\.? (?:of )?${MONTH},?(?: (\d{4}))?$`, 'i');
const MONTH_FIRST = new RegExp(String.raw`^${MONTH} (\d{1,2})(?:st|nd|rd|th)?,?(?: (\d{4}))?$`, 'i');
const ISO = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}\S*)?$/i;

/** A date in words as the date tool takes it; without a year it is the next such day. Undefined for anything else. */
export function dateOf(text: string): string | undefined {
  const words = text
    .trim()
    .toLowerCase()
    .replace(/(?<![?.!,])[?.!,]+$/, '')
    .replaceAll('’', "'")
    .replace(/^on /, '');
  if (ISO.test(words)) return words.toUpperCase();
  if (/^(?:now|today|tomorrow|yesterday)$/.test(words)) return words;
  if (Object.hasOwn(HOLIDAYS, words)) return HOLIDAYS[words];
  const [, day, month, year] = DAY_FIRST.exec(words) ?? [];
  if (day !== undefined) return written(day, month, year);
  const [, monthFirst, dayAfter, yearAfter] = MONTH_FIRST.exec(words) ?? [];
  return dayAfter === undefined ? undefined : written(dayAfter, monthFirst, yearAfter);
}

/** "3pm", "15:30" as 24-hour time. */
export function timeOf(text: string): string | undefined {
  const [, hour, minute = '00', half] = /^(\d{1,2})(?::(\d{2}))?\s*(am|pm)?$/i.exec(text.trim()) ?? [];
  if (hour === undefined || Number(hour) > 23) return undefined;
  const shifted = half === undefined ? Number(hour) : (Number(hour) % 12) + (half.toLowerCase() === 'pm' ? 12 : 0);
  return `${String(shifted).padStart(2, '0')}:${minute}`;
}

function written(day: string, month = '', year?: string): string {
  const date = `${String(MONTHS.indexOf(month.toLowerCase()) + 1).padStart(2, '0')}-${day.padStart(2, '0')}`;
  return year === undefined ? date : `${year}-${date}`;
}
