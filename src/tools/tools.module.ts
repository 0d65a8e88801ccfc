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
import { InputCheck, ToolWorkers } from './tool-workers.js';
import { DocumentReader } from './documents/document-reader.js';
import { BuiltinToolKind } from './kinds/builtin/builtin.kind.js';
import { CodeToolKind } from './kinds/code/code.kind.js';
import { McpConnections } from './kinds/mcp/mcp-connections.js';
import { TOOL_KINDS, ToolKinds } from './kinds/tool-kinds.js';
import { Sandbox } from './sandbox/sandbox.js';
import { ToolResolver } from './tool-resolver.js';

/** Built-in tools, tools written for an agent, and tools attached to projects and agents. The projects module binds `ToolOwners`. */
@Module({
  controllers: [ToolsController, CredentialsController],
  providers: [
    BuiltinToolKind,
    DocumentReader,
    ToolWorkers,
    InputCheck,
    Sandbox,
    CodeToolKind,
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
    BuiltinToolKind,
    DocumentReader,
    ToolResolver,
    CodeToolKind,
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
