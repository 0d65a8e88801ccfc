import { PATHS } from '../../../stages/stage.js';
import { BuiltinToolKind } from '../../../tools/kinds/builtin/builtin.kind.js';
import { DocumentWriter, jsonArtifact, readDocument } from '../../step/documents.js';
import { knownTools, toolCards } from '../../step/offered-tools.js';
import { agentNameFor, defineStep, deployedAgentName, type StepContext } from '../../step/step.js';
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
    const design: Design = { ...document, agent_name: deployedAgentName(context, plan.agent.name), tools };
    context.log('info', `The agent is ${design.role}`);
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
        guardrails: design.guardrails.length,
        max_messages: design.memory.max_messages,
      },
      ...spent,
      tool_calls: 0,
      agent_name: agentNameFor(context, 'agent_design', plan.agent.name),
    };
  },
});

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
