import { Module } from '@nestjs/common';
import { OrganizationData } from '../identity/organizations/organization-deletion.service.js';
import { SecretBox } from '../platform/secrets/secret-box.js';
import { AttachedToolStore } from './attachments/attached-tool-store.js';
import { AttachedToolsRepository } from './attachments/attached-tools.repository.js';
import { ToolAttachment } from './attachments/tool-attachment.service.js';
import { ToolCaller } from './attachments/tool-caller.js';
import { ToolsController } from './attachments/tools.controller.js';
import { CredentialsController } from './credentials/credentials.controller.js';
import { CredentialsRepository } from './credentials/credentials.repository.js';
import { CredentialsService } from './credentials/credentials.service.js';
import { OAuthGrants } from './credentials/oauth-grants.js';
import { InputCheck } from './input-check.js';
import { ToolCatalogue } from './kinds/builtin/tool-catalogue.js';
import { CodeTools } from './kinds/code/code-tools.js';
import { McpConnections } from './kinds/mcp/mcp-connections.js';
import { TOOL_KINDS, ToolKinds } from './kinds/tool-kinds.js';
import { Sandbox } from './sandbox/sandbox.js';
import { ToolResolver } from './tool-resolver.js';
import { ToolWorkers } from './tool-workers.js';

/** Built-in tools, tools written for an agent, and tools attached to projects and agents. The projects module binds `ToolOwners`. */
@Module({
  controllers: [ToolsController, CredentialsController],
  providers: [
    ToolCatalogue,
    ToolWorkers,
    InputCheck,
    Sandbox,
    CodeTools,
    SecretBox,
    CredentialsRepository,
    OAuthGrants,
    CredentialsService,
    McpConnections,
    ...Object.values(TOOL_KINDS),
    ToolKinds,
    AttachedToolsRepository,
    AttachedToolStore,
    ToolAttachment,
    ToolCaller,
    ToolResolver,
  ],
  exports: [
    ToolCatalogue,
    ToolResolver,
    CodeTools,
    AttachedToolStore,
    ToolCaller,
    Sandbox,
    ToolAttachment,
    ToolKinds,
    InputCheck,
    CredentialsService,
  ],
})
export class ToolsModule {
  constructor(organizations: OrganizationData, tools: AttachedToolStore, credentials: CredentialsService) {
    organizations.registerRecords('credentials', (org_id) => credentials.deleteByOrg(org_id));
    organizations.registerRecords('tools', (org_id) => tools.deleteByOrg(org_id));
  }
}
