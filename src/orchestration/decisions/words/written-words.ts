import { VERDICTS } from '../engine/verdict.js';
import type { DecisionWords } from './decision-words.js';
import { ToldNumbers } from './told-numbers.js';
import type { WrittenWords } from './words.schema.js';

/** What a model wrote contradicts the numbers; the message says where. */
export class ContradictingWordsError extends Error {}

/**
 * The model's words on the computed plan. A text that names a number, a date or a verdict which the facts do not hold
 * would contradict them, so all of it is refused.
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
