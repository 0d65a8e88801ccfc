import { z } from 'zod';
import type { BuiltinToolKind } from '../../tools/kinds/builtin/builtin.kind.js';
import { type RequirementProfile, wishesIn } from '../requirement/statements.js';
import type { StepContext } from './step.js';

/** A tool as a step describes it to its model. */
export const toolCardSchema = z.object({
  name: z.string(),
  description: z.string(),
  /** The catalogue's keywords occur in the requirement. */
  suggested: z.boolean(),
});

export type ToolCard = z.infer<typeof toolCardSchema>;

export function toolCards(catalogue: BuiltinToolKind, requirement: string): ToolCard[] {
  const suggested = new Set(catalogue.matching(wishesIn(requirement)).map((tool) => tool.name));
  return catalogue.list().map(({ name, description }) => ({ name, description, suggested: suggested.has(name) }));
}

/** The items whose tool is in the catalogue, each tool once. Others are dropped with a warning. */
export function knownTools<T>(
  context: Pick<StepContext, 'log'>,
  catalogue: BuiltinToolKind,
  items: readonly T[],
  nameOf: (item: T) => string,
): T[] {
  const kept = new Map<string, T>();
  for (const item of items) {
    const name = nameOf(item);
    if (catalogue.find(name) === undefined) {
      context.log('warning', `The tool "${name.slice(0, 100)}" is not in the catalogue and was dropped`);
    } else if (!kept.has(name)) {
      kept.set(name, item);
    }
  }
  return [...kept.values()];
}

const LOOKUP = 'knowledge_lookup';
const CONVERSION = 'unit_conversion';

const REASONS: Readonly<Record<string, string>> = {
  calculator: 'Results of arithmetic must be exact; a language model alone may guess.',
  date_time: 'Dates, durations and time zones must be computed, and the model does not know the time.',
  unit_conversion: 'Conversions between units need exact factors.',
  text_statistics: 'Lengths and counts of texts must be counted, not estimated.',
  json_query: 'Values in JSON documents must be read exactly.',
  knowledge_lookup: 'Answers must rest on the documents that the agent was given.',
};

/** Wishes that no tool of the platform can fulfil. */
const OUT_OF_REACH: readonly [RegExp, string][] = [
  [/\b(?:currenc(?:y|ies)|exchange rates?)\b/i, 'Live currency rates: the agent works with rates that the user gives.'],
  [
    /\b(?:browse|web ?sites?|internet|web search|google|online search|latest news|live news)\b/i,
    'Reading the web: the agent has no access to live pages.',
  ],
  [
    /\b(?:send|sends|sending)\b.{0,40}\b(?:e-?mails?|messages?|sms|notifications?)\b/i,
    'Sending messages: the agent drafts them, somebody else sends them.',
  ],
  [
    /\b(?:pay(?:s|ments?)?|charge (?:cards?|customers?)|bank transfers?)\b/i,
    'Moving money: the agent explains and calculates, it does not pay.',
  ],
  [
    /\b(?:book(?:s|ing)?|reserv(?:e|es|ing|ations?)|calendar)\b/i,
    'Changing calendars or bookings in other systems: the agent proposes, somebody else books.',
  ],
  [
    /\b(?:images?|photos?|pictures?|videos?|voice|audio|phone calls?)\b/i,
    'Images, sound and calls: the agent reads and writes text.',
  ],
  [
    /\b(?:database|crm|erp|sql|salesforce|spreadsheets?)\b/i,
    'Other systems and databases: the agent works with what is in the conversation and in its documents.',
  ],
  [/\b(?:weather|stock prices?|share prices?|traffic)\b/i, 'Live data: the agent has no feed of current values.'],
];

export function chooseTools(
  profile: RequirementProfile,
  cards: readonly ToolCard[],
): { name: string; reason: string }[] {
  return cards
    .filter((card) => isNeeded(card, profile))
    .map(({ name, description }) => ({
      name,
      reason: REASONS[name] ?? `The requirement asks for what this tool does: ${description.slice(0, 200)}`,
    }));
}

function isNeeded(card: ToolCard, profile: RequirementProfile): boolean {
  if (card.name === LOOKUP && profile.facts.length > 0) return true;
  if (card.name === CONVERSION && convertsCurrenciesOnly(profile.text)) return false;
  return card.suggested;
}

function convertsCurrenciesOnly(text: string): boolean {
  const otherUnits =
    /\b(?:units?|miles?|kilomet\w+|km|kg|kilograms?|pounds|celsius|fahrenheit|metric|imperial|weights?|distances?|temperatures?|recipes?|lit(?:er|re)s?)\b/i;
  return /\bcurrenc(?:y|ies)\b/i.test(text) && !otherUnits.test(text);
}

export function outOfReach(text: string): string[] {
  return OUT_OF_REACH.filter(([wish]) => wish.test(text)).map(([, note]) => note);
}
