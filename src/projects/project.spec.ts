import { InvalidStateError } from '../shared/domain-error.js';
import { completeStage, failStage, startStage } from '../stages/stage-rules.js';
import {
  assertControllable,
  CONTROL_ACTIONS,
  estimatedCompletion,
  nameFromRequirement,
  newProject,
  type Project,
  PROJECT_STATUSES,
  type ProjectWhole,
  restarted,
} from './project.js';

const AT = '2026-11-20T10:00:00.000Z';
const OUTCOME = {
  output_data: {},
  artifacts: [],
  model: null,
  usage: { input_tokens: 0, output_tokens: 0 },
  cost_usd: 0,
  tool_calls: 0,
};

const whole = (change: Partial<Project> = {}): ProjectWhole => {
  const made = newProject(
    { org_id: 'acme', user_id: 'ada', requirement: 'An agent that calculates' },
    { project_id: 'proj_1', build_id: 'bld_1' },
    AT,
  );
  return { ...made, project: { ...made.project, ...change } };
};

describe('a project', () => {
  it('is named after the first line of its requirement, at most 80 characters', () => {
    expect(nameFromRequirement('  First line\nsecond')).toBe('First line');
    expect(nameFromRequirement('é'.repeat(81))).toBe(`${'é'.repeat(77)}...`);
    expect(nameFromRequirement('x'.repeat(80))).toBe('x'.repeat(80));
  });

  it('allows exactly the controls that the contract names', () => {
    const legal: Record<string, string[]> = {};
    for (const status of PROJECT_STATUSES)
      legal[status] = CONTROL_ACTIONS.filter((action) => {
        try {
          assertControllable(whole({ status }).project, action);
          return true;
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidStateError);
          return false;
        }
      });
    expect(legal).toEqual({
      pending: ['pause', 'stop'],
      building: ['pause', 'stop'],
      paused: ['resume', 'stop'],
      completed: ['restart'],
      failed: ['restart'],
    });
  });

  it('keeps completed stages when a failed build is restarted, and none from scratch', () => {
    const failed = whole({ status: 'failed', progress: 10 });
    const [first, second, ...rest] = failed.stages;
    if (!first || !second) throw new Error('six stages');
    const stages = [
      completeStage(startStage(first, AT), AT, OUTCOME),
      failStage(startStage(second, AT), AT, 'no'),
      ...rest,
    ];
    const kept = restarted({ ...failed, stages }, { build_id: 'bld_2', from_scratch: false });
    expect(kept.project).toMatchObject({
      attempt: 2,
      build_id: 'bld_2',
      progress: 5,
      current_stage: 'requirements_analysis',
      status: 'pending',
    });
    const fresh = restarted({ ...failed, stages }, { build_id: 'bld_2', from_scratch: true });
    expect(fresh.project).toMatchObject({ progress: 0, current_stage: 'orchestrator' });
  });

  it('estimates its end from its speed, and only when it has one', () => {
    const now = new Date('2026-11-20T10:00:30.000Z');
    expect(estimatedCompletion(whole({ status: 'building', started_at: AT, progress: 25 }).project, now)).toBe(
      '2026-11-20T10:02:00.000Z',
    );
    expect(estimatedCompletion(whole({ status: 'building', started_at: AT, progress: 0 }).project, now)).toBeNull();
    expect(estimatedCompletion(whole({ status: 'completed', started_at: AT, progress: 100 }).project, now)).toBeNull();
  });
});
