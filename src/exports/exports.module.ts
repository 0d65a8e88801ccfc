import { Module } from '@nestjs/common';
import { AgentsModule } from '../agents/agents.module.js';
import { Engine } from '../engine/engine.js';
import { FlowsModule } from '../flows/flows.module.js';
import { IntegrationsModule } from '../integrations/integrations.module.js';
import { ModelsModule } from '../models/models.module.js';
import { ProjectsModule } from '../projects/projects.module.js';
import { ToolsModule } from '../tools/tools.module.js';
import { ExportsController } from './exports.controller.js';
import { ExportsService } from './exports.service.js';
import { ImportsService } from './imports.service.js';
import { UnfinishedImportsRepository } from './unfinished-imports.repository.js';
import { UnfinishedImports } from './unfinished-imports.workflow.js';

/** Packages of agents, flows and integrations, which another organization or deployment takes over. */
@Module({
  imports: [AgentsModule, FlowsModule, IntegrationsModule, ModelsModule, ProjectsModule, ToolsModule],
  controllers: [ExportsController],
  providers: [ExportsService, ImportsService, UnfinishedImports, UnfinishedImportsRepository],
})
export class ExportsModule {
  constructor(engine: Engine, unfinished: UnfinishedImports) {
    engine.register(unfinished);
  }
}
