import { Injectable } from '@nestjs/common';
import { ToolCatalogue } from '../../../tools/tool-catalogue.js';
import { agentNameFor } from '../agent-naming.js';
import { PATHS } from '../artifact-paths.js';
import { DocumentWriter } from '../document-writer.js';
import { knownTools } from '../known-tools.js';
import { planSchema } from '../orchestrator/orchestrator.schema.js';
import { readDocument } from '../read-document.js';
import { jsonArtifact, markdownArtifact } from '../stage-artifacts.js';
import { type StageContext, type StageResult, StageRunner } from '../stage-runner.js';
import { toolCards } from '../tool-card.js';
import { REQUIREMENTS_TASK } from './requirements-analysis.prompt.js';
import { requirementsText } from './requirements-text.js';
import { soundExamples } from './sound-examples.js';

/** Stage 2: what the agent must do, and the examples that decide whether it does. */
@Injectable()
export class RequirementsAnalysisRunner extends StageRunner {
  override readonly stage = 'requirements_analysis';

  constructor(
    private readonly writer: DocumentWriter,
    private readonly catalogue: ToolCatalogue,
  ) {
    super();
  }

  override async run(context: StageContext): Promise<StageResult> {
    const plan = readDocument(context, PATHS.plan, planSchema);
    const tools = toolCards(this.catalogue, context.requirement);
    const { document, model, usage, cost_usd } = await this.writer.write(context, REQUIREMENTS_TASK, {
      requirement: context.requirement,
      plan,
      tools,
    });
    const needed_tools = knownTools(context, this.catalogue, document.needed_tools, (tool) => tool.name);
    const names = needed_tools.map((tool) => tool.name);
    const acceptance_examples = soundExamples(context, document.acceptance_examples, new Set(names));
    const requirements = { ...document, needed_tools, acceptance_examples };
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
    return {
      artifacts: [
        jsonArtifact(PATHS.requirements, requirements),
        markdownArtifact(PATHS.requirementsText, requirementsText(requirements)),
      ],
      output_data: {
        functional_requirements: count,
        acceptance_examples: acceptance_examples.length,
        workflow_complexity: requirements.workflow_complexity,
        tools: names,
        knowledge_documents: requirements.knowledge.length,
      },
      model,
      usage,
      cost_usd,
      tool_calls: 0,
      agent_name: agentNameFor(context, this.stage, plan.agent.name),
    };
  }
}
