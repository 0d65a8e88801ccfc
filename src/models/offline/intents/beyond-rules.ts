import type { Intent } from '../intent.js';
import { headOf } from './given-text.js';

const TASKS: readonly (readonly [RegExp, string])[] = [
  [/\btranslat(?:e|ion|ing)\b|\bhow do (?:you|i) say\b|\bin (?:french|german|spanish|italian|portuguese|dutch|polish|chinese|japanese)\b/i, 'translate'],
  [/^(?:please |can you |could you )*(?:write|compose|draft|create|generate|make up|invent)\b.{0,40}\b(?:poem|story|song|essay|letter|e-?mail|joke|haiku|code|function|script|post|article|text)\b|\btell me a (?:joke|story)\b/i, 'write new text'],
  [/\b(?:weather|forecast|stock price|exchange rate|news)\b.{0,60}\??$/i, 'look up what is happening outside'],
];

/** Tasks that need a language model or the outside world: said plainly instead of pretended. */
export const beyondRulesIntent: Intent = ({ message, tools }) => {
  const head = headOf(message);
  const task = TASKS.find(([pattern]) => pattern.test(head));
  if (!task || /\bmy\b/i.test(head)) return undefined;
  const covered = [...tools.values()].some(({ name }) => name.split(/[_-]/).some((word) => word.length > 4 && head.toLowerCase().includes(word)));
  if (covered) return undefined;
  return { text: `I cannot ${task[1]}: I run on the platform's rule-based offline model. Setting MODEL_PROVIDER to a language model makes that possible.` };
};
