import type { Fact, RequirementProfile } from '../offline/requirement-profile.js';
import type { AcceptanceCheck, AcceptanceExample } from './acceptance.schema.js';

const LOOKUP = 'knowledge_lookup';
const MAX_FACT_EXAMPLES = 3;

/** One task per tool whose right result is known beforehand. A tool without an entry gets no example of its own. */
const TOOL_TASKS: Readonly<Record<string, { input: string; result: string }>> = {
  calculator: { input: 'What is 17 * 23?', result: '391' },
  date_time: { input: 'How many days are there between 2024-01-01 and 2024-12-25?', result: '359' },
  unit_conversion: { input: 'Convert 100 celsius to fahrenheit.', result: '212' },
  text_statistics: { input: 'How many words are in "The quick brown fox jumps over the lazy dog"?', result: '9' },
  json_query: { input: 'Read user.name from {"user":{"name":"Ada"}}', result: 'Ada' },
};

/** Only what follows from the requirement and its tools: the agent's role, its tools' results, the facts it was given. */
export function writeAcceptanceExamples(
  profile: RequirementProfile,
  displayName: string,
  tools: readonly string[],
): AcceptanceExample[] {
  const examples: Omit<AcceptanceExample, 'id'>[] = [
    {
      input: 'Who are you and what can you do?',
      checks: [{ kind: 'non_empty', value: null }, contains(displayName)],
      judged: `The answer says that it is a ${profile.subject} for ${profile.audience}.`,
    },
  ];
  for (const tool of tools) {
    const task = TOOL_TASKS[tool];
    if (task) examples.push({ input: task.input, checks: [contains(task.result), uses(tool)], judged: null });
  }
  if (tools.includes(LOOKUP)) examples.push(...answerable(profile.facts).map(aboutFact));
  return examples.map((example, index) => ({ id: `EX-${String(index + 1).padStart(3, '0')}`, ...example }));
}

/** A question that two facts share has no single right answer. */
function answerable(facts: readonly Fact[]): Fact[] {
  return facts
    .filter((fact) => facts.filter((other) => other.question === fact.question).length === 1)
    .slice(0, MAX_FACT_EXAMPLES);
}

function aboutFact(fact: Fact): Omit<AcceptanceExample, 'id'> {
  return {
    input: fact.question,
    checks: [contains(fact.key), uses(LOOKUP)],
    judged: `The answer agrees with: ${fact.statement.slice(0, 500)}`,
  };
}

function contains(value: string): AcceptanceCheck {
  return { kind: 'contains', value };
}

function uses(tool: string): AcceptanceCheck {
  return { kind: 'uses_tool', value: tool };
}
