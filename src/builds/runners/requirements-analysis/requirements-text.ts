import { bulletList, markdownOf, oneLine, section } from '../markdown.js';
import type { FunctionalRequirement, Requirements } from './requirements-analysis.schema.js';

/** requirements.md: the same document for people. */
export function requirementsText(document: Requirements): string {
  return markdownOf([
    `# ${oneLine(document.feature_name)}: requirements`,
    document.overview,
    `**Why:** ${document.business_value}`,
    `**For:** ${document.audience} · **Tone:** ${document.tone.join(', ')}`,
    `**Shape:** ${document.workflow_complexity}. ${document.complexity_reason}`,
    section('In scope', document.scope.included),
    section('Out of scope', document.scope.excluded),
    '## Functional requirements',
    ...document.functional_requirements.map(functionalText),
    ...Object.entries(document.non_functional_requirements).map(([kind, items]) =>
      section(`Non-functional: ${kind}`, items),
    ),
    section('Constraints', document.constraints),
    section('Assumptions', document.assumptions),
    section('Success criteria', document.success_criteria),
    section(
      'Tools',
      document.needed_tools.map((tool) => `\`${tool.name}\`: ${tool.reason}`),
    ),
    ...document.knowledge.map((one) => `## Knowledge: ${one.name}\n\n${quoted(one.content)}`),
    '## Acceptance examples',
    ...document.acceptance_examples.map(exampleText),
  ]);
}

function functionalText({
  id,
  title,
  user_story,
  acceptance_criteria,
  priority,
  complexity,
}: FunctionalRequirement): string {
  const weight = `Priority ${priority}, complexity ${complexity}.`;
  return `### ${id} ${oneLine(title)}\n\n${oneLine(user_story)}\n\n${weight}\n\n${bulletList(acceptance_criteria)}`;
}

function exampleText({ id, input, checks, judged }: Requirements['acceptance_examples'][number]): string {
  const lines = checks.map(({ kind, value }) => (value === null ? kind : `${kind}: ${value}`));
  return `### ${id}\n\n${quoted(input)}\n\n${bulletList(judged === null ? lines : [...lines, `to be judged: ${judged}`])}`;
}

function quoted(text: string): string {
  return `> ${text.replaceAll('\n', '\n> ')}`;
}
