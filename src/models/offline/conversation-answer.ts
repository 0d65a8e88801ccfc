import { toUSVString } from 'node:util';
import { ConversationMemory, type Conversation, type ToolOutcome } from './conversation-memory.js';
import type { Intent, OfferedTool, ToolReply, Turn } from './phrases.js';
import {
  calculatorIntent,
  conversionIntent,
  jsonIntent,
  knowledgeLookupIntent,
  otherToolsIntent,
  sortingIntent,
  summaryIntent,
  textStatisticsIntent,
} from './intents/tasks.js';
import * as talk from './intents/talk.js';
import { delegated } from './intents/talk.js';
import { PHRASES, isRequest, sentencesOf } from './vocabulary.js';

/** Rules about a whole message, tried first: their text must not be taken apart into sentences. */
const MESSAGE_INTENTS = [jsonIntent, textStatisticsIntent, summaryIntent, sortingIntent, talk.translationIntent];
/** Rules about one sentence, the special before the general. */
const SENTENCE_INTENTS = [
  ...[talk.historyIntent, conversionIntent, calculatorIntent, talk.recallIntent, talk.beyondRulesIntent],
  ...[talk.smallTalkIntent, talk.statementIntent, otherToolsIntent, knowledgeLookupIntent],
];

/** The model either speaks or asks for one tool call; `index` counts the calls of this turn. */
export type Answer =
  { type: 'text'; text: string } | { type: 'call'; index: number; tool: string; input: Record<string, unknown> };

/** Fits the 2,048 output tokens that an agent has unless it says otherwise. */
const ANSWER_MAX_CHARACTERS = 8_000;
/** What the rules read of a message. Every pattern is linear in it. */
const MESSAGE_MAX_CHARACTERS = 100_000;

/**
 * Answers the latest message sentence by sentence. Nothing is kept between requests: each request replays the turn with
 * the tool results it has so far, so the same conversation always gets the same answer. The answer to
 * an emergency begins with the advice to call for help; after it only the agent's documents are quoted.
 */
export function answerConversation(conversation: Conversation, tools: ReadonlyMap<string, OfferedTool>): Answer {
  const { system, earlier, outcomes } = conversation;
  const message = conversation.latest.trim().slice(0, MESSAGE_MAX_CHARACTERS);
  const turn: Turn = { message, sentence: message, system, memory: new ConversationMemory(system, earlier), tools };
  const advice = emergencyAdvice(message);
  const whole = advice === undefined ? firstReply(MESSAGE_INTENTS, turn) : undefined;
  const spoken = advice === undefined ? [] : [advice];
  const [open, remarks]: [string[], string[]] = [[], []];
  let calls = 0;
  for (const sentence of whole === undefined ? sentencesOf(message) : [message]) {
    const task = [...remarks.splice(0), sentence].join(' ');
    const { asked, tool, answer } = advice ? { asked: 0 } : delegated({ ...turn, sentence }, outcomes.slice(calls));
    calls += asked;
    if (tool !== undefined) return { type: 'call', index: calls, tool, input: { task } };
    if (answer !== undefined) {
      turn.memory.noteAnswer(answer);
      spoken.push(answer);
      continue;
    }
    const intents = advice === undefined ? SENTENCE_INTENTS : [knowledgeLookupIntent];
    const reply = whole ?? firstReply(intents, { ...turn, sentence });
    turn.memory.learn(sentence);
    const isNote = typeof reply === 'string' && reply.startsWith('Noted: ');
    if (!isRequest(sentence) && (reply === undefined || isNote)) remarks.push(sentence);
    if (reply === undefined) open.push(sentence);
    else if (typeof reply === 'string') spoken.push(reply);
    else {
      const outcome = outcomes[calls];
      if (!outcome) return { type: 'call', index: calls, tool: reply.tool, input: reply.input };
      spoken.push(phrased(reply, outcome));
      calls += 1;
    }
    if (reply !== undefined) turn.memory.noteAnswer(spoken.at(-1) ?? '');
  }
  if (spoken.length === 0) spoken.push(talk.fallback(turn));
  // Questions and requests left open are named; remarks beside an answered question need no comment.
  else if (advice === undefined)
    spoken.push(...open.filter(isRequest).map((part) => `I cannot answer "${part}" with the offline model.`));
  return { type: 'text', text: shortened(spoken.join(' ')) };
}

const EMERGENCIES = Object.values(PHRASES.emergencies).map(
  ({ signs, advice }) => [new RegExp(signs.join('|'), 'iu'), advice] as const,
);

/** The advice in the language of an emergency. Languages share words ("overdose"): the longest match decides. */
function emergencyAdvice(text: string): string | undefined {
  const found = EMERGENCIES.map(([signs, advice]) => ({ advice, length: signs.exec(text)?.[0].length ?? 0 }));
  return found.filter(({ length }) => length > 0).sort((a, b) => b.length - a.length)[0]?.advice;
}

function firstReply(intents: readonly Intent[], turn: Turn): ReturnType<Intent> {
  return intents.reduce<ReturnType<Intent>>((reply, intent) => reply ?? intent(turn), undefined);
}

function phrased(reply: ToolReply, outcome: ToolOutcome): string {
  // The SDK writes an error's class before its message.
  if ('error' in outcome)
    return `The tool ${reply.tool} could not do that: ${outcome.error.replace(/^\w*Error: /, '')}`;
  const { value } = outcome;
  return reply.phrase(typeof value === 'object' && value !== null ? { ...value } : { result: value });
}

/** Long answers repeat what they were given, so their beginning says enough. */
function shortened(answer: string): string {
  if (answer.length <= ANSWER_MAX_CHARACTERS) return answer;
  const note = ` … (shortened from ${answer.length} characters)`;
  return toUSVString(answer.slice(0, ANSWER_MAX_CHARACTERS - note.length)) + note;
}
