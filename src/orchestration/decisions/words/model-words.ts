import { z } from 'zod';
import { RULES, VERDICTS } from '../engine/rules.js';
import { DRAWS } from '../engine/simulation.js';
import type { DecisionWords } from './computed-words.js';

const line = z.string().trim().min(3).max(500);

/** The words that a model writes. No field is a number, a date or a verdict. */
export const wordsSchema = z.object({
  rationale: z.string().trim().min(20).max(3_000),
  success_metrics: z.array(line).min(1).max(10),
  risk_mitigation: z.array(line).max(12),
  phases: z
    .array(z.object({ phase: z.string(), activities: z.array(line).min(1).max(6) }))
    .min(1)
    .max(3),
});

export type WrittenWords = z.infer<typeof wordsSchema>;

/** The model's text contradicts the numbers; the message says where. */
export class ContradictingWordsError extends Error {}

/**
 * Puts the model's words on the computed plan. If any text names a number, a date or a verdict that the facts lack, all of the
 * words are refused.
 * @param facts everything that the model was given
 * @throws ContradictingWordsError
 */
export function acceptedWords(written: WrittenWords, computed: DecisionWords, facts: unknown): DecisionWords {
  const { rationale, success_metrics, risk_mitigation, phases } = written;
  const plan = computed.implementation_plan.map((phase, index) => {
    const own = phases[index];
    if (own?.phase !== phase.phase) throw new ContradictingWordsError(`the plan lacks the phase ${phase.phase}`);
    return { ...phase, activities: own.activities };
  });
  if (phases.length > plan.length) throw new ContradictingWordsError('the plan has a phase too many');
  const told = new ToldNumbers(facts);
  const known = JSON.stringify(facts);
  const texts = [rationale, ...success_metrics, ...risk_mitigation, ...phases.flatMap(({ activities }) => activities)];
  for (const text of texts) {
    const number = told.firstUntold(text);
    if (number !== undefined) throw new ContradictingWordsError(`no fact holds the number "${number}"`);
    const verdict = VERDICTS.find((one) => text.includes(one) && !known.includes(one));
    if (verdict) throw new ContradictingWordsError(`no fact holds the decision ${verdict}`);
  }
  return { rationale, implementation_plan: plan, success_metrics, risk_mitigation };
}

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

/** The numbers and dates that a text may name: those of its facts and those of the rules. */
export class ToldNumbers {
  private readonly values = new Set<number>([...ruleNumbers(), ...PERCENTILE_NUMBERS]);
  private readonly dates = new Set<string>();

  constructor(facts: unknown) {
    this.collect(facts);
  }

  /** The first number or date in the text that no fact contains, as written; undefined if every one is known. */
  firstUntold(text: string): string | undefined {
    const date = text.match(DATE)?.find((one) => !this.dates.has(one));
    if (date !== undefined) return date;
    for (const [written, digits = '', unit] of text.replaceAll(DATE, ' ').matchAll(NUMBER))
      if (!this.holds(digits.replaceAll(',', ''), unit?.toLowerCase())) return written.trim();
    return undefined;
  }

  /** Accepts rounded numbers, shares written in percent and losses without their sign. */
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

/** For "the 10th percentile", "80 % of the cases", "0.3 of 1". */
export const PERCENTILE_NUMBERS = [0, 1, 10, 50, 80, 90, 100];

/** The thresholds of the rules. */
export function ruleNumbers(): number[] {
  return [DRAWS, ...RULES.flatMap(({ roi_above, risk_below }) => [roi_above, risk_below])];
}
