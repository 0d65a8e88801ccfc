import { indexDocument, rankPassages } from '../../../platform/search/document-index.js';
import type { Turn } from '../intent.js';
import type { ToolOutcome } from '../prompt-reader.js';
import { historyIntent, recallIntent, smallTalkIntent, statementIntent } from './talk.js';

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
