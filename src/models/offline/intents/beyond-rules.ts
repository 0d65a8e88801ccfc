import type { Intent, SpokenReply } from '../intent.js';

const TASKS: readonly (readonly [RegExp, string])[] = [
  [
    /\btranslat(?:e|ion|ing)\b|\bhow do (?:you|i) say\b|\bin (?:french|german|spanish|italian|portuguese|dutch|polish|chinese|japanese)\b/i,
    'translate',
  ],
  [
    /^(?:please |can you |could you )*(?:write|compose|draft|create|generate|make up|invent)\b.{0,40}\b(?:poem|story|song|essay|letter|e-?mail|joke|haiku|code|function|script|post|article|text)\b|\btell me a (?:joke|story)\b/i,
    'write new text',
  ],
  [/\b(?:weather|forecast|stock price|exchange rate|news)\b.{0,60}\??$/i, 'look up what is happening outside'],
];

/** Tasks that need a language model or the outside world: said plainly instead of pretended. */
export const beyondRulesIntent: Intent = ({ sentence, tools }) => {
  const task = TASKS.find(([pattern]) => pattern.test(sentence));
  const covered = [...tools.values()].some(({ name }) => namesTask(name, sentence));
  return !task || covered || /\bmy\b/i.test(sentence) ? undefined : refusal(task[1]);
};

/** A text to translate is not to be read as sentences to the agent. */
export const translationIntent: Intent = ({ message, tools }) => {
  const asked = /^(?:please |can you |could you )*translate\b/i.test(message);
  return asked && ![...tools.keys()].some((name) => /translat/i.test(name)) ? refusal('translate') : undefined;
};

function namesTask(tool: string, sentence: string): boolean {
  return tool.split(/[_-]/).some((word) => word.length > 4 && sentence.toLowerCase().includes(word));
}

function refusal(task: string): SpokenReply {
  return {
    text: `I cannot ${task}: I run on the platform's rule-based offline model, and that needs a language model.`,
  };
}
