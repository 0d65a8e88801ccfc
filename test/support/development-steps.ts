import { AgentCodeDeveloperRunner } from '../../src/builds/runners/agent-code-developer/agent-code-developer.runner.js';
import { AgentDesignRunner } from '../../src/builds/runners/agent-design/agent-design.runner.js';
import { DocumentWriter } from '../../src/builds/runners/document-writer.js';
import { OrchestratorRunner } from '../../src/builds/runners/orchestrator/orchestrator.runner.js';
import { PromptEngineerRunner } from '../../src/builds/runners/prompt-engineer/prompt-engineer.runner.js';
import { RequirementsAnalysisRunner } from '../../src/builds/runners/requirements-analysis/requirements-analysis.runner.js';
import { STAGE_WRITERS } from '../../src/builds/runners/stage-writers.js';
import type { StageResult, StageRunner } from '../../src/builds/runners/stage-runner.js';
import { SystemArchitectureRunner } from '../../src/builds/runners/system-architecture/system-architecture.runner.js';
import { ToolDeveloperRunner } from '../../src/builds/runners/tool-developer/tool-developer.runner.js';
import type { ModelsService, StructuredAnswer, StructuredRequest } from '../../src/models/models.service.js';
import { Clock } from '../../src/shared/clock.js';
import { ToolCatalogue } from '../../src/tools/tool-catalogue.js';
import type { RecordingContext } from './stage-context.js';

export type StructuredModel = Pick<ModelsService, 'generateStructured' | 'describe' | 'knows'>;

/** The offline writers without a model around them; an answer that does not fit its schema throws. */
export const bareWriters: StructuredModel = {
  describe: () => ({ id: 'nexus/offline', provider: 'offline' }),
  knows: () => false,
  generateStructured: async <T>({ name, schema, input }: StructuredRequest<T>): Promise<StructuredAnswer<T>> => {
    const written = STAGE_WRITERS.get(name)?.(JSON.parse(JSON.stringify(input)));
    return {
      object: schema.parse(written),
      model: 'nexus/offline',
      usage: { input_tokens: 1, output_tokens: 1 },
      cost_usd: 0,
    };
  },
};

/** The seven steps before deployment, in order. */
export function developmentSteps(models: StructuredModel = bareWriters): StageRunner[] {
  const writer = new DocumentWriter(models as ModelsService);
  const catalogue = new ToolCatalogue();
  return [
    new OrchestratorRunner(writer),
    new RequirementsAnalysisRunner(writer, catalogue),
    new SystemArchitectureRunner(writer),
    new AgentDesignRunner(writer, catalogue),
    new ToolDeveloperRunner(writer, catalogue, new Clock()),
    new PromptEngineerRunner(writer),
    new AgentCodeDeveloperRunner(writer, models as ModelsService),
  ];
}

export async function runSteps(context: RecordingContext, steps: readonly StageRunner[]): Promise<StageResult[]> {
  const results: StageResult[] = [];
  for (const step of steps) {
    const result = await step.run(context);
    context.keep(result.artifacts);
    results.push(result);
  }
  return results;
}
