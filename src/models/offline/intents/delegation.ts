import type { OfferedTool, Turn } from '../intent.js';
import type { ToolOutcome } from '../prompt-reader.js';
import { smallTalkIntent } from './small-talk.js';
import { recallIntent, statementIntent, toldIntent } from './recall.js';

const MEMBER = /^ask_/;
/** How the offline model begins to say that it cannot do something. */
const DECLINES =
  /\bI cannot answer that: I run on|^I (?:cannot|found nothing about|would need the tool)\b|^The tool \S+ could not do that/;

/** Talk about the conversation and about the agent itself. */
const OWN = [smallTalkIntent, recallIntent, toldIntent, statementIntent];

/** What came of passing a sentence on: a call to make, an answer, or neither. `calls` counts the calls of the turn so far. */
export type Delegated = { calls: number; call?: { tool: string; input: { task: string } }; answer?: string };

/**
 * A supervisor passes a sentence to the members of its team, the one first whose duty shares most words with it, until one answers.
 * @param task the sentence with what was said before it in the same message
 * @param outcomes of the calls made in this turn
 */
export function delegated(turn: Turn, task: string, calls: number, outcomes: readonly ToolOutcome[]): Delegated {
  const team = [...turn.tools.values()].filter(({ name }) => MEMBER.test(name));
  if (team.length === 0 || OWN.some((intent) => intent(turn))) return { calls };
  for (const { name } of byDuty(team, turn.sentence)) {
    const outcome = outcomes[calls];
    if (!outcome) return { calls, call: { tool: name, input: { task } } };
    calls += 1;
    if (outcome.ok && !DECLINES.test(String(outcome.value))) return { calls, answer: String(outcome.value) };
  }
  return { calls };
}

/** In the order of the definition among equals. */
function byDuty(team: readonly OfferedTool[], sentence: string): OfferedTool[] {
  const said = new Set(stemsOf(sentence));
  const shared = ({ name, description }: OfferedTool): number =>
    new Set(stemsOf(`${name.replaceAll('_', ' ')} ${description}`).filter((word) => said.has(word))).size;
  return team.toSorted((a, b) => shared(b) - shared(a));
}

function stemsOf(text: string): string[] {
  return (text.toLowerCase().match(/[\p{L}\p{N}]{4,}/gu) ?? []).map((word) => word.replace(/(?:s|es|ing|ed)$/u, ''));
}
