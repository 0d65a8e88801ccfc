import { Injectable, Logger } from '@nestjs/common';
import { ModelsService } from '../../models/models.service.js';
import type { TrackRecord } from './calibration/track-record.js';
import type { Analysis } from './engine/analysis.js';
import { optionFigures } from './engine/option-figures.js';
import { COMPUTED_MODEL, computedWords, type DecisionWords } from './words/decision-words.js';
import { wordsSchema } from './words/words.schema.js';
import { acceptedWords, ContradictingWordsError } from './words/written-words.js';

/** A model that takes longer is not waited for: the computed text is there. */
const MODEL_DEADLINE_MS = 20_000;

const SYSTEM =
  'You write for people who must decide, plainly and without praise. The decision and all figures are already computed: ' +
  'explain them, never change them, and name no number or date that is not in the input.';
const INSTRUCTIONS =
  'Write the rationale of the decision, the success metrics, the answers to its risks, and the activities of each phase of ' +
  'the plan (the same phases, in the same order). The context may say more about the undertaking than its figures: use it.';

export interface WrittenDecision extends DecisionWords {
  /** The id of the model that wrote it, or `nexus/computed`. */
  model: string;
  /** Why the text was computed although a model is configured; null otherwise. */
  reason: string | null;
}

/** Puts an analysis into words: a model's when one is configured and keeps to the numbers, else computed ones. */
@Injectable()
export class DecisionWriter {
  private readonly logger = new Logger(DecisionWriter.name);

  constructor(private readonly models: ModelsService) {}

  /** Never fails: what goes wrong with the model is told in `reason`. */
  async write(analysis: Analysis, given: unknown, track_record: TrackRecord, today: Date): Promise<WrittenDecision> {
    const computed = computedWords(analysis, today);
    const plain = (reason: string | null): WrittenDecision => ({ ...computed, model: COMPUTED_MODEL, reason });
    try {
      if (this.models.describe().provider === 'offline') return plain(null);
      return { ...(await this.ask(analysis, given, track_record, computed)), reason: null };
    } catch (error) {
      this.logger.warn({ msg: 'a decision was put into computed words', err: error });
      return plain(reasonOf(error));
    }
  }

  private async ask(
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
    });
    return { ...acceptedWords(object, computed, facts), model };
  }
}

/** Says what happened without what the provider said, which may hold internals. */
function reasonOf(error: unknown): string {
  if (error instanceof ContradictingWordsError) return `the model's text contradicted the figures: ${error.message}`;
  const isLate = error instanceof Error && error.name === 'TimeoutError';
  return isLate
    ? `the model did not answer within ${MODEL_DEADLINE_MS / 1000} seconds`
    : 'the model could not write it';
}
