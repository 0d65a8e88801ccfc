import type { StageName, SubStageName } from '../../stages/stage.js';
import type { StageRunner } from './stage-runner.js';

/** The runner of every step of a build; each step has exactly one. */
export class StageRunners {
  private readonly byStep = new Map<string, StageRunner>();

  /** Two runners for one step are a programming error and throw. */
  constructor(runners: readonly StageRunner[]) {
    for (const runner of runners) {
      const step = stepName(runner.stage, runner.sub_stage);
      if (this.byStep.has(step)) throw new Error(`Two runners for ${step}`);
      this.byStep.set(step, runner);
    }
  }

  /** Throws for a step without a runner, such as `agent_developer_manager` without its sub-stage. */
  for(stage: StageName, subStage?: SubStageName): StageRunner {
    const step = stepName(stage, subStage);
    const runner = this.byStep.get(step);
    if (!runner) throw new Error(`No runner for ${step}`);
    return runner;
  }
}

function stepName(stage: StageName, subStage?: SubStageName): string {
  return subStage === undefined ? stage : `${stage}/${subStage}`;
}
