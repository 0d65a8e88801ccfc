import { Injectable, Logger } from '@nestjs/common';
import { ModelsService } from '../../models/models.service.js';
import type { TrackRecord } from './calibration.js';
import { type Analysis, optionFigures } from './engine/decision-engine.js';
import { COMPUTED_MODEL, computedWords, type DecisionWords } from './words/computed-words.js';
import { acceptedWords, ContradictingWordsError, wordsSchema } from './words/model-words.js';

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

  constructor(private readonly models: ModelsService) {}

  /** Never rejects: `reason` says why a configured model did not write the words. */
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

/** Leaves out the provider's message, which may contain internals. */
function reasonOf(error: unknown): string {
  if (error instanceof ContradictingWordsError) return `the model's text contradicted the figures: ${error.message}`;
  const isLate = error instanceof Error && error.name === 'TimeoutError';
  return isLate
    ? `the model did not answer within ${MODEL_DEADLINE_MS / 1000} seconds`
    : 'the model could not write it';
}
