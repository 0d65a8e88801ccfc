import { toUSVString } from 'node:util';
import { ConversationMemory } from './conversation-memory.js';
import { emergencyAdvice } from './emergency.js';
import { factsIn } from './facts.js';
import { type Intent, type OfferedTool, type Reply, type Turn, readPersona } from './intent.js';
import {
  fallback,
  unansweredPart,
  beyondRulesIntent,
  translationIntent,
  smallTalkIntent,
} from './intents/small-talk.js';
import type { Conversation, ToolOutcome } from './prompt-reader.js';
import { isRequest, sentencesOf } from './sentences.js';
import { calculatorIntent } from './intents/calculator.js';
import { delegated } from './intents/delegation.js';
import { dateTimeIntent } from './intents/date-time.js';
import { jsonQueryIntent, namedToolIntent, otherToolsIntent, knowledgeLookupIntent } from './intents/other-tools.js';
import { recallIntent, toldIntent, unknownFactIntent, statementIntent } from './intents/recall.js';
import { sortingIntent, summaryIntent, textStatisticsIntent } from './intents/text-work.js';
import { unitConversionIntent } from './intents/unit-conversion.js';

/** Rules about a whole message, tried first: their text must not be taken apart into sentences. */
const MESSAGE_INTENTS: readonly Intent[] = [
  namedToolIntent,
  jsonQueryIntent,
  textStatisticsIntent,
  summaryIntent,
  sortingIntent,
  translationIntent,
];

/** Rules about one sentence, the special before the general. */
const SENTENCE_INTENTS: readonly Intent[] = [
  recallIntent,
  unitConversionIntent,
  dateTimeIntent,
  calculatorIntent,
  toldIntent,
  unknownFactIntent,
  beyondRulesIntent,
  smallTalkIntent,
  statementIntent,
  otherToolsIntent,
  knowledgeLookupIntent,
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
  const memory = ConversationMemory.of(conversation.system, conversation.earlier);
  const base = {
    message: conversation.latest.trim().slice(0, MESSAGE_MAX_CHARACTERS),
    memory,
    tools,
    persona: readPersona(conversation.system),
  };
  const advice = emergencyAdvice(base.message);
  const whole = advice !== undefined ? undefined : firstReply(MESSAGE_INTENTS, { ...base, sentence: base.message });
  const parts = whole ? [base.message] : sentencesOf(base.message);
  const intents = advice === undefined ? SENTENCE_INTENTS : [knowledgeLookupIntent];
  const spoken: string[] = [];
  const unanswered: string[] = [];
  const remarks: string[] = [];
  let calls = 0;
  for (const sentence of parts) {
    const task = [...remarks.splice(0), sentence].join(' ');
    const passed =
      advice === undefined ? delegated({ ...base, sentence }, task, calls, conversation.outcomes) : { calls };
    if (passed.call) return { type: 'call', index: passed.calls, ...passed.call };
    calls = passed.calls;
    if (passed.answer !== undefined) {
      memory.noteAnswer(passed.answer);
      spoken.push(passed.answer);
      continue;
    }
    const reply = whole ?? firstReply(intents, { ...base, sentence });
    memory.learn(factsIn(sentence));
    if (!reply) {
      if (!isRequest(sentence)) remarks.push(sentence);
      unanswered.push(sentence);
      continue;
    }
    const outcome = 'tool' in reply ? conversation.outcomes[calls] : undefined;
    if ('tool' in reply && !outcome) return { type: 'call', index: calls, tool: reply.tool, input: reply.input };
    if ('tool' in reply) calls += 1;
    const text = phrase(reply, outcome);
    memory.noteAnswer(text);
    spoken.push(text);
  }
  if (advice !== undefined) return { type: 'text', text: shortened([advice, ...spoken].join(' ')) };
  return { type: 'text', text: shortened(compose(spoken, unanswered, base)) };
}

function firstReply(intents: readonly Intent[], turn: Turn): Reply | undefined {
  for (const intent of intents) {
    const reply = intent(turn);
    if (reply) return reply;
  }
  return undefined;
}

function phrase(reply: Reply, outcome: ToolOutcome | undefined): string {
  if (!('tool' in reply)) return reply.text;
  if (!outcome?.ok) return `The tool ${reply.tool} could not do that: ${reasonOf(outcome)}`;
  const output =
    typeof outcome.value === 'object' && outcome.value !== null ? { ...outcome.value } : { result: outcome.value };
  return reply.phrase(output);
}

/** The SDK writes an error's class before its message. */
function reasonOf(outcome: ToolOutcome | undefined): string {
  return outcome?.ok === false ? outcome.error.replace(/^\w*Error: /, '') : 'it gave no result.';
}

/** Long answers repeat what they were given, so their beginning says enough. */
function shortened(answer: string): string {
  if (answer.length <= ANSWER_MAX_CHARACTERS) return answer;
  const note = ` … (shortened from ${answer.length} characters)`;
  return toUSVString(answer.slice(0, ANSWER_MAX_CHARACTERS - note.length)) + note;
}

/** Questions and requests left open are named; remarks beside an answered question need no comment. */
function compose(spoken: string[], unanswered: string[], turn: Pick<Turn, 'persona' | 'tools'>): string {
  if (spoken.length === 0) return fallback(turn).text;
  return [...spoken, ...unanswered.filter(isRequest).map(unansweredPart)].join(' ');
}
