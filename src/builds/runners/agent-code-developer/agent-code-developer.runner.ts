import { Injectable } from '@nestjs/common';
import { ModelsService } from '../../../models/models.service.js';
import { designSchema } from '../agent-design/agent-design.schema.js';
import { agentNameFor } from '../agent-naming.js';
import { PATHS } from '../artifact-paths.js';
import { DocumentWriter } from '../document-writer.js';
import { planSchema } from '../orchestrator/orchestrator.schema.js';
import { readDocument, readText } from '../read-document.js';
import { requirementsSchema } from '../requirements-analysis/requirements-analysis.schema.js';
import { jsonArtifact } from '../stage-artifacts.js';
import { type StageContext, type StageResult, StageRunner } from '../stage-runner.js';
import { PACKAGE_TASK } from './agent-code-developer.prompt.js';
import { assembleDefinition } from './assemble-definition.js';
import { namedModel } from './named-model.js';
import { exportProject } from './export/export-project.js';

/** Stage 5c: the executable definition, and a small project that serves the agent elsewhere. */
@Injectable()
export class AgentCodeDeveloperRunner extends StageRunner {
  override readonly stage = 'agent_developer_manager';
  override readonly sub_stage = 'agent_code_developer';

  constructor(
    private readonly writer: DocumentWriter,
    private readonly models: ModelsService,
  ) {
    super();
  }

  override async run(context: StageContext): Promise<StageResult> {
    const plan = readDocument(context, PATHS.plan, planSchema);
    const requirements = readDocument(context, PATHS.requirements, requirementsSchema);
    const design = readDocument(context, PATHS.design, designSchema);
    const system_prompt = readText(context, PATHS.systemPrompt);
    const { document, model, usage, cost_usd } = await this.writer.write(context, PACKAGE_TASK, {
      requirements,
      design,
    });
    const definition = assembleDefinition({
      plan,
      requirements,
      design,
      system_prompt,
      description: document.description,
      tags: context.tags,
      model_id: this.modelOf(context),
    });
    context.log(
      'info',
      `Definition of ${definition.agent_name} is valid: ${definition.tools.length} tools, ${definition.knowledge.length} documents`,
    );
    const files = exportProject(definition, document);
    context.log('info', `Exportable project: ${files.map((file) => file.path).join(', ')}`);
    return {
      artifacts: [jsonArtifact(PATHS.definition, definition), ...files],
      output_data: {
        agent_name: definition.agent_name,
        tools: definition.tools.length,
        knowledge_documents: definition.knowledge.length,
        export_files: files.map((file) => file.path),
      },
      model,
      usage,
      cost_usd,
      tool_calls: 0,
      agent_name: agentNameFor(context, this.stage, definition.agent_name),
    };
  }

  /** A definition names a model only if the request or the requirement did; else the platform's is used, whatever it will be. */
  private modelOf(context: StageContext): string | null {
    const model = context.model_id ?? namedModel(context.requirement, (id) => this.models.knows(id));
    if (model !== null) context.log('info', `The agent runs on the model that was asked for: ${model}`);
    return model;
  }
}
