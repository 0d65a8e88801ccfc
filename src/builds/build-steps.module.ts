import { Module, type Type } from '@nestjs/common';
import { AgentsModule } from '../agents/agents.module.js';
import { ModelsModule } from '../models/models.module.js';
import { OfflineWriters } from '../models/offline/offline-model.js';
import { ProjectsModule } from '../projects/projects.module.js';
import { RuntimesModule } from '../runtimes/runtimes.module.js';
import { ToolsModule } from '../tools/tools.module.js';
import { DocumentWriter } from './step/documents.js';
import { BuildSteps, offlineWriters } from './step/step.js';
import * as STEPS from './steps/steps.js';

const SERVICES = BuildSteps.servicesOf(STEPS);

/** The steps of a build: with their schemas and prompts they take memory, so `BuildStepRuns` loads them with the first step. */
@Module({
  imports: [ProjectsModule, ModelsModule, ToolsModule, RuntimesModule, AgentsModule],
  providers: [
    DocumentWriter,
    ...Object.values(STEPS).flatMap(({ provides }) => provides as Type[]),
    {
      provide: BuildSteps,
      inject: SERVICES,
      useFactory: (...services: unknown[]) =>
        new BuildSteps(STEPS, new Map(SERVICES.map((service, index) => [service, services[index]]))),
    },
  ],
})
export class BuildStepsModule {
  constructor(writers: OfflineWriters) {
    for (const [name, writer] of offlineWriters(STEPS)) writers.register(name, writer);
  }
}
