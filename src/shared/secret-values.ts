import { LRUCache } from 'lru-cache';

const CENSOR = '[redacted]';
/** Shorter values occur in ordinary text. */
const SHORTEST = 8;
/** Stored credentials come and go with tools; the least recently used are forgotten. Settings never are. */
const STORED_MAX = 2_000;
const DEEPEST = 12;
const PREFIX = 4;
const PAIRS = 65_536;

/**
 * The values that no log line, span, error answer or stored error message may hold, wherever they come from: a provider that
 * echoes a key, a tool that prints its headers. One instance for the process, because logs are written everywhere.
 *
 * Looking takes time linear in the text: a table of the first two characters of every value rules out nearly all positions.
 */
export class SecretValues {
  private readonly settings = new Set<string>();
  private readonly stored = new LRUCache<string, true>({ max: STORED_MAX, dispose: () => (this.isStale = true) });
  private readonly starts = new Uint8Array(PAIRS);
  /** By their first characters, the longest first: one value may begin with another. */
  private readonly byPrefix = new Map<string, string[]>();
  private isStale = false;
  private isEmpty = true;

  /** Secrets of the settings: kept for the life of the process. */
  addSettings(values: Iterable<string>): void {
    for (const value of values)
      for (const form of formsOf(value)) {
        if (this.settings.has(form)) continue;
        this.settings.add(form);
        this.isStale = true;
      }
  }

  /** A stored credential that is in use now. */
  addStored(value: string): void {
    for (const form of formsOf(value)) {
      if (this.stored.get(form)) continue;
      this.stored.set(form, true);
      this.isStale = true;
    }
  }

  /** The text with every secret value replaced; the same text if it holds none. */
  mask(text: string): string {
    if (this.isStale) this.rebuild();
    if (this.isEmpty || text.length < SHORTEST) return text;
    const last = text.length - SHORTEST;
    let masked = '';
    let copied = 0;
    for (let at = 0; at <= last; at++) {
      if (this.starts[pairAt(text, at)] === 0) continue;
      const found = this.valueAt(text, at);
      if (found === undefined) continue;
      masked += text.slice(copied, at) + CENSOR;
      copied = at + found.length;
      at = copied - 1;
    }
    return copied === 0 ? text : masked + text.slice(copied);
  }

  /** A copy of plain data with every text in it masked, keys included. */
  maskDeep<T>(value: T, depth = 0): T {
    if (typeof value === 'string') return this.mask(value) as T;
    if (typeof value !== 'object' || value === null || depth > DEEPEST) return value;
    if (Array.isArray(value)) return value.map((element: unknown) => this.maskDeep(element, depth + 1)) as T;
    if (Object.getPrototypeOf(value) !== Object.prototype) return value;
    const entries = Object.entries(value).map(([key, inner]) => [
      this.mask(key),
      this.maskDeep(inner as unknown, depth + 1),
    ]);
    return Object.fromEntries(entries) as T;
  }

  private valueAt(text: string, at: number): string | undefined {
    return this.byPrefix.get(text.slice(at, at + PREFIX))?.find((value) => text.startsWith(value, at));
  }

  private rebuild(): void {
    this.isStale = false;
    this.starts.fill(0);
    this.byPrefix.clear();
    const values = [...new Set([...this.settings, ...this.stored.keys()])].sort((a, b) => b.length - a.length);
    for (const value of values) {
      this.starts[pairAt(value, 0)] = 1;
      const prefix = value.slice(0, PREFIX);
      const others = this.byPrefix.get(prefix);
      if (others) others.push(value);
      else this.byPrefix.set(prefix, [value]);
    }
    this.isEmpty = values.length === 0;
  }
}

/** Of this process. */
export const secretValues = new SecretValues();

const pairAt = (text: string, at: number): number => (text.charCodeAt(at) * 257 + text.charCodeAt(at + 1)) % PAIRS;

/** As it is, as JSON and as addresses write it. */
function formsOf(value: string): string[] {
  const forms = new Set([value, JSON.stringify(value).slice(1, -1), escaped(value)]);
  return [...forms].filter((form) => form.length >= SHORTEST);
}

function escaped(value: string): string {
  try {
    return encodeURIComponent(value);
  } catch {
    // Half a surrogate pair has no such form.
    return value;
  }
}
