import { Injectable } from '@nestjs/common';
import { ToolCatalogue } from '../../../tools/tool-catalogue.js';
import { agentNameFor, deployedAgentName } from '../agent-naming.js';
import { PATHS } from '../artifact-paths.js';
import { DocumentWriter } from '../document-writer.js';
import { knownTools } from '../known-tools.js';
import { planSchema } from '../orchestrator/orchestrator.schema.js';
import { readDocument } from '../read-document.js';
import { type Requirements, requirementsSchema } from '../requirements-analysis/requirements-analysis.schema.js';
import { jsonArtifact } from '../stage-artifacts.js';
import { type StageContext, type StageResult, StageRunner } from '../stage-runner.js';
import { architectureSchema } from '../system-architecture/system-architecture.schema.js';
import { toolCards } from '../tool-card.js';
import { DESIGN_TASK } from './agent-design.prompt.js';
import type { Design, DesignDraft } from './agent-design.schema.js';

/** Stage 4: role, boundaries, tools with their schemas, memory and guardrails. */
@Injectable()
export class AgentDesignRunner extends StageRunner {
  override readonly stage = 'agent_design';

  constructor(
    private readonly writer: DocumentWriter,
    private readonly catalogue: ToolCatalogue,
  ) {
    super();
  }

  override async run(context: StageContext): Promise<StageResult> {
    const plan = readDocument(context, PATHS.plan, planSchema);
    const requirements = readDocument(context, PATHS.requirements, requirementsSchema);
    const architecture = readDocument(context, PATHS.architecture, architectureSchema);
    const input = { plan, requirements, architecture, tools: toolCards(this.catalogue, context.requirement) };
    const { document, model, usage, cost_usd } = await this.writer.write(context, DESIGN_TASK, input);
    const tools = this.toolsOf(context, document, requirements);
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
      model,
      usage,
      cost_usd,
      tool_calls: 0,
      agent_name: agentNameFor(context, this.stage, plan.agent.name),
    };
  }

  /** The chosen tools and those that the acceptance examples check for, with the catalogue's schemas. */
  private toolsOf(context: StageContext, draft: DesignDraft, requirements: Requirements): Design['tools'] {
    const checked = requirements.acceptance_examples
      .flatMap((example) => example.checks)
      .filter((check) => check.kind === 'uses_tool');
    const demanded = checked.map((check) => ({
      name: check.value ?? '',
      reason: 'An acceptance example checks for it.',
    }));
    return knownTools(context, this.catalogue, [...draft.tools, ...demanded], (tool) => tool.name).map(
      ({ name, reason }) => {
        const { description, input_schema } = this.catalogue.get(name);
        return { name, reason, description, input_schema };
      },
    );
  }
}
