import { Module } from '@nestjs/common';
import { AgentsModule } from '../agents/agents.module.js';
import { ProjectsModule } from '../projects/projects.module.js';
import { RuntimesModule } from '../runtimes/runtimes.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { LegacyBuildsController } from './legacy-builds.controller.js';
import { LegacyDialogController } from './legacy-dialog.controller.js';
import { LegacyDialogService } from './legacy-dialog.service.js';

/** Routes of the systems that Nexus replaces, as thin calls of the services below. Dropped by removing this folder. */
@Module({
  imports: [AgentsModule, SessionsModule, ProjectsModule, RuntimesModule],
  controllers: [LegacyBuildsController, LegacyDialogController],
  providers: [LegacyDialogService],
})
export class LegacyModule {}
