import { abilities } from '../abilities.js';
import type { Intent, Turn } from '../intent.js';
import { introduce } from '../persona.js';

const ANSWERS: readonly (readonly [RegExp, (turn: Turn) => string])[] = [
  [/^(?:hi|hello|hey|greetings|good (?:morning|afternoon|evening|day)|hallo|howdy)\b.{0,30}$/i, greet],
  [
    /^(?:(?:many )?thanks?\b|thank you|thx|cheers|great|perfect|awesome|nice|cool|ok(?:ay)?|got it|well done).{0,30}$/i,
    () => 'You are welcome.',
  ],
  [
    /^(?:bye|goodbye|see you|good night|farewell|ciao)\b.{0,30}$/i,
    ({ memory }) => `Goodbye${nameOf(memory.fact('name'))}!`,
  ],
  [/^how are you\b.{0,20}$/i, () => 'I am running normally, thank you. What can I do for you?'],
  [
    /\b(?:what (?:can|do) you do|what are you (?:able|good)|how can you help|can you help|your (?:capabilities|abilities|skills|tools)|which tools|what tools|how do you work)\b|^help(?: me)?\W*$/i,
    help,
  ],
  [
    /\b(?:who|what) are you\b|\bwhat(?:['’]s|s| is) your (?:name|role|job|purpose|task)\b|\bintroduce yourself\b|\btell me about yourself\b/i,
    identify,
  ],
  [
    /\b(?:are you (?:an? )?(?:ai|bot|robot|human|real|llm|gpt|chatgpt|claude)|which (?:language )?model|what (?:language )?model)\b/i,
    model,
  ],
];

/** Greetings, thanks and questions about the agent itself. */
export const smallTalkIntent: Intent = (turn) => {
  const answer = ANSWERS.find(([pattern]) => pattern.test(turn.sentence));
  return answer && { text: answer[1](turn) };
};

function greet(turn: Turn): string {
  const hello = `Hello${nameOf(turn.memory.fact('name'))}!`;
  if (turn.sentence !== turn.message) return hello;
  return `${hello} ${introduce(turn.persona)} What can I do for you?`;
}

function help(turn: Turn): string {
  return `${introduce(turn.persona)} ${abilities(turn.tools)}`;
}

function identify(turn: Turn): string {
  return `${introduce(turn.persona)} I run on the platform's rule-based offline model.`;
}

function model(): string {
  return 'I run on nexus/offline, the rule-based model of this platform. It is no large language model.';
}

function nameOf(name: string | undefined): string {
  return name === undefined ? '' : `, ${name}`;
}
