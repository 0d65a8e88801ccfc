import { Injectable } from '@nestjs/common';
import { agentNameFor, toAgentName } from '../agent-naming.js';
import { PATHS } from '../artifact-paths.js';
import { DocumentWriter } from '../document-writer.js';
import { jsonArtifact } from '../stage-artifacts.js';
import { type StageContext, type StageResult, StageRunner } from '../stage-runner.js';
import { PLAN_TASK } from './orchestrator.prompt.js';

/** Stage 1: reads the intent, names project and agent, plans the build. */
@Injectable()
export class OrchestratorRunner extends StageRunner {
  override readonly stage = 'orchestrator';

  constructor(private readonly writer: DocumentWriter) {
    super();
  }

  override async run(context: StageContext): Promise<StageResult> {
    context.log('info', `Reading a requirement of ${context.requirement.length} characters`);
    const { requirement, project_name } = context;
    const { document, model, usage, cost_usd } = await this.writer.write(context, PLAN_TASK, {
      requirement,
      project_name,
    });
    const agent_name = agentNameFor(context, this.stage, toAgentName(document.agent.name));
    const plan = { ...document, agent: { ...document.agent, name: agent_name } };
    context.log('info', `Intent: ${plan.intent.type}. ${plan.intent.reason}`);
    for (const note of plan.notes) context.log('warning', note);
    context.log('info', `The agent is called ${agent_name}, category ${plan.agent.category}`);
    return {
      artifacts: [jsonArtifact(PATHS.plan, plan)],
      output_data: {
        intent: plan.intent.type,
        project_name: plan.project.name,
        agent_name,
        category: plan.agent.category,
        notes: plan.notes,
      },
      model,
      usage,
      cost_usd,
      tool_calls: 0,
      project_name: plan.project.name,
      agent_name,
    };
  }
}
