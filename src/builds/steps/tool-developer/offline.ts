import { clip } from '../../requirement/words.js';
import type { Requirements } from '../requirements-analysis/prompt.js';
import { type ToolNotes, toolNotesInputSchema } from './prompt.js';

const USE: Readonly<Record<string, readonly [use: string, not: string]>> = {
  calculator: [
    'Whenever an answer rests on arithmetic, also simple one; pass the whole expression.',
    'For numbers that are only quoted, such as a phone number or a date.',
  ],
  date_time: [
    'For the current time, time zones, the days between two dates, and dates before or after another.',
    'For opening hours and other times that stand in the documents.',
  ],
  unit_conversion: [
    'To convert between units of length, weight, volume, temperature and the like.',
    'For currencies: they need a rate of the day.',
  ],
  text_statistics: [
    'To count words, characters or sentences and to estimate reading time; pass the text itself.',
    'To judge the quality of a text.',
  ],
  json_query: [
    'To read values out of a JSON document that the user gives; pass the document and a JMESPath query.',
    'For text that is not JSON.',
  ],
  knowledge_lookup: [
    'Before answering any question that the documents may settle; pass the question in plain words.',
    'For greetings and for what the user has just said.',
  ],
};

/** Writes by rule why and when each chosen tool is used. */
export function writeToolNotes(input: unknown): ToolNotes {
  const { requirements, design } = toolNotesInputSchema.parse(input);
  return {
    new_tools: [],
    tools: design.tools.map(({ name, reason, description }) => {
      const [when_to_use, when_not_to_use] = USE[name] ?? [
        `When a message asks for what this tool does: ${description}`,
        'When the answer is clear without it.',
      ];
      return {
        name,
        why_chosen: clip(`${reason} ${neededBy(name, requirements)}`, 1000),
        when_to_use: clip(when_to_use, 1000),
        when_not_to_use,
      };
    }),
  };
}

function neededBy(tool: string, { functional_requirements }: Requirements): string {
  const ids = functional_requirements
    .filter((one) => one.acceptance_criteria.some((criterion) => criterion.includes(tool)))
    .map((one) => one.id);
  return ids.length === 0 ? '' : `Needed by ${ids.join(', ')}.`;
}
