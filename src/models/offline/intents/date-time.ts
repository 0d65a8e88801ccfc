import { type Intent, type Reply, type Turn, withTool } from '../intent.js';
import { essence } from '../sentences.js';
import { readable, digitsForWords } from '../quantity.js';

const UNIT =
  '(seconds|minutes|hours|days|business days|working days|weeks|months|years|second|minute|hour|day|week|month|year)';
const NOW =
  /^(?:what(?:['’]s| is)?|tell me|give me|do you know)\b.{0,20}\b(time|date|day|weekday)\b(?: (?:is it|it is|today|now|right now|is today))*(?:\s(?:in|at)\s([\p{L}/_ ]{2,40}))?(?: (?:right )?now| today)?$/iu;
const DIFFERENCE = new RegExp(
  `how (?:many|long)(?: ${UNIT})?(?: is it| are there| are| is| left| remain(?:ing)?| do i have| have passed| passed)*(?: (between|from|until|till|to|since|before))\\s(\\S.*)$`,
  'i',
);
const SHIFT = new RegExp(`(?<!\\d)(\\d{1,9}) ${UNIT} (from|after|before|ago)\\b ?(.*)$`, 'i');
const ADD = new RegExp(`(add|subtract) (\\d+) ${UNIT} (?:to|from) (.+)$`, 'i');
const IN = new RegExp(`(?:what|which) (?:date|day|weekday).* in (\\d+) ${UNIT}$`, 'i');
const WEEKDAY =
  /(?:what|which) (?:day(?: of the week)?|weekday) (?:is|was|will be|will|does|falls on)\s(\S.*?)(?: (?:fall on|be))?$/i;
const ZONES =
  /(?:convert |what(?:['’]s| is) |what time is )?(?:it in .+ (?:when|if) it(?:['’]s| is) )?(\d{1,2}:\d{2}(?:\s*(?:am|pm))?|\d{1,2}\s*(?:am|pm)) (?:in |from )?([\p{L}/_ ]{2,40}?) (?:time )?(?:to|in) ([\p{L}/_ ]{2,40}?)(?: time)?$/iu;

/** Dates and times: now, between, plus and minus, weekdays, other zones. */
export const dateTimeIntent: Intent = (turn) => {
  const text = digitsForWords(essence(turn.sentence));
  return weekday(text, turn) ?? shifted(text, turn) ?? difference(text, turn) ?? zones(text, turn) ?? now(text, turn);
};

function now(text: string, turn: Turn): Reply | undefined {
  const match = NOW.exec(text);
  if (!match) return undefined;
  const zone = match[2]?.replace(/ (?:right )?now$| today$/i, '').trim();
  return call(turn, { operation: 'now', ...(zone ? { zone } : {}) }, (moment) =>
    match[1]?.toLowerCase() === 'time'
      ? `It is ${moment['time']} on ${moment['weekday']}, ${moment['date']} (${moment['zone']}).`
      : `It is ${moment['weekday']}, ${moment['date']} (${moment['zone']}).`,
  );
}

function weekday(text: string, turn: Turn): Reply | undefined {
  const date = dateOf(WEEKDAY.exec(text)?.[1] ?? '');
  return date === undefined || date === 'today'
    ? undefined
    : call(turn, { operation: 'add', date, amount: 0 }, (moment) => `${moment['date']} is a ${moment['weekday']}.`);
}

function shifted(text: string, turn: Turn): Reply | undefined {
  const [, verb, added = '', addedUnit = '', base = ''] = ADD.exec(text) ?? [];
  if (verb !== undefined) return shift(turn, verb.toLowerCase() === 'add' ? 1 : -1, added, addedUnit, base);
  const [, inAmount, inUnit = ''] = IN.exec(text) ?? [];
  if (inAmount !== undefined) return shift(turn, 1, inAmount, inUnit, 'today');
  const [, amount = '', unit = '', word = '', start = ''] = SHIFT.exec(text) ?? [];
  if (amount === '' || (word !== 'ago' && start === '')) return undefined;
  return shift(turn, /ago|before/i.test(word) ? -1 : 1, amount, unit, /ago/i.test(word) ? 'today' : start);
}

function shift(turn: Turn, sign: 1 | -1, amount: string, unit: string, start: string): Reply | undefined {
  const date = dateOf(start);
  if (date === undefined) return undefined;
  return call(turn, { operation: 'add', date, amount: sign * Number(amount), unit: unitOf(unit) }, (moment) => {
    const time = /second|minute|hour/i.test(unit) ? ` at ${moment['time']}` : '';
    return `${amount} ${unit} ${sign === 1 ? 'after' : 'before'} ${start} is ${moment['weekday']}, ${moment['date']}${time}.`;
  });
}

function difference(text: string, turn: Turn): Reply | undefined {
  const [, unit = 'days', word = '', rest = ''] = DIFFERENCE.exec(text) ?? [];
  const [first = '', second] = rest.split(/\s(?:and|to|until|till)\s/i);
  const since = word.toLowerCase() === 'since';
  const from = second === undefined ? (since ? dateOf(first) : 'today') : dateOf(first);
  const to = second === undefined ? (since ? 'today' : dateOf(first)) : dateOf(second);
  if (from === undefined || to === undefined) return undefined;
  return call(turn, { operation: 'difference', date: from, other_date: to, unit: unitOf(unit) }, (output) => {
    const [start, end] = [String(output['from']).slice(0, 10), String(output['to']).slice(0, 10)];
    return `From ${start} to ${end} = ${readable(Number(output['value']))} ${unitOf(unit).replace('_', ' ')}.`;
  });
}

function zones(text: string, turn: Turn): Reply | undefined {
  const [, clock = '', zone = '', target = ''] = ZONES.exec(text) ?? [];
  const date = timeOf(clock);
  const when = /\bin ([\p{L}/_ ]{2,40}?) (?:when|if)\b/iu.exec(text)?.[1];
  if (date === undefined || zone === '' || /^(?:am|pm)$/i.test(zone)) return undefined;
  const to = when ?? target;
  return call(
    turn,
    { operation: 'convert', date, zone, to_zone: to },
    (moment) => `${date} in ${zone} is ${moment['time']} in ${to} (${moment['weekday']}, ${moment['date']}).`,
  );
}

function call(turn: Turn, input: Record<string, unknown>, phrase: (moment: Record<string, string>) => string): Reply {
  return withTool(turn, {
    tool: 'date_time',
    input,
    phrase: (output) => phrase(Object.fromEntries(Object.entries(output).map(([key, value]) => [key, String(value)]))),
  });
}

function unitOf(word: string): string {
  const plural = word.toLowerCase().replace(/s?$/, 's');
  return /business|working/.test(plural) ? 'business_days' : plural;
}

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
function dateOf(text: string): string | undefined {
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
function timeOf(text: string): string | undefined {
  const [, hour, minute = '00', half] = /^(\d{1,2})(?::(\d{2}))?\s*(am|pm)?$/i.exec(text.trim()) ?? [];
  if (hour === undefined || Number(hour) > 23) return undefined;
  const shifted = half === undefined ? Number(hour) : (Number(hour) % 12) + (half.toLowerCase() === 'pm' ? 12 : 0);
  return `${String(shifted).padStart(2, '0')}:${minute}`;
}

function written(day: string, month = '', year?: string): string {
  const date = `${String(MONTHS.indexOf(month.toLowerCase()) + 1).padStart(2, '0')}-${day.padStart(2, '0')}`;
  return year === undefined ? date : `${year}-${date}`;
}
