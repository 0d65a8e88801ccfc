import { factsOf } from './facts.js';
import { sentencesOf } from './sentences.js';

const PROHIBITION =
  /^(?:never|do not|don't|avoid|(?:it|the agent) (?:must not|must never|should not|should never|may not))\b/i;

/** The requirement without its facts and prohibitions: "The Alpha costs 199 euros" does not ask for a calculator. */
export function wishesIn(requirement: string): string {
  const sentences = sentencesOf(requirement);
  const facts = factsOf(sentences);
  return sentences
    .filter((sentence) => !PROHIBITION.test(sentence) && !facts.some((fact) => sentence.endsWith(fact.statement)))
    .join('\n');
}
