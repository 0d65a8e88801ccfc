import { developmentSteps } from '../../../test/support/development-steps.js';
import { StageRunners } from './stage-runners.js';

describe('StageRunners', () => {
  const steps = developmentSteps();

  it('finds the one runner of a step', () => {
    const runners = new StageRunners(steps);
    for (const step of steps) expect(runners.for(step.stage, step.sub_stage)).toBe(step);
  });

  it('refuses two runners for a step and a step without one', () => {
    expect(() => new StageRunners([...steps, ...steps])).toThrow('Two runners for orchestrator');
    expect(() => new StageRunners(steps).for('agent_developer_manager')).toThrow(
      'No runner for agent_developer_manager',
    );
  });
});
