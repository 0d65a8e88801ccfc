import { Injectable, Logger } from '@nestjs/common';
import { z } from 'zod';
import { BudgetExceededError } from '../../budgets/budgets.errors.js';
import { BudgetsService } from '../../budgets/budgets.service.js';
import { ModelsService } from '../../models/models.service.js';
import type { TrackRecordDto as TrackRecord } from './figures.dto.js';
import { type Analysis, optionFigures } from './engine/decision-engine.js';
import { COMPUTED_MODEL, computedWords, type DecisionWords } from './words/computed-words.js';
import { RULES, VERDICTS } from './engine/rules.js';
import { DRAWS } from './engine/simulation.js';

/** After this the computed text is used. */
const MODEL_DEADLINE_MS = 20_000;

const SYSTEM =
  'You write for people who must decide, plainly and without praise. The decision and all figures are already computed: ' +
  'explain them, never change them, and name no number or date that is not in the input.';
const INSTRUCTIONS =
  'Write the rationale of the decision, the success metrics, the answers to its risks, and the activities of each phase of ' +
  'the plan (the same phases, in the same order). The context may say more about the undertaking than its figures: use it.';

export interface WrittenDecision extends DecisionWords {
  /** The id of the model that wrote the words, or `nexus/computed`. */
  model: string;
  /** Why the words are computed although a model is configured; null otherwise. */
  reason: string | null;
}

/** Puts an analysis into words: those of the configured model if they agree with the numbers, else computed ones. */
@Injectable()
export class DecisionWriter {
  private readonly logger = new Logger(DecisionWriter.name);

  constructor(
    private readonly models: ModelsService,
    private readonly budgets: BudgetsService,
  ) {}

  /** Never rejects: `reason` says why a configured model did not write the words. */
  async write(
    org_id: string,
    analysis: Analysis,
    given: unknown,
    track_record: TrackRecord,
    today: Date,
  ): Promise<WrittenDecision> {
    const computed = computedWords(analysis, today);
    const plain = (reason: string | null): WrittenDecision => ({ ...computed, model: COMPUTED_MODEL, reason });
    try {
      if (this.models.describe().provider === 'offline') return plain(null);
      return { ...(await this.ask(org_id, analysis, given, track_record, computed)), reason: null };
    } catch (error) {
      this.logger.warn({ msg: 'the model did not write a decision; computed wording is used', err: error });
      return plain(reasonOf(error));
    }
  }

  private async ask(
    org_id: string,
    { assessment, ranking }: Analysis,
    context: unknown,
    track_record: TrackRecord,
    computed: DecisionWords,
  ): Promise<DecisionWords & { model: string }> {
    const options = ranking.map(optionFigures);
    const facts = { context, analysis: assessment, options, track_record, computed_text: computed };
    const { object, model } = await this.models.generateStructured({
      name: 'decision_words',
      schema: wordsSchema,
      system: SYSTEM,
      instructions: INSTRUCTIONS,
      input: facts,
      signal: AbortSignal.timeout(MODEL_DEADLINE_MS),
      meter: (model) => this.budgets.metered(model, this.budgets.spenderHere(org_id)),
    });
    return { ...acceptedWords(object, computed, facts), model };
  }
}

/** Leaves out the provider's message, which may contain internals. */
function reasonOf(error: unknown): string {
  if (error instanceof ContradictingWordsError) return `the model's text contradicted the figures: ${error.message}`;
  if (error instanceof BudgetExceededError) return 'a budget does not cover the call of the model';
  const isLate = error instanceof Error && error.name === 'TimeoutError';
  return isLate
    ? `the model did not respond within ${MODEL_DEADLINE_MS / 1000} seconds`
    : 'the model could not write it';
}

const line = z.string().trim().min(3).max(500);

/** The words that a model writes. No field is a number, a date or a verdict. */
const wordsSchema = z.object({
  rationale: z.string().trim().min(20).max(3_000),
  success_metrics: z.array(line).min(1).max(10),
  risk_mitigation: z.array(line).max(12),
  phases: z
    .array(z.object({ phase: z.string(), activities: z.array(line).min(1).max(6) }))
    .min(1)
    .max(3),
});

type WrittenWords = z.infer<typeof wordsSchema>;

/** The model's text contradicts the numbers; the message says where. */
class ContradictingWordsError extends Error {}

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
class ToldNumbers {
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
const PERCENTILE_NUMBERS = [0, 1, 10, 50, 80, 90, 100];

/** The thresholds of the rules. */
function ruleNumbers(): number[] {
  return [DRAWS, ...RULES.flatMap(({ roi_above, risk_below }) => [roi_above, risk_below])];
}
