import { Injectable } from '@nestjs/common';
import { tool as aiTool, jsonSchema, type ToolSet } from 'ai';
import type { AttachedTool, ToolOperation } from './attached/attached-tool.js';
import { AttachedToolsCache } from './attached/attached-tools-cache.js';
import { ToolCaller } from './attached/tool-caller.js';
import { CodeTools } from './code-tools.js';
import type { ToolContext } from './tool.js';
import { ToolCatalogue } from './tool-catalogue.js';
import type { CodeTool, DefinedTool } from './tool-definition.js';

export interface ToolRun extends ToolContext {
  org_id: string;
  /** `<project_id>:<name>`; what is attached to it and to its project comes along. */
  agent_id: string;
  /** Ends calls when the run ends. */
  signal?: AbortSignal;
}

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
    private readonly attached: AttachedToolsCache,
    private readonly caller: ToolCaller,
  ) {}

  /** As the AI SDK takes them. @throws ValidationError when the definition names a built-in tool that does not exist */
  async aiTools({ tools }: { tools: readonly DefinedTool[] }, run: ToolRun): Promise<ToolSet> {
    const attached = await this.attached.of(run.org_id, run.agent_id);
    const set: ToolSet = {};
    for (const tool of attached)
      for (const operation of tool.operations) set[operation.name] = this.attachedTool(tool, operation, run);
    for (const tool of tools) if (tool.kind === 'code') set[tool.name] = this.codeTool(tool, run);
    const builtin = tools.flatMap(({ kind, name }) => (kind === 'builtin' ? [name] : []));
    // Documents without the tool to read them would be of no use, so the tool comes with them.
    const names = run.knowledge.length > 0 ? [...builtin, KNOWLEDGE_TOOL] : builtin;
    return { ...set, ...this.catalogue.aiTools(names, run) };
  }

  private codeTool(tool: CodeTool, { now, signal }: ToolRun) {
    return aiTool({
      description: tool.description,
      inputSchema: jsonSchema<unknown>(tool.input_schema),
      execute: (input: unknown) => this.code.call(tool, input, now(), signal),
    });
  }

  private attachedTool(tool: AttachedTool, operation: ToolOperation, { signal }: ToolRun) {
    return aiTool({
      description: `${operation.description} (${RISK_WORDS[operation.risk]})`,
      inputSchema: jsonSchema<unknown>(operation.input_schema),
      execute: (input: unknown) => this.caller.call(tool, operation, input, signal),
    });
  }
}

const RISK_WORDS = {
  read: 'risk: read, changes nothing',
  write: 'risk: write, may change data of others',
  destructive: 'risk: destructive, may delete data; only when the user has clearly asked for it',
} as const;
