import { DocumentWriter } from '../../src/builds/step/documents.js';
import {
  BuildSteps,
  offlineWriters,
  type StepContext,
  type StepResult,
  type StepTable,
} from '../../src/builds/step/step.js';
import * as STEPS from '../../src/builds/steps/steps.js';
import { ExampleReview } from '../../src/builds/steps/requirements-analysis/review.js';
import { ToolWriter } from '../../src/builds/steps/tool-developer/step.js';
import { ModelsService, type StructuredAnswer, type StructuredRequest } from '../../src/models/models.service.js';
import { Clock } from '../../src/shared/clock.js';
import { STEP_PLACES } from '../../src/stages/stage.js';
import { CodeToolKind } from '../../src/tools/kinds/code/code.kind.js';
import { Sandbox } from '../../src/tools/sandbox/sandbox.js';
import { BuiltinToolKind } from '../../src/tools/kinds/builtin/builtin.kind.js';
import type { RecordingContext } from './stage-context.js';

export type StructuredModel = Pick<ModelsService, 'generateStructured' | 'describe' | 'knows'>;
export interface RunnableStep {
  run(context: StepContext): Promise<StepResult>;
}

/** The offline writers of a table without a model around them; an answer that does not fit its schema throws. */
export function bareWritersOf(table: StepTable): StructuredModel {
  const writers = offlineWriters(table);
  return {
    describe: () => ({ id: 'nexus/offline', provider: 'offline' }),
    knows: () => false,
    generateStructured: async <T>({ name, schema, input }: StructuredRequest<T>): Promise<StructuredAnswer<T>> => {
      const written = writers.get(name)?.(JSON.parse(JSON.stringify(input)));
      return {
        object: schema.parse(written),
        model: 'nexus/offline',
        usage: { input_tokens: 1, output_tokens: 1 },
        cost_usd: 0,
      };
    },
  };
}

export const bareWriters = bareWritersOf(STEPS);

/** One for all builds of a spec file: starting threads takes longer than a build. They do not keep the process alive. */
const sandbox = new Sandbox();
const catalogue = new BuiltinToolKind();

/** The steps before deployment, in order. */
export function developmentSteps(models: StructuredModel = bareWriters, table: StepTable = STEPS): RunnableStep[] {
  const writer = new DocumentWriter(models as ModelsService);
  const services = [
    [DocumentWriter, writer],
    [BuiltinToolKind, catalogue],
    [Clock, new Clock()],
    [ToolWriter, new ToolWriter(writer, new CodeToolKind(sandbox))],
    [ModelsService, models],
    [ExampleReview, new ExampleReview(writer, models as ModelsService)],
  ] as const;
  const steps = new BuildSteps(table, new Map<(typeof services)[number][0], unknown>(services));
  return STEP_PLACES.filter(({ stage }) => stage !== 'agent_deployer').map((place) => ({
    run: (context) => steps.run(place, context),
  }));
}

export async function runSteps(context: RecordingContext, steps: readonly RunnableStep[]): Promise<StepResult[]> {
  const results: StepResult[] = [];
  for (const step of steps) {
    const result = await step.run(context);
    context.keep(result.artifacts);
    results.push(result);
  }
  return results;
}
