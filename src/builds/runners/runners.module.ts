import { Module, type OnModuleInit } from '@nestjs/common';
import { AgentsModule } from '../../agents/agents.module.js';
import { ModelsModule } from '../../models/models.module.js';
import { OfflineWriters } from '../../models/offline/offline-writers.js';
import { RuntimesModule } from '../../runtimes/runtimes.module.js';
import { ToolsModule } from '../../tools/tools.module.js';
import { AgentCodeDeveloperRunner } from './agent-code-developer/agent-code-developer.runner.js';
import { AcceptanceJudge } from './agent-deployer/acceptance-judge.js';
import { AgentDeployerRunner } from './agent-deployer/agent-deployer.runner.js';
import { AgentDesignRunner } from './agent-design/agent-design.runner.js';
import { DocumentWriter } from './document-writer.js';
import { OrchestratorRunner } from './orchestrator/orchestrator.runner.js';
import { PromptEngineerRunner } from './prompt-engineer/prompt-engineer.runner.js';
import { RequirementsAnalysisRunner } from './requirements-analysis/requirements-analysis.runner.js';
import type { StageRunner } from './stage-runner.js';
import { StageRunners } from './stage-runners.js';
import { STAGE_WRITERS } from './stage-writers.js';
import { SystemArchitectureRunner } from './system-architecture/system-architecture.runner.js';
import { ToolDeveloperRunner } from './tool-developer/tool-developer.runner.js';

const RUNNERS = [
  OrchestratorRunner,
  RequirementsAnalysisRunner,
  SystemArchitectureRunner,
  AgentDesignRunner,
  ToolDeveloperRunner,
  PromptEngineerRunner,
  AgentCodeDeveloperRunner,
  AgentDeployerRunner,
];

@Module({
  imports: [ModelsModule, ToolsModule, RuntimesModule, AgentsModule],
  providers: [
    DocumentWriter,
    AcceptanceJudge,
    ...RUNNERS,
    { provide: StageRunners, inject: RUNNERS, useFactory: (...runners: StageRunner[]) => new StageRunners(runners) },
  ],
  exports: [StageRunners],
})
export class RunnersModule implements OnModuleInit {
  constructor(private readonly writers: OfflineWriters) {}

  onModuleInit(): void {
    for (const [name, writer] of STAGE_WRITERS) this.writers.register(name, writer);
  }
}
