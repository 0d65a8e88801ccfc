import { Injectable } from '@nestjs/common';
import { Clock } from '../../../shared/clock.js';
import { ToolCatalogue } from '../../../tools/tool-catalogue.js';
import { designSchema } from '../agent-design/agent-design.schema.js';
import { agentNameFor } from '../agent-naming.js';
import { PATHS, toolPath } from '../artifact-paths.js';
import type { Spent } from '../build-fault.js';
import { DocumentWriter } from '../document-writer.js';
import { readDocument } from '../read-document.js';
import { type Requirements, requirementsSchema } from '../requirements-analysis/requirements-analysis.schema.js';
import { jsonArtifact } from '../stage-artifacts.js';
import { type StageContext, type StageResult, StageRunner } from '../stage-runner.js';
import { checkTool } from './tool-check.js';
import { ToolWriter } from './tool-writer.js';
import { TOOL_NOTES_TASK } from './tool-developer.prompt.js';
import type { NewTool, ToolDocument, ToolNote, WrittenTool } from './tool-developer.schema.js';

/** Stage 5a: documents every tool of the design and runs its examples once; takes over tools that the model wrote. */
@Injectable()
export class ToolDeveloperRunner extends StageRunner {
  override readonly stage = 'agent_developer_manager';
  override readonly sub_stage = 'tool_developer';

  constructor(
    private readonly writer: DocumentWriter,
    private readonly catalogue: ToolCatalogue,
    private readonly clock: Clock,
    private readonly toolWriter: ToolWriter,
  ) {
    super();
  }

  override async run(context: StageContext): Promise<StageResult> {
    const requirements = readDocument(context, PATHS.requirements, requirementsSchema);
    const design = readDocument(context, PATHS.design, designSchema);
    const { document, ...notesSpent } = await this.writer.write(context, TOOL_NOTES_TASK, {
      requirements,
      design,
    });
    const notes = new Map(document.tools.map((note) => [note.name, note]));
    const tools: ToolDocument[] = [];
    for (const chosen of design.tools) {
      tools.push(await this.document(context, notes.get(chosen.name) ?? plainNote(chosen), requirements.knowledge));
    }
    const { written, spent } = await this.written(context, document.new_tools, notesSpent);
    tools.push(...written.map((one) => one.document));
    if (tools.length === 0) context.log('info', 'The design asks for no tool');
    return {
      artifacts: [
        ...tools.map((tool) => jsonArtifact(toolPath(tool.name), tool)),
        // Also empty when an earlier attempt wrote some.
        ...(written.length > 0 || context.artifacts.has(PATHS.writtenTools)
          ? [jsonArtifact(PATHS.writtenTools, { tools: written })]
          : []),
      ],
      output_data: {
        tools: tools.map((tool) => tool.name),
        verified_examples: tools.reduce((sum, tool) => sum + tool.verified_examples, 0),
      },
      ...spent,
      tool_calls: tools.reduce((sum, tool) => sum + tool.examples.length, 0),
      agent_name: agentNameFor(context, this.stage, design.agent_name),
    };
  }

  private async written(
    context: StageContext,
    wishes: readonly NewTool[],
    notesSpent: Spent,
  ): Promise<{ written: WrittenTool[]; spent: Spent }> {
    const written = new Map<string, WrittenTool>();
    let spent = notesSpent;
    for (const wish of wishes) {
      const accepted = await this.toolWriter.accept(context, wish, spent);
      written.set(wish.name, accepted.written);
      spent = accepted.spent;
    }
    return { written: [...written.values()], spent };
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
