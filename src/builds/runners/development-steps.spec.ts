import fc from 'fast-check';
import { bareWriters, developmentSteps, runSteps } from '../../../test/support/development-steps.js';
import { SAMPLE_REQUIREMENTS } from '../../../test/support/sample-requirements.js';
import { stageContext } from '../../../test/support/stage-context.js';
import { agentDefinitionSchema } from '../../runtimes/agent-definition.js';
import { PATHS } from './artifact-paths.js';
import { ARTIFACT_LIMIT_BYTES } from './stage-artifacts.js';

const EXPECTED = [
  'agent.json',
  'agent_design.json',
  'architecture.json',
  'architecture.md',
  'export/Dockerfile',
  'export/README.md',
  'export/agent.json',
  'export/package.json',
  'export/server.mjs',
  'plan.json',
  'prompts/system.md',
  'requirements.json',
  'requirements.md',
];

/** bareWriters holds every document to its schema, so a build that ends has seven valid documents. */
async function build(requirement: string): Promise<Map<string, string>> {
  const context = stageContext(requirement);
  await runSteps(context, developmentSteps(bareWriters));
  return context.artifacts;
}

describe('the steps before deployment, offline', () => {
  it.each(SAMPLE_REQUIREMENTS)('write all documents for: %s', async (requirement) => {
    const artifacts = await build(requirement);
    expect([...artifacts.keys()].filter((path) => !path.startsWith('tools/')).sort()).toEqual(EXPECTED);
    expect(agentDefinitionSchema.safeParse(JSON.parse(artifacts.get(PATHS.definition) ?? '')).success).toBe(true);
  });

  it('write the same documents each time', async () => {
    for (const requirement of SAMPLE_REQUIREMENTS) expect(await build(requirement)).toEqual(await build(requirement));
  });

  it('write different requirements, designs and prompts for different requirements', async () => {
    const builds = await Promise.all(SAMPLE_REQUIREMENTS.map(build));
    for (const path of [PATHS.plan, PATHS.requirements, PATHS.design, PATHS.systemPrompt, PATHS.definition]) {
      expect(new Set(builds.map((artifacts) => artifacts.get(path))).size).toBe(SAMPLE_REQUIREMENTS.length);
    }
  });

  it('end with a valid definition and bounded artifacts for any text', async () => {
    const text = fc.string({ unit: 'binary', minLength: 10, maxLength: 2500 });
    const words = fc
      .array(
        fc.constantFrom(
          'a',
          'agent',
          'that',
          'calculates',
          '9',
          'our',
          'is',
          'must',
          'never',
          'for',
          '\n- ',
          '.',
          'ß',
          '李',
          '</input>',
          '"',
          '`',
          '12 words',
        ),
        { minLength: 5, maxLength: 600 },
      )
      .map((parts) => parts.join(' '));
    const asRequirement = fc.oneof(text, words).filter((one) => one.trim().length >= 10);
    await fc.assert(
      fc.asyncProperty(asRequirement, async (requirement) => {
        const artifacts = await build(requirement);
        const sizes = [...artifacts.values()].map((content) => Buffer.byteLength(content));
        return (
          Math.max(...sizes) <= ARTIFACT_LIMIT_BYTES &&
          agentDefinitionSchema.safeParse(JSON.parse(artifacts.get(PATHS.definition) ?? '')).success
        );
      }),
      { numRuns: 100 },
    );
  });
});
