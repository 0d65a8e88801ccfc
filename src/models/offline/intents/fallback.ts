import { abilities } from '../abilities.js';
import type { SpokenReply, Turn } from '../intent.js';
import { introduce } from '../persona.js';

/** Said when no rule fits the message: who the agent is, why it does not answer, what it can do. Never an invented answer. */
export function fallback({ persona, tools }: Pick<Turn, 'persona' | 'tools'>): SpokenReply {
  return {
    text: `${introduce(persona)} I cannot answer that: I run on the platform's rule-based offline model, and open questions need a language model. ${abilities(tools)}`,
  };
}

/** The short form beside other answers. */
export function unansweredPart(sentence: string): string {
  return `I cannot answer "${sentence}" with the offline model.`;
}
