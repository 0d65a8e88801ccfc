import {
  type Stage,
  type StageStatus,
  STEP_PLACES,
  type StepPlace,
  type SubStage,
  type SubStageName,
} from '../stages/stage.js';

export type BuildStep = StepPlace;

/** The first step that is not completed: where a build begins, or resumes after a crash. */
export function nextStep(stages: readonly Stage[]): BuildStep | undefined {
  return STEP_PLACES.find((step) => {
    const state = stages.find(({ stage_name }) => stage_name === step.stage);
    return state && state.status !== 'completed' && statusOf(stages, step) !== 'completed';
  });
}

/** Undefined when the stage does not have the part yet. */
export function statusOf(stages: readonly Stage[], { stage, sub_stage }: BuildStep): StageStatus | undefined {
  const state = stages.find(({ stage_name }) => stage_name === stage);
  if (sub_stage === undefined) return state?.status;
  const parts: Partial<Record<SubStageName, SubStage>> = state?.sub_stages ?? {};
  return parts[sub_stage]?.status;
}
