import type { AttachedTool } from './attached-tool.js';
import type { ToolDto } from './dto/tool.dto.js';

/** What callers see of a tool: never its credential, not even sealed. */
export function toolView({ config, credential, operations, ...tool }: AttachedTool): ToolDto {
  const { tool_id, name, description, project_id, agent_id, created_by, created_at } = tool;
  const { kind, ...reached } = config;
  return {
    tool_id,
    kind,
    name,
    description,
    project_id,
    agent_id,
    config: reached,
    credential: credential && { type: credential.type },
    operations: operations.map(({ call: _call, ...shown }) => shown),
    created_by,
    created_at,
  };
}
