import { developmentSteps, runSteps } from '../../../../test/support/development-steps.js';
import { stageContext } from '../../../../test/support/stage-context.js';
import { PATHS } from '../../../stages/stage.js';
import { readDocument } from '../../step/documents.js';
import { architectureSchema } from './prompt.js';
import { mermaidDiagram } from './step.js';

async function diagramOf(requirement: string): Promise<string> {
  const context = stageContext(requirement, { accept_unproven: true });
  await runSteps(context, developmentSteps().slice(0, 3));
  return mermaidDiagram(readDocument(context, PATHS.architecture, architectureSchema));
}

describe('mermaidDiagram', () => {
  it('draws one agent with its tools and documents', async () => {
    const diagram = await diagramOf('A tutor bot that calculates fractions. Our school opens at 8:00.');
    expect(diagram.split('\n')).toEqual([
      'flowchart LR',
      '  user(["User"])',
      '  subgraph agent["One deployed agent"]',
      '    role0["tutor_bot"]',
      '    part1["language_model"]',
      '    part2["conversation_memory"]',
      '  end',
      '  user -->|message| role0',
      '  role0 -->|answer| user',
      '  role0 --- part1',
      '  role0 --- part2',
      '  part3{{"calculator"}}',
      '  role0 -->|calls| part3',
      '  part4{{"knowledge_lookup"}}',
      '  role0 -->|calls| part4',
      '  part5[("documents")]',
      '  role0 -->|looks up| part5',
    ]);
  });

  it('draws the roles as the team of a supervisor, with the order in which results go on', async () => {
    const diagram = await diagramOf(
      'Two agents that work together: a planner agent that splits a task into steps, and a checker agent that verifies each step.',
    );
    expect(diagram).toContain('role0["planner"]');
    expect(diagram).toContain('role1["checker"]');
    expect(diagram).toContain('user -->|message| supervisor');
    expect(diagram).toContain('supervisor -->|task| role1');
    expect(diagram).toContain('role0 -.-> role1');
  });

  it('escapes names in labels', () => {
    const base = { kind: 'single_agent' as const, deployed_agents: 1 as const };
    const agents = [
      { name: '"]\nclick x "javascript:alert(1)"', role: 'r', responsibilities: ['r'], interactions: [] },
    ];
    const diagram = mermaidDiagram({ topology: { ...base, agents }, components: [] } as unknown as Parameters<
      typeof mermaidDiagram
    >[0]);
    expect(diagram).toContain('role0["click x  javascript:alert 1"]');
  });
});
