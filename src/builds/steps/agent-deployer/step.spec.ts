import { deployer } from '../../../../test/support/deployer.js';
import { developmentSteps, runSteps } from '../../../../test/support/development-steps.js';
import { type RecordingContext, stageContext } from '../../../../test/support/stage-context.js';
import { ModelError } from '../../../models/model-error.js';
import {
  AgentRunError,
  type AgentEvent,
  type AgentRun,
  AgentRuntime,
  type Deployment,
  type RuntimeHealth,
} from '../../../runtimes/agent-runtime.js';
import { PATHS } from '../../../stages/stage.js';
import type { StepContext } from '../../step/step.js';

/** Returns the same answer to every message, or throws; records deployments. */
class ScriptedRuntime extends AgentRuntime {
  override readonly kind = 'local';
  readonly deployed: string[] = [];

  constructor(private readonly answer: string | Error) {
    super();
  }

  override async *run(_run: AgentRun): AsyncGenerator<AgentEvent> {
    if (this.answer instanceof Error) throw this.answer;
    yield {
      type: 'done',
      result: {
        output: this.answer,
        model: 'scripted',
        usage: { input_tokens: 1, output_tokens: 1 },
        cost_usd: 0,
        steps: [],
      },
    };
  }

  override async deploy(agentId: string): Promise<Deployment> {
    this.deployed.push(agentId);
    return { region: null, agentcore_config: null };
  }

  override async undeploy(): Promise<void> {}

  override async health(): Promise<RuntimeHealth> {
    return { ready: true, message: 'ready' };
  }
}

async function developed(overrides: Partial<StepContext> = {}): Promise<RecordingContext> {
  const context = stageContext('An assistant that calculates tips for waiters.', overrides);
  await runSteps(context, developmentSteps());
  return context;
}

describe('AgentDeployerRunner', () => {
  it('registers an agent that passed, with the definition, category and tags of the build', async () => {
    const context = await developed({ agent_name: 'tip_helper' });
    const { runner, registered } = deployer();
    const result = await runner.run(context);
    expect(result).toMatchObject({
      agent_ids: ['proj_01TEST:tip_helper'],
      agent_name: 'tip_helper',
      tool_calls: 1,
      output_data: { acceptance: { total: 2, failed: 0 } },
    });
    expect(registered).toMatchObject([
      {
        org_id: 'org_test',
        build_id: 'bld_01TEST',
        agent_name: 'tip_helper',
        runtime: 'local',
        tags: ['test'],
        definition: { agent_name: 'tip_helper', tools: [{ name: 'calculator' }] },
      },
    ]);
  });

  it('registers the same agent when it runs again after a crash', async () => {
    const context = await developed();
    const { runner, registered } = deployer();
    await runner.run(context);
    await runner.run(context);
    expect(registered[1]).toEqual(registered[0]);
  });

  it('deploys nothing when an example fails, and returns the report', async () => {
    const runtime = new ScriptedRuntime('I do not know.');
    const { runner, registered } = deployer(runtime);
    await expect(runner.run(await developed())).rejects.toMatchObject({
      code: 'BUILD_ERROR',
      transient: false,
      details: {
        report: {
          passed: false,
          total: 2,
          failed: 2,
          judged: null,
          examples: [{ id: 'EX-001' }, { id: 'EX-002', output: 'I do not know.' }],
        },
      },
      artifacts: [{ path: PATHS.acceptanceReport }],
    });
    expect([runtime.deployed, registered]).toEqual([[], []]);
  });

  it('runs the examples that people saved, and deploys nothing when one of them fails', async () => {
    const example = (value: string) => ({
      example_id: 'ex_01TEST',
      input: 'What is 15 % of 80?',
      checks: [{ kind: 'contains' as const, value }],
    });
    const kept = deployer(undefined, [example('12')]);
    const { artifacts } = await kept.runner.run(await developed());
    const report = JSON.parse(artifacts[0]?.content ?? '') as { total: number; examples: { id: string }[] };
    expect([report.total, report.examples.at(-1)]).toMatchObject([3, { id: 'ex_01TEST', passed: true, proves: [] }]);
    const broken = deployer(undefined, [example('thirteen')]);
    await expect(broken.runner.run(await developed())).rejects.toMatchObject({
      code: 'BUILD_ERROR',
      message: '1 of 3 acceptance examples failed: ex_01TEST',
    });
    expect([kept.registered.length, broken.registered.length]).toEqual([1, 0]);
  });

  it('deploys requirements of version 1.0.0, which have no numbers, without coverage', async () => {
    const context = await developed();
    const { requirements, ...old } = JSON.parse(context.artifacts.get(PATHS.requirements) ?? '') as {
      requirements: unknown[];
      acceptance_examples: object[];
    };
    expect(requirements).toHaveLength(1);
    const acceptance_examples = old.acceptance_examples.map((example) => ({ ...example, proves: undefined }));
    context.artifacts.set(PATHS.requirements, JSON.stringify({ ...old, acceptance_examples }));
    const { runner, registered } = deployer();
    await runner.run(context);
    expect(registered).toMatchObject([{ coverage: null }]);
  });

  it('counts a run without an end as a failed example', async () => {
    const { runner } = deployer(new ScriptedRuntime(new AgentRunError('limit', 'used up its steps')));
    await expect(runner.run(await developed())).rejects.toMatchObject({
      transient: false,
      details: { report: { failed: 2 } },
    });
  });

  it.each([
    [new AgentRunError('timeout', 'too slow'), true],
    [new AgentRunError('model', 'busy', [], undefined, new ModelError('busy', { transient: true })), true],
    [new AgentRunError('model', 'no key', [], undefined, new ModelError('no key', { transient: false })), false],
  ])('blames the model, not the agent, for %s', async (error, transient) => {
    const { runner } = deployer(new ScriptedRuntime(error));
    await expect(runner.run(await developed())).rejects.toMatchObject({ code: 'BUILD_ERROR', transient });
  });

  it('stops when the build is cancelled', async () => {
    const cancel = new AbortController();
    const context = await developed({ signal: cancel.signal });
    cancel.abort(new Error('stopped'));
    const { runner, registered } = deployer();
    await expect(runner.run(context)).rejects.toThrow('stopped');
    expect(registered).toEqual([]);
  });

  it('refuses a definition that names an unknown tool', async () => {
    const context = await developed();
    const definition = JSON.parse(context.artifacts.get(PATHS.definition) ?? '') as Record<string, unknown>;
    context.artifacts.set(
      PATHS.definition,
      JSON.stringify({ ...definition, tools: [{ name: 'shell', kind: 'builtin' }] }),
    );
    await expect(deployer().runner.run(context)).rejects.toMatchObject({
      details: { tools: ['there is no tool "shell"'] },
    });
  });
});
