import { Module } from '@nestjs/common';
import { Engine } from '../engine/engine.js';
import { OrganizationData } from '../identity/organizations/organization-deletion.service.js';
import { CatalogueWorkers } from './catalogue-workers.js';
import { ToolKinds } from '../tools/kinds/tool-kinds.js';
import { ToolsModule } from '../tools/tools.module.js';
import { ClientsController } from './clients/clients.controller.js';
import { ClientsService } from './clients/clients.service.js';
import { ContractTestsController } from './contract-tests/contract-tests.controller.js';
import { ContractTestsService } from './contract-tests/contract-tests.service.js';
import { DocumentSource } from './document-source.js';
import { ImportEvents, IntegrationsService } from './integrations.service.js';
import { ImportWorkflow } from './import.workflow.js';
import { IntegrationToolKind } from './integration-tool.kind.js';
import { IntegrationsController } from './integrations.controller.js';
import { IntegrationsRepository } from './integrations.repository.js';
import { MockController, MockSwitchController } from './mock.controller.js';
import { MockService } from './mock.service.js';
import { OperationUsers, VersionsService } from './versions.service.js';
import { VersionsController } from './versions.controller.js';
import { OperationsService } from './operations.service.js';

/** Imported APIs: documents, catalogues and calls. Flows find and call operations through the exported services. */
@Module({
  imports: [ToolsModule],
  controllers: [
    IntegrationsController,
    VersionsController,
    MockSwitchController,
    MockController,
    ClientsController,
    ContractTestsController,
  ],
  providers: [
    IntegrationsRepository,
    CatalogueWorkers,
    DocumentSource,
    ImportWorkflow,
    ImportEvents,
    IntegrationsService,
    OperationsService,
    IntegrationToolKind,
    OperationUsers,
    VersionsService,
    MockService,
    ClientsService,
    ContractTestsService,
  ],
  exports: [
    IntegrationsService,
    OperationsService,
    OperationUsers,
    VersionsService,
    MockService,
    ClientsService,
    ContractTestsService,
  ],
})
export class IntegrationsModule {
  constructor(
    engine: Engine,
    imports: ImportWorkflow,
    organizations: OrganizationData,
    integrations: IntegrationsService,
    kinds: ToolKinds,
    kind: IntegrationToolKind,
  ) {
    kinds.register('integration', kind);
    engine.register(imports);
    organizations.registerRecords('integrations', (org_id) => integrations.deleteByOrg(org_id));
  }
}
