import { indexDocument, rankPassages } from '../../../platform/search/document-index.js';
import { factKey, factsIn, type ToolOutcome } from '../conversation-memory.js';
import { type Intent, type Turn, matcherOf } from '../phrases.js';
import { PHRASES, essence, isQuestion, sentencesOf } from '../vocabulary.js';

const RECALLED = PHRASES.recalled.map((phrase) => new RegExp(phrase, 'iu'));
const STATED = new RegExp(PHRASES.stated, 'iu');

/** What the question asks the user's own facts for: "What is my budget?" */
function askedKey(sentence: string): string | undefined {
  const question = essence(sentence);
  const asked = RECALLED.map((pattern) => pattern.exec(question)).find((match) => match !== null);
  return asked ? factKey(asked.groups?.['key'] ?? 'name') : undefined;
}

/** "cats: 3" counts things, while "budget: 1200" is an amount. */
function told(key: string, value: string, your: string, you: string): string {
  return /[^su]s$/.test(key) && /^\d+$/.test(value) ? `${you} have ${value} ${key}.` : `${your} ${key} is ${value}.`;
}

/** Confirms what the user tells about themselves, so that they see what will be remembered. */
export const statementIntent: Intent = ({ sentence }) => {
  const facts = factsIn(sentence).map(([key, value]) =>
    key === 'name' ? `Nice to meet you, ${value}.` : told(key, value, 'Noted: your', 'Noted: you'),
  );
  const isStated = !isQuestion(sentence) && STATED.test(sentence);
  return facts.join(' ') || (isStated ? `Noted: ${essence(sentence)}.` : undefined);
};

/**
 * Answers from what the user said: a fact by its key, else the statement that fits the question best, in any language; of
 * equal ones the latest. Comes after the tools' rules: "my budget divided by 4" is arithmetic.
 */
export const recallIntent: Intent = ({ sentence, memory: { facts, messages } }) => {
  const key = askedKey(sentence) ?? '';
  if (facts.has(key)) return told(key, facts.get(key) ?? '', 'Your', 'You');
  const index = indexDocument(isQuestion(sentence) ? statementsIn(messages).reverse().join('\n\n') : '');
  const [best] = rankPassages(sentence, [{ name: 'conversation', index }], 1);
  if (best) return `You told me: "${best.text}"`;
  return key === '' ? undefined : `I find nothing about your ${key} in the part of this conversation that I can see.`;
};

const statementsIn = (messages: string[]) => messages.flatMap(sentencesOf).filter((one) => !isQuestion(one));

/** The answer of a phrase, with what it says of the agent and the conversation. */
function spoken(answer: string | undefined, turn: Turn): string | undefined {
  if (answer === undefined) return undefined;
  const { answers, facts, messages } = turn.memory;
  const hello = facts.has('name') ? `Hello, ${facts.get('name')}!` : 'Hello!';
  const values: Record<string, string | undefined> = {
    hello: turn.sentence === turn.message ? `${hello} ${introduction(turn)} What can I do for you?` : hello,
    introduction: introduction(turn),
    abilities: abilities(turn.tools),
    first: messages[0]?.slice(0, 300),
    last: messages.at(-1)?.slice(0, 300),
    answer: answers.at(-1),
    told: statementsIn(messages).join(' '),
    facts: [...facts].map(([key, value]) => told(key, value, 'Your', 'You')).join(' '),
  };
  return answer.replace(/\{(\w+)\}/g, (_, name: string) => values[name] || 'nothing');
}

const [findHistory, findTalk, findRefusal] = [PHRASES.history, PHRASES.talk, PHRASES.refusals].map(matcherOf);

/** What was said first or last; then greetings, thanks and questions about the agent itself. */
export const historyIntent: Intent = (turn) => spoken(findHistory?.(essence(turn.sentence))?.answer, turn);
export const smallTalkIntent: Intent = (turn) => spoken(findTalk?.(turn.sentence)?.answer, turn);

/** Said when no rule fits the message: who the agent is, why it does not answer, what it can do. Never an invented answer. */
export const fallback = (turn: Turn): string =>
  `${introduction(turn)} I cannot answer that: I run on the platform's rule-based offline model, and open questions need a language model. ${abilities(turn.tools)}`;

/** One sentence in the first person, by the `Name:` and `Role:` lines that the runtime writes, else the first "You are ...". */
function introduction({ system }: Turn): string {
  const name = /^Name:[ \t]*(.{1,200})$/m.exec(system)?.[1] ?? 'an assistant';
  const given = /^Role:[ \t]*(?:you are )?(.{1,500})$/im.exec(system);
  const role = (given ?? /\byou are (?:an? |the )?([^.\n]{1,200})/i.exec(system))?.[1] ?? 'a helpful assistant';
  return `I am ${name.trim()}; my role: ${role.trim().replace(/(?<![.\s])[.\s]+$/, '')}.`;
}

/** What the agent can do with its tools under the offline model, as one sentence. */
function abilities(tools: Turn['tools']): string {
  const own = [...tools.values()].map(({ name, description = '' }) => {
    const [summary = ''] = description.split(/[.:]\s/);
    return PHRASES.abilities[name] ?? `${name.replaceAll('_', ' ')} (${summary.slice(0, 100)})`;
  });
  return `I can ${[...own, PHRASES.abilities['always']].join(', ')} and sort a list.`;
}

/** Tasks that need a language model or the outside world, or a tool of their name: said plainly instead of pretended. */
export const beyondRulesIntent: Intent = ({ sentence, tools }) => {
  const words = [...tools.keys()].flatMap((name) => name.split(/[_-]/)).filter((word) => word.length > 4);
  const isCovered = /\bmy\b/i.test(sentence) || words.some((word) => sentence.toLowerCase().includes(word));
  return isCovered ? undefined : findRefusal?.(sentence)?.answer;
};

/** A text to translate is not to be read as sentences to the agent. */
export const translationIntent: Intent = (turn) =>
  /^(?:please |can you |could you )*translate\b/i.test(turn.message) ? beyondRulesIntent(turn) : undefined;

const MEMBER = /^ask_/;
/** How the offline model begins to say that it cannot do something. */
const DECLINES =
  /\bI cannot answer that: I run on|^I (?:cannot|found nothing about|would need the tool)\b|^The tool \S+ could not do that/;
/** Talk about the conversation and about the agent itself. */
const OWN = [smallTalkIntent, historyIntent, recallIntent, statementIntent];

/**
 * A supervisor passes a task to the members of its team, the one first whose duty fits the sentence best, until one answers.
 * @param outcomes of the calls that this turn made for the sentence so far
 * @returns how many members have answered or declined, and an answer or the tool to call next
 */
export function delegated(
  turn: Turn,
  outcomes: readonly ToolOutcome[],
): { asked: number; tool?: string; answer?: string } {
  const team = [...turn.tools.values()].filter(({ name }) => MEMBER.test(name));
  if (team.length === 0 || OWN.some((intent) => intent(turn) !== undefined)) return { asked: 0 };
  const duties = team.map(({ name, description }) => {
    return { name, index: indexDocument(`${name.replaceAll('_', ' ')} ${description}`) };
  });
  const fitting = rankPassages(turn.sentence, duties, Infinity).map(({ document }) => document);
  for (const [asked, tool] of [...new Set([...fitting, ...team.map(({ name }) => name)])].entries()) {
    const outcome = outcomes[asked];
    if (!outcome) return { asked, tool };
    if ('value' in outcome && !DECLINES.test(String(outcome.value)))
      return { asked: asked + 1, answer: String(outcome.value) };
  }
  return { asked: team.length };
}
