import { jest } from '@jest/globals';
import { validate } from 'class-validator';
import { plainToInstance } from 'class-transformer';
import { z } from 'zod';
import type { Stage } from '../../stages/stage.js';
import type { StepTable } from '../step/step.js';

/** Its row in `stages/stage-table.ts`. */
const ROW = {
  name: 'security_review',
  display_name: 'Security review',
  weight: 25,
  artifacts: { review: 'review.json' },
};

const { STAGE_TABLE } = await import('../../stages/stage-table.js');
jest.unstable_mockModule('../../stages/stage-table.js', () => ({
  STAGE_TABLE: STAGE_TABLE.toSpliced(4, 0, ROW as never),
}));

const { PATHS, STAGES, STEP_PLACES } = await import('../../stages/stage.js');
const { buildProgress, pendingStages } = await import('../../stages/stage-rules.js');
const { CreateProjectDto } = await import('../../projects/dto/create-project.dto.js');
const { DocumentWriter, jsonArtifact } = await import('../step/documents.js');
const { documentTask } = await import('../step/document-task.js');
const { defineStep } = await import('../step/step.js');
const { nextStep } = await import('../build-transitions.js');
const STEPS = await import('./steps.js');
const { bareWritersOf, developmentSteps, runSteps } = await import('../../../test/support/development-steps.js');
const { stageContext } = await import('../../../test/support/stage-context.js');

/** Its folder `steps/security-review/` and its line in `steps.ts`. */
const prompt = documentTask({
  step: ROW.name as 'agent_design',
  name: 'review',
  revision: 1,
  schema: z.object({ findings: z.array(z.string()) }),
  role: 'You look for risks in the design.',
  instructions: 'Write the findings.',
});
const step = defineStep({
  name: ROW.name as 'agent_design',
  prompt,
  offline: () => ({ findings: ['none'] }),
  uses: [DocumentWriter],
  run: async (context, writer) => {
    const { document, ...spent } = await writer.write(context, prompt, {});
    const { review } = PATHS as unknown as typeof ROW.artifacts;
    return { artifacts: [jsonArtifact(review, document)], output_data: document, ...spent, tool_calls: 0 };
  },
});
const table = { ...STEPS, [ROW.name]: step } as unknown as StepTable;

describe('a step that is added by a folder and its lines in the tables', () => {
  it('takes its place, number and share of the build', () => {
    expect(STAGES.map(({ stage_name, stage_number, weight }) => [stage_name, stage_number, weight])).toEqual([
      ['orchestrator', 1, 4],
      ['requirements_analysis', 2, 8],
      ['system_architecture', 3, 12],
      ['agent_design', 4, 12],
      ['security_review', 5, 20],
      ['agent_developer_manager', 6, 36],
      ['agent_deployer', 7, 8],
    ]);
    expect(STEP_PLACES[4]).toEqual({ stage: 'security_review' });
  });

  it('counts in the progress of a build and runs in its turn', () => {
    const at = (completed: number): Stage[] =>
      pendingStages().map((stage, index) => ({ ...stage, status: index < completed ? 'completed' : 'pending' }));
    expect([4, 5, 7].map((completed) => buildProgress(at(completed)))).toEqual([36, 56, 100]);
    expect(nextStep(at(4))).toEqual({ stage: 'security_review' });
  });

  it('is named in the words of every prompt', () => {
    expect(prompt.system).toContain('Your step: security review, the fifth of seven. You look for risks');
    expect(STEPS.agent_design.prompt?.system).toContain('Your step: agent design, the fourth of seven.');
    expect(STEPS.tool_developer.prompt?.system).toContain('the first part of the sixth stage.');
    expect(STEPS.orchestrator.prompt?.instructions).toContain('the seven stages orchestrator, requirements_analysis,');
  });

  it('runs in a build, with its offline writer', async () => {
    const context = stageContext('An assistant that calculates tips for waiters.');
    const results = await runSteps(context, developmentSteps(bareWritersOf(table), table));
    expect(results[4]).toMatchObject({ output_data: { findings: ['none'] }, model: 'nexus/offline' });
    expect(JSON.parse(context.artifacts.get('review.json') ?? '')).toEqual({ findings: ['none'] });
    const plan = JSON.parse(context.artifacts.get('plan.json') ?? '') as { steps: unknown[] };
    expect(plan.steps[4]).toEqual({ stage: 'security_review', goal: 'Security review.' });
  });

  it('is a key of agent_name_map', async () => {
    const problems = (agent_name_map: object) =>
      validate(plainToInstance(CreateProjectDto, { requirement: 'Calculate tips.', agent_name_map }), {
        whitelist: true,
        forbidNonWhitelisted: true,
      });
    expect(await problems({ security_review: 'reviewer' })).toEqual([]);
    expect((await problems({ review: 'reviewer' }))[0]?.children?.[0]?.property).toBe('review');
  });
});
