import { isPattern } from '../../../agents/agent-example.js';
import { ModelsService } from '../../../models/models.service.js';
import { PATHS } from '../../../stages/stage.js';
import { BuiltinToolKind } from '../../../tools/kinds/builtin/builtin.kind.js';
import { isFunctional, proofsOf } from '../../requirement/coverage.js';
import {
  bulletList,
  DocumentWriter,
  jsonArtifact,
  markdownArtifact,
  markdownOf,
  oneLine,
  readDocument,
  section,
} from '../../step/documents.js';
import { knownTools, toolCards } from '../../step/offered-tools.js';
import { BuildFault, defineStep, type StepContext } from '../../step/step.js';
import { type Plan, planSchema } from '../orchestrator/prompt.js';
import { writeRequirements } from './offline.js';
import {
  type AcceptanceCheck,
  type AcceptanceExample,
  type FunctionalRequirement,
  type Requirements,
  REQUIREMENTS_TASK,
} from './prompt.js';
import { addSpent, ExampleReview, requirementNotProven } from './review.js';

/** Writes the requirements, and the acceptance examples that decide whether the agent is deployed. */
export const step = defineStep({
  name: 'requirements_analysis',
  prompt: REQUIREMENTS_TASK,
  offline: writeRequirements,
  uses: [DocumentWriter, BuiltinToolKind, ExampleReview, ModelsService],
  provides: [ExampleReview],
  run: async (context, writer, catalogue, review, models) => {
    const plan = readDocument(context, PATHS.plan, planSchema);
    if (plan.intent.type === 'unclear') throw unclear(plan);
    const tools = toolCards(catalogue, context.requirement);
    const { document, ...spent } = await writer.write(context, REQUIREMENTS_TASK, {
      requirement: context.requirement,
      ...(context.changes ? { changes: context.changes } : {}),
      plan,
      tools,
    });
    const needed_tools = knownTools(context, catalogue, document.needed_tools, (tool) => tool.name);
    const names = needed_tools.map((tool) => tool.name);
    const sound = soundExamples(context, document.acceptance_examples, new Set(names));
    const numbered = { ...document, needed_tools, requirements: allNumbered(document), acceptance_examples: sound };
    const reviewed = await review.review(context, numbered);
    const requirements = { ...numbered, acceptance_examples: reviewed.examples };
    const { acceptance_examples } = requirements;
    const total = addSpent(spent, reviewed);
    const count = requirements.functional_requirements.length;
    context.log(
      'info',
      `${count} functional requirements, ${acceptance_examples.length} acceptance examples, ${requirements.workflow_complexity}`,
    );
    context.log(
      'info',
      names.length > 0 ? `Tools that the requirement needs: ${names.join(', ')}` : 'The requirement needs no tool',
    );
    for (const wish of requirements.scope.excluded) context.log('warning', `Out of scope: ${wish}`);
    const proofs = proofsOf(requirements.requirements, acceptance_examples);
    for (const { id, status, text } of proofs)
      if (status === 'unproven')
        context.log('warning', `${id} will not be proven because no example exercises it: ${text}`);
    const artifacts = [
      jsonArtifact(PATHS.requirements, requirements),
      markdownArtifact(PATHS.requirementsText, requirementsText(requirements)),
    ];
    const isProvable = proofs.some((proof) => isFunctional(proof) && proof.status === 'proven');
    if (!isProvable && !context.accept_unproven) {
      const isOffline = models.describe(context.model_id).provider === 'offline';
      throw requirementNotProven(proofs, isOffline, { artifacts });
    }
    return {
      artifacts,
      output_data: {
        functional_requirements: count,
        provable: proofs.filter(({ status }) => status === 'proven').length,
        acceptance_examples: acceptance_examples.length,
        workflow_complexity: requirements.workflow_complexity,
        tools: names,
        knowledge_documents: requirements.knowledge.length,
      },
      ...total,
      tool_calls: 0,
      agent_name: plan.agent.name,
    };
  },
});

/** The text states no task. Another attempt would read the same. */
function unclear({ intent }: Plan): BuildFault {
  const question = intent.question ?? 'What should the agent do, for whom, and with which information?';
  return new BuildFault(`The requirement states no task. ${question}`, {
    code: 'REQUIREMENT_UNCLEAR',
    details: { question, reason: intent.reason },
    suggestion: 'Create a project whose requirement answers the question.',
  });
}

/** With every functional requirement: one that the numbered list leaves out would escape the report. */
function allNumbered({ requirements, functional_requirements }: Requirements): Requirements['requirements'] {
  const ids = new Set(requirements.map(({ id }) => id));
  const missing = functional_requirements.filter(({ id }) => !ids.has(id));
  let last = Math.max(0, ...requirements.map(({ id }) => Number(id.slice(2))));
  const added = missing.map(({ id, title }) => ({
    id: id.startsWith('R-') ? id : `R-${(last += 1)}`,
    kind: 'functional' as const,
    text: title,
  }));
  return [...requirements, ...added];
}

/**
 * Drops impossible checks: tools that the agent does not get, invalid regular expressions, checks without a value. An
 * example that loses all its checks must still get a non-empty answer.
 */
export function soundExamples(
  context: Pick<StepContext, 'log'>,
  examples: readonly AcceptanceExample[],
  tools: ReadonlySet<string>,
): AcceptanceExample[] {
  return examples.map((example) => {
    const checks = example.checks.filter((check) => {
      const fault = faultOf(check, tools);
      if (fault !== undefined) context.log('warning', `${example.id}: the check ${check.kind} was dropped: ${fault}`);
      return fault === undefined;
    });
    return { ...example, checks: checks.length > 0 ? checks : [{ kind: 'non_empty', value: null }] };
  });
}

function faultOf({ kind, value }: AcceptanceCheck, tools: ReadonlySet<string>): string | undefined {
  if (kind === 'non_empty') return undefined;
  if (value === null) return 'it has no value';
  if (kind === 'uses_tool' && !tools.has(value)) return `"${value}" is not among the tools of the agent`;
  return kind === 'matches' && !isPattern(value) ? 'it is not a regular expression' : undefined;
}

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
    section(
      'Requirements',
      document.requirements.map(({ id, kind, text }) => `${id} (${kind}): ${text}`),
    ),
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

function exampleText({ id, input, checks, judged, proves }: Requirements['acceptance_examples'][number]): string {
  const lines = checks.map(({ kind, value }) => (value === null ? kind : `${kind}: ${value}`));
  const judge = judged === null ? [] : [`to be judged: ${judged}`];
  const claim = proves.length === 0 ? 'proves no requirement' : `proves ${proves.join(', ')}`;
  return `### ${id}\n\n${quoted(input)}\n\n${bulletList([...lines, ...judge, claim])}`;
}

function quoted(text: string): string {
  return `> ${text.replaceAll('\n', '\n> ')}`;
}
