import { type Stage, STEP_PLACES, type StepPlace, type SubStage, type SubStageName } from '../stages/stage.js';

export type BuildStep = StepPlace;

/** The first step that is not completed: where a build begins, or resumes after a crash. */
export function nextStep(stages: readonly Stage[]): BuildStep | undefined {
  return STEP_PLACES.find(({ stage, sub_stage }) => {
    const state = stages.find(({ stage_name }) => stage_name === stage);
    if (!state || state.status === 'completed') return false;
    if (sub_stage === undefined) return true;
    const stored: Partial<Record<SubStageName, SubStage>> = state.sub_stages ?? {};
    return stored[sub_stage]?.status !== 'completed';
  });
}
