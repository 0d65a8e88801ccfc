import { Module } from '@nestjs/common';
import { AgentsModule } from '../agents/agents.module.js';
import { InvocationsModule } from '../invocations/invocations.module.js';
import { ProjectsModule } from '../projects/projects.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { LegacyBuildsController } from './legacy-builds.controller.js';
import { LegacyDialogController } from './legacy-dialog.controller.js';

/** Older routes as aliases of the features below. Nothing lives only here, so removing this folder removes only the routes. */
@Module({
  imports: [AgentsModule, SessionsModule, InvocationsModule, ProjectsModule],
  controllers: [LegacyBuildsController, LegacyDialogController],
})
export class LegacyModule {}
