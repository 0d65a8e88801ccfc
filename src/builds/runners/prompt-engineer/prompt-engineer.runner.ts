import { Injectable } from '@nestjs/common';
import { type Design, designSchema } from '../agent-design/agent-design.schema.js';
import { agentNameFor } from '../agent-naming.js';
import { PATHS, toolPath } from '../artifact-paths.js';
import { DocumentWriter } from '../document-writer.js';
import { readDocument } from '../read-document.js';
import { requirementsSchema } from '../requirements-analysis/requirements-analysis.schema.js';
import { markdownArtifact } from '../stage-artifacts.js';
import { type StageContext, type StageResult, StageRunner } from '../stage-runner.js';
import { toolDocumentSchema } from '../tool-developer/tool-developer.schema.js';
import { PROMPT_TASK } from './prompt-engineer.prompt.js';
import type { PromptParts } from './prompt-engineer.schema.js';
import { systemPrompt } from './system-prompt.js';

/** Stage 5b: the system prompt of the agent. */
@Injectable()
export class PromptEngineerRunner extends StageRunner {
  override readonly stage = 'agent_developer_manager';
  override readonly sub_stage = 'prompt_engineer';

  constructor(private readonly writer: DocumentWriter) {
    super();
  }

  override async run(context: StageContext): Promise<StageResult> {
    const requirements = readDocument(context, PATHS.requirements, requirementsSchema);
    const design = readDocument(context, PATHS.design, designSchema);
    const tools = design.tools.map((tool) => readDocument(context, toolPath(tool.name), toolDocumentSchema));
    const { document, model, usage, cost_usd } = await this.writer.write(context, PROMPT_TASK, {
      requirements,
      design,
      tools,
    });
    const parts = { ...document, tool_guidance: guidanceForOwnTools(context, document, design) };
    const prompt = systemPrompt(parts);
    context.log(
      'info',
      `System prompt: ${prompt.length} characters, ${parts.instructions.length} instructions, ${parts.boundaries.length} boundaries`,
    );
    for (const role of parts.roles) context.log('info', `Section for the role ${role.name}`);
    return {
      artifacts: [markdownArtifact(PATHS.systemPrompt, prompt)],
      output_data: {
        characters: prompt.length,
        instructions: parts.instructions.length,
        tools: parts.tool_guidance.map((one) => one.tool),
        prompt_version: PROMPT_TASK.version,
      },
      model,
      usage,
      cost_usd,
      tool_calls: 0,
      agent_name: agentNameFor(context, this.stage, design.agent_name),
    };
  }
}

function guidanceForOwnTools(context: StageContext, parts: PromptParts, design: Design): PromptParts['tool_guidance'] {
  const own = new Set(design.tools.map((tool) => tool.name));
  return parts.tool_guidance.filter(({ tool }) => {
    if (!own.has(tool)) context.log('warning', `Guidance for "${tool}" was dropped: the agent does not have this tool`);
    return own.has(tool);
  });
}
