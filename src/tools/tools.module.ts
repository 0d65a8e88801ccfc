import { Module } from '@nestjs/common';
import { OrganizationData } from '../identity/organizations/organization-data.js';
import { SecretBox } from '../platform/secrets/secret-box.js';
import { AttachedToolSets } from './attached/attached-tool-sets.js';
import { AttachedToolStore } from './attached/attached-tool-store.js';
import { AttachedToolsCache } from './attached/attached-tools-cache.js';
import { AttachedToolsRepository } from './attached/attached-tools.repository.js';
import { ToolAttachment } from './attached/tool-attachment.service.js';
import { ToolCaller } from './attached/tool-caller.js';
import { ToolOperations } from './attached/tool-operations.js';
import { ToolTest } from './attached/tool-test.service.js';
import { ToolsController } from './attached/tools.controller.js';
import { CodeTools } from './code-tools.js';
import { HttpCaller } from './http/http-caller.js';
import { InputCheck } from './input-check.js';
import { McpConnections } from './mcp/mcp-connections.js';
import { McpTools } from './mcp/mcp-tools.js';
import { OpenapiDocuments } from './openapi/openapi-document.js';
import { Sandbox } from './sandbox/sandbox.js';
import { ToolCatalogue } from './tool-catalogue.js';
import { ToolResolver } from './tool-resolver.js';
import { ToolWorkers } from './tool-workers.js';

/** Built-in tools, tools written for an agent, and tools attached to projects and agents. Their owners are a port, bound above. */
@Module({
  controllers: [ToolsController],
  providers: [
    ToolCatalogue,
    ToolWorkers,
    InputCheck,
    Sandbox,
    CodeTools,
    SecretBox,
    HttpCaller,
    McpConnections,
    McpTools,
    OpenapiDocuments,
    AttachedToolsRepository,
    AttachedToolsCache,
    AttachedToolStore,
    AttachedToolSets,
    ToolOperations,
    ToolAttachment,
    ToolCaller,
    ToolTest,
    ToolResolver,
  ],
  exports: [ToolCatalogue, ToolResolver, CodeTools, AttachedToolStore],
})
export class ToolsModule {
  constructor(organizations: OrganizationData, tools: AttachedToolStore) {
    organizations.registerRecords('tools', (org_id) => tools.deleteByOrg(org_id));
  }
}
