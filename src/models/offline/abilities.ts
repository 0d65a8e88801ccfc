import type { OfferedTool } from './intent.js';

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
