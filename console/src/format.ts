const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });
const whole = new Intl.NumberFormat('en');
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** `3 min. ago`; the date when it was longer ago than a month. */
export function ago(at: string, now = Date.now()): string {
  const difference = new Date(at).getTime() - now;
  const size = Math.abs(difference);
  if (size < 45_000) return difference > 0 ? 'in seconds' : 'just now';
  if (size < HOUR) return relative.format(Math.round(difference / MINUTE), 'minute');
  if (size < DAY) return relative.format(Math.round(difference / HOUR), 'hour');
  if (size < 30 * DAY) return relative.format(Math.round(difference / DAY), 'day');
  return at.slice(0, 10);
}

/** Local date and time to the second. */
export const dateTime = (at: string): string =>
  new Date(at).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

/** `840 ms`, `3.2 s`, `4 min 10 s`, `2 h 5 min`; a dash for what has no duration yet. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '–';
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600)
    return seconds % 60 === 0 ? `${seconds / 60} min` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.round((seconds % 3_600) / 60)} min`;
}

export const count = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : value < 100_000 ? whole.format(value) : compact.format(value);

/** US dollars: more digits for small amounts; a dash when the price of the model is unknown. */
export function money(usd: number | null | undefined): string {
  if (usd === null || usd === undefined) return '–';
  if (usd === 0) return '$0';
  return usd < 0.01 ? `$${usd.toPrecision(2)}` : `$${usd.toFixed(2)}`;
}

export const percent = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : `${Number(value.toFixed(1))} %`;

export const bytes = (value: number): string =>
  value < 1_024
    ? `${value} B`
    : value < 1_048_576
      ? `${(value / 1_024).toFixed(1)} KB`
      : `${(value / 1_048_576).toFixed(1)} MB`;

/** The name of an agent, from its id. */
export const agentNameOf = (agent_id: string): string => agent_id.slice(agent_id.indexOf(':') + 1);

/** The page that shows the record of an id; undefined for text that is no id. */
export function pathOfId(id: string): string | undefined {
  const text = id.trim();
  if (/^proj_[0-9A-Z]{26}:./.test(text)) return `/agents/${encodeURIComponent(text)}`;
  const page = PAGES_OF_IDS.find(([prefix]) => text.startsWith(`${prefix}_`))?.[1];
  return page === undefined || !/^[a-z]+_[0-9A-Za-z]{10,}$/.test(text)
    ? undefined
    : page.replace('$', encodeURIComponent(text));
}

const PAGES_OF_IDS: readonly (readonly [prefix: string, page: string])[] = [
  ['proj', '/builds/$'],
  ['inv', '/runs/$'],
  ['sess', '/sessions/$'],
  ['flow', '/flows/$'],
  ['frun', '/flow-runs/$'],
  ['int', '/integrations/$'],
  ['dec', '/orchestration/decisions/$'],
];

/** The value with the keys of its objects in order, so that two versions can be compared line by line. */
export function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, inOrder(inner)]));
}
