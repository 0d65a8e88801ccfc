import { Injectable } from '@nestjs/common';
import type { Tool, ToolSet } from 'ai';
import { aiSdk } from '../../models/ai-sdk.js';
import type { ToolRun } from '../tool-run.js';
import type { AttachedTool, ToolOperation } from './attached-tool.js';
import { AttachedToolsCache } from './attached-tools-cache.js';
import { ToolCaller } from './tool-caller.js';

const RISK_WORDS = {
  read: 'risk: read, changes nothing',
  write: 'risk: write, may change data of others',
  destructive: 'risk: destructive, may delete data; only when the user has clearly asked for it',
} as const;

/** What is attached to an agent and to its project, as the AI SDK takes it. */
@Injectable()
export class AttachedToolSets {
  constructor(
    private readonly attached: AttachedToolsCache,
    private readonly caller: ToolCaller,
  ) {}

  async of(run: ToolRun): Promise<ToolSet> {
    const tools = await this.attached.of(run.org_id, run.agent_id);
    const entries = tools.flatMap((tool) =>
      tool.operations.map(async (operation) => [operation.name, await this.aiTool(tool, operation, run)] as const),
    );
    return Object.fromEntries(await Promise.all(entries));
  }

  private async aiTool(tool: AttachedTool, operation: ToolOperation, { signal }: ToolRun): Promise<Tool> {
    const { jsonSchema } = await aiSdk();
    return {
      description: `${operation.description} (${RISK_WORDS[operation.risk]})`,
      inputSchema: jsonSchema<unknown>(operation.input_schema),
      execute: (input: unknown) => this.caller.call(tool, operation, input, signal),
    };
  }
}
