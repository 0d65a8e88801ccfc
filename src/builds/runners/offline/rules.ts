const OBLIGES_OR_FORBIDS =
  /\b(?:must|never|always|only|do not|don't|does not|doesn't|should not|shouldn't|may not|cannot|can't|refuse|avoid|forbidden|not allowed|required to|make sure|ensure)\b/i;
const ASKS_FOR_THE_AGENT = /\b(?:build|create|develop|design)\b.*\b(?:agent|assistant|bot|chatbot)\b/i;

/** The sentences that oblige or forbid something, as they were written. */
export function rulesOf(sentences: readonly string[]): string[] {
  return sentences
    .filter((sentence) => OBLIGES_OR_FORBIDS.test(sentence) && !ASKS_FOR_THE_AGENT.test(sentence))
    .slice(0, 15);
}

export function forbids(rule: string): boolean {
  return /\b(?:never|not|don't|doesn't|shouldn't|cannot|can't|refuse|avoid|forbidden)\b/i.test(rule);
}
