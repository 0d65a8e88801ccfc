import fc from 'fast-check';
import { InvalidStateError } from '../shared/domain-error.js';
import { type Stage, SUB_STAGE_NAMES } from './stage.js';
import {
  buildProgress,
  completeStage,
  completeSubStage,
  failStage,
  pendingStages,
  reopenStage,
  startStage,
  startSubStage,
} from './stage-rules.js';

const AT = '2026-11-20T10:00:00.000Z';
const LATER = '2026-11-20T10:00:02.500Z';
const OUTCOME = {
  output_data: {},
  artifacts: [],
  model: 'nexus/offline',
  usage: { input_tokens: 3, output_tokens: 4 },
  cost_usd: 0,
  tool_calls: 1,
};

const stageOf = (stages: Stage[], index: number): Stage => {
  const stage = stages[index];
  if (!stage) throw new RangeError(`no stage ${index}`);
  return stage;
};

describe('progress of a build', () => {
  it('follows the example run of the contract', () => {
    const stages = pendingStages();
    const seen: number[] = [buildProgress(stages)];
    for (const index of [0, 1, 2, 3]) {
      stages[index] = startStage(stageOf(stages, index), AT);
      seen.push(buildProgress(stages));
      stages[index] = completeStage(stageOf(stages, index), LATER, OUTCOME);
    }
    stages[4] = startStage(stageOf(stages, 4), AT);
    seen.push(buildProgress(stages));
    for (const name of SUB_STAGE_NAMES) {
      stages[4] = startSubStage(stageOf(stages, 4), name, AT);
      seen.push(buildProgress(stages));
      stages[4] = completeSubStage(stageOf(stages, 4), name, LATER, OUTCOME);
    }
    stages[4] = completeStage(stageOf(stages, 4), LATER);
    stages[5] = startStage(stageOf(stages, 5), AT);
    seen.push(buildProgress(stages));
    stages[5] = completeStage(stageOf(stages, 5), LATER, OUTCOME);
    seen.push(buildProgress(stages));
    expect(seen).toEqual([0, 2.5, 10, 22.5, 37.5, 45, 54, 69.75, 83.25, 95, 100]);
  });

  it('stays within 0 to 100 for any mixture of states', () => {
    const status = fc.constantFrom<Stage['status'][]>('pending', 'running', 'completed', 'failed');
    fc.assert(
      fc.property(fc.array(status, { minLength: 6, maxLength: 6 }), (statuses) => {
        const progress = buildProgress(
          pendingStages().map((stage, index) => ({ ...stage, status: statuses[index] ?? 'pending' })),
        );
        expect(progress).toBeGreaterThanOrEqual(0);
        expect(progress).toBeLessThanOrEqual(100);
        expect(progress === 100).toBe(statuses.every((one) => one === 'completed'));
      }),
    );
  });
});

describe('a stage', () => {
  it('keeps its first start when a build resumes, and measures its duration from there', () => {
    const resumed = startStage(startStage(stageOf(pendingStages(), 0), AT), LATER);
    expect(resumed.started_at).toBe(AT);
    expect(completeStage(resumed, LATER, OUTCOME)).toMatchObject({
      status: 'completed',
      duration_seconds: 2.5,
      input_tokens: 3,
      output_tokens: 4,
      tool_calls: 1,
    });
  });

  it('never leaves completed', () => {
    const completed = completeStage(startStage(stageOf(pendingStages(), 0), AT), LATER, OUTCOME);
    expect(() => startStage(completed, LATER)).toThrow(InvalidStateError);
    expect(() => failStage(completed, LATER, 'late')).toThrow(InvalidStateError);
  });

  it('is not completed before its sub-stages', () => {
    const running = startStage(stageOf(pendingStages(), 4), AT);
    expect(() => completeStage(running, LATER, OUTCOME)).toThrow('before tool_developer');
  });

  it('counts a sub-stage that an older release did not store as pending', () => {
    const running = startStage(stageOf(pendingStages(), 4), AT);
    const { tool_developer, prompt_engineer } = running.sub_stages ?? {};
    const older = { ...running, sub_stages: { tool_developer, prompt_engineer } } as Stage;
    expect(() => completeStage(older, LATER, OUTCOME)).toThrow('before tool_developer');
    expect(startSubStage(older, 'agent_code_developer', AT).sub_stages).toMatchObject({
      tool_developer: { status: 'pending' },
      agent_code_developer: { status: 'running', started_at: AT },
    });
  });

  it('keeps completed sub-stages when a failed build is restarted', () => {
    let stage = startStage(stageOf(pendingStages(), 4), AT);
    stage = completeSubStage(startSubStage(stage, 'tool_developer', AT), 'tool_developer', LATER, {
      ...OUTCOME,
      artifacts: ['tools/calculator.json'],
    });
    const failed = failStage(startSubStage(stage, 'prompt_engineer', LATER), LATER, 'out of tokens');
    expect(failed).toMatchObject({
      error_message: 'out of tokens',
      completed_at: LATER,
      sub_stages: { prompt_engineer: { status: 'failed' } },
    });
    expect(reopenStage(failed)).toMatchObject({
      status: 'pending',
      error_message: null,
      artifacts: ['tools/calculator.json'],
      sub_stages: { tool_developer: { status: 'completed' }, prompt_engineer: { status: 'pending' } },
    });
  });
});
