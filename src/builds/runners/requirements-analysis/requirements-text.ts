import type { Requirements } from './requirements-analysis.schema.js';

/** requirements.md: the same document for people. */
export function requirementsText(document: Requirements): string {
  return [
    `# ${document.feature_name}: requirements`,
    document.overview,
    `**Why:** ${document.business_value}`,
    `**For:** ${document.audience} · **Tone:** ${document.tone.join(', ')} · **Shape:** ${document.workflow_complexity} (${document.complexity_reason})`,
    section('In scope', document.scope.included),
    section('Out of scope', document.scope.excluded),
    '## Functional requirements',
    ...document.functional_requirements.map(
      (one) => `### ${one.id} ${one.title}\n\n${one.user_story}\n\nPriority ${one.priority}, complexity ${one.complexity}.\n\n${list(one.acceptance_criteria)}`,
    ),
    ...Object.entries(document.non_functional_requirements).map(([kind, items]) => section(`Non-functional: ${kind}`, items)),
    section('Constraints', document.constraints),
    section('Assumptions', document.assumptions),
    section('Success criteria', document.success_criteria),
    section('Tools', document.needed_tools.map((tool) => `\`${tool.name}\`: ${tool.reason}`)),
    section('Knowledge', document.knowledge.map((one) => `**${one.name}**\n\n${one.content}`)),
    '## Acceptance examples',
    ...document.acceptance_examples.map(exampleText),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

function exampleText({ id, input, checks, judged }: Requirements['acceptance_examples'][number]): string {
  const lines = checks.map(({ kind, value }) => (value === null ? kind : `${kind}: ${value}`));
  return `### ${id}\n\n> ${input.replaceAll('\n', '\n> ')}\n\n${list(judged === null ? lines : [...lines, `to be judged: ${judged}`])}`;
}

function section(title: string, items: readonly string[]): string {
  return items.length === 0 ? '' : `## ${title}\n\n${list(items)}`;
}

function list(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n');
}
