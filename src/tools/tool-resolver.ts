import { Inject, Injectable } from '@nestjs/common';
import type { Tool, ToolSet } from 'ai';
import { ToolCaller } from './attachments/tool-caller.js';
import { InputCheck, ToolWorkers } from './tool-workers.js';
import { BuiltinToolKind } from './kinds/builtin/builtin.kind.js';
import { CodeToolKind } from './kinds/code/code.kind.js';
import type { DefinedCall, ToolKind } from './kinds/tool-kind.js';
import { Sandbox } from './sandbox/sandbox.js';
import type { ToolRun } from './tool.js';
import type { BuiltinTool, DefinedTool } from './tool-definition.js';

const KNOWLEDGE_TOOL = 'knowledge_lookup';

/**
 * The tools of one run: those of the definition, built in or written for the agent, and those attached to the agent or to its
 * project. Only what is found here can be called, whatever a prompt says. Where names meet, the definition's tool wins.
 */
@Injectable()
export class ToolResolver {
  constructor(
    private readonly builtin: BuiltinToolKind,
    private readonly code: CodeToolKind,
    @Inject(ToolCaller) private readonly attached: Pick<ToolCaller, 'aiTools'>,
  ) {}

  /** Tools of a process that serves definitions without the platform's database: nothing is attached. */
  static standalone(sandbox = new Sandbox(), workers = new ToolWorkers()): ToolResolver {
    return new ToolResolver(new BuiltinToolKind(workers), new CodeToolKind(sandbox, new InputCheck(workers)), {
      aiTools: async () => ({}),
    });
  }

  /** As the AI SDK takes them. @throws ValidationError when the definition names a built-in tool that does not exist */
  async aiTools({ tools }: { tools: readonly DefinedTool[] }, run: ToolRun): Promise<ToolSet> {
    const attached = await this.attached.aiTools(run);
    // Documents are useless without the tool that reads them.
    const lookup: BuiltinTool[] = run.knowledge.length > 0 ? [{ kind: 'builtin', name: KNOWLEDGE_TOOL }] : [];
    const written = tools.filter((tool) => tool.kind === 'code');
    const builtin = [...tools.filter((tool) => tool.kind === 'builtin'), ...lookup];
    const defined = await Promise.all([
      ...written.map((tool) => toolsOf(this.code, tool, run)),
      ...builtin.map((tool) => toolsOf(this.builtin, tool, run)),
    ]);
    return { ...attached, ...Object.fromEntries(defined.flat()) };
  }
}

/** The operations of a tool of the definition, bound to the run. */
async function toolsOf<T extends { name: string }>(
  kind: ToolKind<T, DefinedCall<T>>,
  config: T,
  run: ToolRun,
): Promise<[string, Tool][]> {
  const owner = { tool_id: run.agent_id, org_id: run.org_id, name: config.name, description: '' };
  const operations = await kind.discover(owner, config, undefined);
  return Promise.all(
    operations.map(async (operation): Promise<[string, Tool]> => {
      const execute = (input: unknown) => kind.call(operation, input as Record<string, unknown>, { config, run });
      return [
        operation.name,
        { description: operation.description, inputSchema: await kind.aiSchema(operation), execute },
      ];
    }),
  );
}
