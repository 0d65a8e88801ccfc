/** "the model gpt-4o", "model_id: gpt-4o", "runs on gpt-4o", "powered by gpt-4o": said of the agent, not of its subject. */
const NAMED = /\b(?:models?|model[ _]id|runs? on|powered by)(?:\s+is)?\s*[:=]?\s*["'`]?([A-Za-z0-9][\w.:/@+-]*[\w])/giu;

/** The first model that the requirement asks for by an id that `knows` confirms; null when it asks for none. */
export function namedModel(requirement: string, knows: (modelId: string) => boolean): string | null {
  for (const [, id] of requirement.matchAll(NAMED)) if (id !== undefined && knows(id)) return id;
  return null;
}
