import { PERCENTILE_NUMBERS, ruleNumbers } from './rule-numbers.js';

const NUMBER = /(?<![\p{L}\p{N}_.])(\d[\d,]*(?:\.\d+)?)(?:\s*(k|thousand|m|million|bn|billion))?(?![\p{L}_])/giu;
const DATE = /\d{4}-\d{2}-\d{2}/g;
const UNITS: Readonly<Record<string, number>> = {
  k: 1e3,
  thousand: 1e3,
  m: 1e6,
  million: 1e6,
  bn: 1e9,
  billion: 1e9,
};

/** Numbers and dates that a text may name: those of the facts that it is written from, and those of the rules. */
export class ToldNumbers {
  private readonly values = new Set<number>([...ruleNumbers(), ...PERCENTILE_NUMBERS]);
  private readonly dates = new Set<string>();

  constructor(facts: unknown) {
    this.collect(facts);
  }

  /** The first number or date in the text that no fact holds, as it is written there; undefined when all are known. */
  firstUntold(text: string): string | undefined {
    const date = text.match(DATE)?.find((one) => !this.dates.has(one));
    if (date !== undefined) return date;
    for (const [written, digits = '', unit] of text.replaceAll(DATE, ' ').matchAll(NUMBER))
      if (!this.holds(digits.replaceAll(',', ''), unit?.toLowerCase())) return written.trim();
    return undefined;
  }

  /** A written number may be rounded, a share written in percent, and a loss without its sign. */
  private holds(digits: string, unit: string | undefined): boolean {
    const scale = unit === undefined ? 1 : (UNITS[unit] ?? 1);
    const decimals = digits.split('.')[1]?.length ?? 0;
    const tolerance = (0.5 * 10 ** -decimals + 1e-9) * scale;
    const written = Number(digits) * scale;
    const isNear = (value: number): boolean => Math.abs(Math.abs(value) - written) <= tolerance;
    for (const value of this.values) if (isNear(value) || (Math.abs(value) <= 1 && isNear(value * 100))) return true;
    return false;
  }

  private collect(fact: unknown): void {
    if (typeof fact === 'number') this.values.add(fact);
    else if (typeof fact === 'string') this.collectText(fact);
    else if (Array.isArray(fact)) {
      this.values.add(fact.length);
      for (const one of fact) this.collect(one);
    } else if (typeof fact === 'object' && fact !== null) for (const one of Object.values(fact)) this.collect(one);
  }

  private collectText(text: string): void {
    for (const date of text.match(DATE) ?? []) this.dates.add(date);
    for (const [, digits = '', unit] of text.replaceAll(DATE, ' ').matchAll(NUMBER))
      this.values.add(Number(digits.replaceAll(',', '')) * (unit ? (UNITS[unit.toLowerCase()] ?? 1) : 1));
  }
}
