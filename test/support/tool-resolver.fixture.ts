import { parseSettings } from '../../src/platform/config/load-settings.js';
import { OutgoingHttp } from '../../src/platform/outgoing/outgoing-http.js';
import { SecretBox } from '../../src/platform/secrets/secret-box.js';
import type { AttachedTool } from '../../src/tools/attached/attached-tool.js';
import type { AttachedToolsCache } from '../../src/tools/attached/attached-tools-cache.js';
import { ToolCaller } from '../../src/tools/attached/tool-caller.js';
import { CodeTools } from '../../src/tools/code-tools.js';
import { HttpCaller } from '../../src/tools/http/http-caller.js';
import { McpConnections } from '../../src/tools/mcp/mcp-connections.js';
import { McpTools } from '../../src/tools/mcp/mcp-tools.js';
import { Sandbox } from '../../src/tools/sandbox/sandbox.js';
import { ToolCatalogue } from '../../src/tools/tool-catalogue.js';
import { ToolResolver } from '../../src/tools/tool-resolver.js';

/** The tools of a process without a database: what is attached is given. */
export function toolResolver(attached: AttachedTool[] = [], sandbox = new Sandbox()): ToolResolver {
  const settings = parseSettings({ ENVIRONMENT: 'test' });
  const outgoing = new OutgoingHttp(settings);
  const caller = new ToolCaller(
    new HttpCaller(outgoing),
    new McpTools(new McpConnections(outgoing)),
    new SecretBox(settings),
  );
  const cache = { of: async () => attached } as unknown as AttachedToolsCache;
  return new ToolResolver(new ToolCatalogue(), new CodeTools(sandbox), cache, caller);
}
