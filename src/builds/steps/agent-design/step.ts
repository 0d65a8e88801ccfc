import { PATHS } from '../../../stages/stage.js';
import { BuiltinToolKind } from '../../../tools/kinds/builtin/builtin.kind.js';
import { DocumentWriter, jsonArtifact, readDocument } from '../../step/documents.js';
import { knownTools, toolCards } from '../../step/offered-tools.js';
import { defineStep, type StepContext } from '../../step/step.js';
import { planSchema } from '../orchestrator/prompt.js';
import { type Requirements, requirementsSchema } from '../requirements-analysis/prompt.js';
import { architectureSchema } from '../system-architecture/prompt.js';
import { writeDesign } from './offline.js';
import { type Design, DESIGN_TASK, type DesignDraft } from './prompt.js';

/** Sets the role, boundaries, tools, memory and guardrails of the agent. */
export const step = defineStep({
  name: 'agent_design',
  prompt: DESIGN_TASK,
  offline: writeDesign,
  uses: [DocumentWriter, BuiltinToolKind],
  run: async (context, writer, catalogue) => {
    const plan = readDocument(context, PATHS.plan, planSchema);
    const requirements = readDocument(context, PATHS.requirements, requirementsSchema);
    const architecture = readDocument(context, PATHS.architecture, architectureSchema);
    const input = { plan, requirements, architecture, tools: toolCards(catalogue, context.requirement) };
    const { document, ...spent } = await writer.write(context, DESIGN_TASK, input);
    const tools = toolsOf(context, catalogue, document, requirements);
    const team = teamOf(context, document, requirements, tools);
    const design: Design = { ...document, agent_name: plan.agent.name, tools, team };
    context.log('info', `The agent is ${design.role}`);
    for (const { name, tools: own, documents } of team)
      context.log('info', `Specialist ${name}: ${[...own, ...documents].join(', ') || 'no tools, no documents'}`);
    context.log('info', tools.length > 0 ? `Tools: ${tools.map((tool) => tool.name).join(', ')}` : 'No tools');
    context.log(
      'info',
      `${design.boundaries.length} boundaries, ${design.guardrails.length} guardrails, remembers ${design.memory.max_messages} messages`,
    );
    return {
      artifacts: [jsonArtifact(PATHS.design, design)],
      output_data: {
        role: design.role,
        tools: tools.map((tool) => tool.name),
        ...(team.length > 0 ? { team: team.map((one) => one.name) } : {}),
        guardrails: design.guardrails.length,
        max_messages: design.memory.max_messages,
      },
      ...spent,
      tool_calls: 0,
      agent_name: plan.agent.name,
    };
  },
});

/** One specialist for each role of the requirements. A role that the design leaves out gets everything. */
function teamOf(
  context: StepContext,
  { team }: DesignDraft,
  { roles, knowledge }: Requirements,
  tools: Design['tools'],
): Design['team'] {
  if (roles.length < 2) return [];
  const owned = new Set(tools.map(({ name }) => name));
  const written = new Set(knowledge.map(({ name }) => name));
  return roles.map(({ name, responsibility }) => {
    const designed = team.find((one) => one.name.toLowerCase() === name.toLowerCase());
    if (!designed) {
      context.log('warning', `The design has no specialist ${name}: it gets every tool and document`);
      return { name, responsibility, tools: [...owned], documents: [...written] };
    }
    const own = [...new Set(designed.tools)].filter((one) => owned.has(one));
    return { ...designed, name, tools: own, documents: designed.documents.filter((one) => written.has(one)) };
  });
}

/** The chosen tools and those that the acceptance examples check for, with the catalogue's schemas. */
function toolsOf(
  context: StepContext,
  catalogue: BuiltinToolKind,
  draft: DesignDraft,
  requirements: Requirements,
): Design['tools'] {
  const checked = requirements.acceptance_examples
    .flatMap((example) => example.checks)
    .filter((check) => check.kind === 'uses_tool');
  const demanded = checked.map((check) => ({
    name: check.value ?? '',
    reason: 'An acceptance example checks for it.',
  }));
  const known = knownTools(context, catalogue, [...draft.tools, ...demanded], (tool) => tool.name);
  return known.map(({ name, reason }) => {
    const { description, input_schema } = catalogue.get(name);
    return { name, reason, description, input_schema };
  });
}
