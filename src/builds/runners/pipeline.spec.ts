import { deployer, offlineModels } from '../../../test/support/deployer.js';
import { developmentSteps, runSteps } from '../../../test/support/development-steps.js';
import { SAMPLE_REQUIREMENTS } from '../../../test/support/sample-requirements.js';
import { stageContext } from '../../../test/support/stage-context.js';
import { acceptanceReportSchema } from './agent-deployer/agent-deployer.schema.js';
import { PATHS } from './artifact-paths.js';
import { readDocument } from './read-document.js';

describe('all steps of a build with the offline model', () => {
  it.each(SAMPLE_REQUIREMENTS)('lead to an agent that passes its acceptance examples: %s', async (requirement) => {
    const context = stageContext(requirement);
    const { runner, registered } = deployer();
    const results = await runSteps(context, [...developmentSteps(offlineModels()), runner]);
    const report = readDocument(context, PATHS.acceptanceReport, acceptanceReportSchema);
    expect(report).toMatchObject({ passed: true, failed: 0, model: 'nexus/offline' });
    expect(report.examples.length).toBeGreaterThanOrEqual(1);
    expect(registered).toHaveLength(1);
    expect(results.at(-1)?.agent_ids).toEqual([`${context.project_id}:${registered[0]?.agent_name ?? ''}`]);
    expect(results.every((result) => result.usage.input_tokens > 0 && result.model === 'nexus/offline')).toBe(true);
    expect(context.logs.length).toBeGreaterThan(results.length);
  });

  it.each([
    ['A cooking helper that converts recipe measurements between metric and imperial units.', ['unit_conversion']],
    ['Build a bot that quizzes people on European capitals and keeps score.', []],
    ['An assistant that calculates tips and splits the bill.', ['calculator']],
    ['A receptionist bot. Our office is at 12 Elm Street.', ['knowledge_lookup']],
  ])('give the agent of "%s" the tools %j', async (requirement, tools) => {
    const context = stageContext(requirement);
    await runSteps(context, developmentSteps(offlineModels()));
    expect(JSON.parse(context.artifacts.get(PATHS.definition) ?? '')).toMatchObject({
      tools: tools.map((name) => ({ name, kind: 'builtin' })),
    });
  });

  it('put facts of the requirement into the documents of the agent and ask for them', async () => {
    const context = stageContext(
      'A museum guide for children. Our museum opens at 10:00. The entrance fee is 8 euros.',
    );
    const { runner } = deployer();
    await runSteps(context, [...developmentSteps(offlineModels()), runner]);
    const report = readDocument(context, PATHS.acceptanceReport, acceptanceReportSchema);
    const fee = report.examples.find((example) => example.input === 'What is the entrance fee?');
    expect(fee).toMatchObject({
      passed: true,
      tools_used: ['knowledge_lookup'],
      output: expect.stringContaining('8 euros') as string,
    });
  });
});
