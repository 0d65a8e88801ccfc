import { Injectable } from '@nestjs/common';
import { Clock } from '../../../shared/clock.js';
import { ToolCatalogue } from '../../../tools/tool-catalogue.js';
import { designSchema } from '../agent-design/agent-design.schema.js';
import { agentNameFor } from '../agent-naming.js';
import { PATHS, toolPath } from '../artifact-paths.js';
import { DocumentWriter } from '../document-writer.js';
import { readDocument } from '../read-document.js';
import { type Requirements, requirementsSchema } from '../requirements-analysis/requirements-analysis.schema.js';
import { jsonArtifact } from '../stage-artifacts.js';
import { type StageContext, type StageResult, StageRunner } from '../stage-runner.js';
import { checkTool } from './tool-check.js';
import { TOOL_NOTES_TASK } from './tool-developer.prompt.js';
import type { ToolDocument, ToolNote } from './tool-developer.schema.js';

/** Stage 5a: documents every tool of the design and runs its examples once. */
@Injectable()
export class ToolDeveloperRunner extends StageRunner {
  override readonly stage = 'agent_developer_manager';
  override readonly sub_stage = 'tool_developer';

  constructor(
    private readonly writer: DocumentWriter,
    private readonly catalogue: ToolCatalogue,
    private readonly clock: Clock,
  ) {
    super();
  }

  override async run(context: StageContext): Promise<StageResult> {
    const requirements = readDocument(context, PATHS.requirements, requirementsSchema);
    const design = readDocument(context, PATHS.design, designSchema);
    const { document, model, usage, cost_usd } = await this.writer.write(context, TOOL_NOTES_TASK, {
      requirements,
      design,
    });
    const notes = new Map(document.tools.map((note) => [note.name, note]));
    const tools: ToolDocument[] = [];
    for (const chosen of design.tools) {
      tools.push(await this.document(context, notes.get(chosen.name) ?? plainNote(chosen), requirements.knowledge));
    }
    if (tools.length === 0) context.log('info', 'The design asks for no tool');
    return {
      artifacts: tools.map((tool) => jsonArtifact(toolPath(tool.name), tool)),
      output_data: {
        tools: tools.map((tool) => tool.name),
        verified_examples: tools.reduce((sum, tool) => sum + tool.verified_examples, 0),
      },
      model,
      usage,
      cost_usd,
      tool_calls: tools.reduce((sum, tool) => sum + tool.examples.length, 0),
      agent_name: agentNameFor(context, this.stage, design.agent_name),
    };
  }

  private async document(
    context: StageContext,
    note: ToolNote,
    knowledge: Requirements['knowledge'],
  ): Promise<ToolDocument> {
    const tool = this.catalogue.get(note.name);
    const needsDocuments = tool.name === 'knowledge_lookup' && knowledge.length === 0;
    const examples = needsDocuments ? [] : [...tool.examples];
    const verified = needsDocuments ? 0 : await checkTool(context, this.catalogue, this.clock, tool, knowledge);
    context.log(
      'info',
      needsDocuments
        ? `${tool.name}: no documents yet; users upload them to their sessions`
        : `${tool.name}: ${verified} of ${examples.length} examples gave the promised result`,
    );
    return {
      ...note,
      kind: 'builtin',
      display_name: tool.display_name,
      description: tool.description,
      input_schema: tool.input_schema,
      examples,
      verified_examples: verified,
    };
  }
}

/** For a tool that the model left out. */
function plainNote({ name, reason }: { name: string; reason: string }): ToolNote {
  return {
    name,
    why_chosen: reason,
    when_to_use: 'When a message asks for what this tool does.',
    when_not_to_use: 'When the answer is clear without it.',
  };
}
