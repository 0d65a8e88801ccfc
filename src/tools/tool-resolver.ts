import { Inject, Injectable } from '@nestjs/common';
import type { Tool, ToolSet } from 'ai';
import { aiSdk } from '../models/ai-sdk.js';
import { ToolCaller } from './attachments/tool-caller.js';
import { InputCheck } from './input-check.js';
import { ToolCatalogue } from './kinds/builtin/tool-catalogue.js';
import { CodeTools } from './kinds/code/code-tools.js';
import { Sandbox } from './sandbox/sandbox.js';
import type { ToolRun } from './tool.js';
import type { CodeTool, DefinedTool } from './tool-definition.js';
import { ToolWorkers } from './tool-workers.js';

const KNOWLEDGE_TOOL = 'knowledge_lookup';

/**
 * The tools of one run: those of the definition, built in or written for the agent, and those attached to the agent or to its
 * project. Only what is found here can be called, whatever a prompt says. Where names meet, the definition's tool wins.
 */
@Injectable()
export class ToolResolver {
  constructor(
    private readonly catalogue: ToolCatalogue,
    private readonly code: CodeTools,
    @Inject(ToolCaller) private readonly attached: Pick<ToolCaller, 'aiTools'>,
  ) {}

  /** Tools of a process that serves definitions without the platform's database: nothing is attached. */
  static standalone(sandbox = new Sandbox(), workers = new ToolWorkers()): ToolResolver {
    return new ToolResolver(new ToolCatalogue(workers), new CodeTools(sandbox, new InputCheck(workers)), {
      aiTools: async () => ({}),
    });
  }

  /** As the AI SDK takes them. @throws ValidationError when the definition names a built-in tool that does not exist */
  async aiTools({ tools }: { tools: readonly DefinedTool[] }, run: ToolRun): Promise<ToolSet> {
    const attached = await this.attached.aiTools(run);
    const code = tools.filter((tool) => tool.kind === 'code');
    const written = await Promise.all(code.map(async (tool) => [tool.name, await this.codeTool(tool, run)] as const));
    const builtin = tools.flatMap(({ kind, name }) => (kind === 'builtin' ? [name] : []));
    // Documents are useless without the tool that reads them.
    const names = run.knowledge.length > 0 ? [...builtin, KNOWLEDGE_TOOL] : builtin;
    return { ...attached, ...Object.fromEntries(written), ...(await this.catalogue.aiTools(names, run)) };
  }

  private async codeTool(tool: CodeTool, run: ToolRun): Promise<Tool> {
    const { jsonSchema } = await aiSdk();
    return {
      description: tool.description,
      inputSchema: jsonSchema<unknown>(tool.input_schema),
      execute: (input: unknown) => this.code.call(tool, input, run.now(), run),
    };
  }
}
