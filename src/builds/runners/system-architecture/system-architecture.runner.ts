import { Injectable } from '@nestjs/common';
import { agentNameFor } from '../agent-naming.js';
import { PATHS } from '../artifact-paths.js';
import { DocumentWriter } from '../document-writer.js';
import { planSchema } from '../orchestrator/orchestrator.schema.js';
import { readDocument } from '../read-document.js';
import { requirementsSchema } from '../requirements-analysis/requirements-analysis.schema.js';
import { jsonArtifact, markdownArtifact } from '../stage-artifacts.js';
import { type StageContext, type StageResult, StageRunner } from '../stage-runner.js';
import { architectureText } from './architecture-text.js';
import { ARCHITECTURE_TASK } from './system-architecture.prompt.js';

/** Stage 3: of what the agent consists and how a message passes through it. */
@Injectable()
export class SystemArchitectureRunner extends StageRunner {
  override readonly stage = 'system_architecture';

  constructor(private readonly writer: DocumentWriter) {
    super();
  }

  override async run(context: StageContext): Promise<StageResult> {
    const plan = readDocument(context, PATHS.plan, planSchema);
    const requirements = readDocument(context, PATHS.requirements, requirementsSchema);
    const { document, model, usage, cost_usd } = await this.writer.write(context, ARCHITECTURE_TASK, {
      plan,
      requirements,
    });
    const { topology, components, interaction_flows } = document;
    context.log('info', `Topology: ${topology.kind}, ${topology.agents.map((agent) => agent.name).join(', ')}`);
    if (topology.kind === 'multi_agent')
      context.log('info', 'One deployed agent plays all roles; they become sections of its instructions');
    context.log(
      'info',
      `${components.length} components, ${document.data_models.length} data models, ${interaction_flows.length} flows`,
    );
    return {
      artifacts: [
        jsonArtifact(PATHS.architecture, document),
        markdownArtifact(PATHS.architectureText, architectureText(plan.agent.display_name, document)),
      ],
      output_data: {
        topology: topology.kind,
        deployed_agents: topology.deployed_agents,
        roles: topology.agents.map((agent) => agent.name),
        components: components.map((component) => component.name),
      },
      model,
      usage,
      cost_usd,
      tool_calls: 0,
      agent_name: agentNameFor(context, this.stage, plan.agent.name),
    };
  }
}
