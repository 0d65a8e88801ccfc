import { type Intent, type Turn, introduce, type OfferedTool, type SpokenReply } from '../intent.js';

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

const EXAMPLES: Readonly<Record<string, string>> = {
  calculator: 'calculate ("What is 15% of 80?")',
  date_time: 'work with dates and times ("How many days until 2030-01-01?")',
  unit_conversion: 'convert units ("Convert 10 km to miles")',
  text_statistics: 'count words and sentences ("Count the words: ...")',
  json_query: 'read values from JSON ("Get user.name from {...}")',
  knowledge_lookup: 'look things up in the documents I was given',
};

const ALWAYS: readonly string[] = [
  'remember what you tell me in this conversation',
  'summarise a text you give me',
  'sort a list',
];

/** What the agent can do with its tools under the offline model, as one sentence. */
export function abilities(tools: ReadonlyMap<string, OfferedTool>): string {
  const own = [...tools.values()].map(
    ({ name, description }) => EXAMPLES[name] ?? `${name.replaceAll('_', ' ')} (${firstSentence(description)})`,
  );
  const all = [...own, ...ALWAYS];
  return `I can ${all.slice(0, -1).join(', ')} and ${all.at(-1) ?? ''}.`;
}

function firstSentence(text: string): string {
  return text.split(/[.:]\s/)[0]?.slice(0, 100) ?? '';
}

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
