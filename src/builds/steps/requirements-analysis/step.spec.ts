import { stageContext } from '../../../../test/support/stage-context.js';
import { writePlan } from '../orchestrator/offline.js';
import { writeRequirements } from './offline.js';
import { soundExamples } from './step.js';

describe('soundExamples', () => {
  it('drops impossible checks with a warning and keeps the example', () => {
    const context = stageContext('a requirement');
    const checks = [
      { kind: 'uses_tool', value: 'shell' },
      { kind: 'matches', value: '(' },
      { kind: 'contains', value: null },
    ] as const;
    const sound = soundExamples(
      context,
      [{ id: 'EX-001', input: 'hi', checks: [...checks], judged: null, proves: [] }],
      new Set(['calculator']),
    );
    expect(sound).toEqual([
      { id: 'EX-001', input: 'hi', checks: [{ kind: 'non_empty', value: null }], judged: null, proves: [] },
    ]);
    expect(context.logs.filter((line) => line.level === 'warning')).toHaveLength(3);
  });

  it('leaves possible checks unchanged', () => {
    const examples = [
      {
        id: 'EX-001',
        input: 'hi',
        checks: [{ kind: 'uses_tool' as const, value: 'calculator' }],
        judged: 'kind',
        proves: ['R-1'],
      },
    ];
    expect(soundExamples(stageContext('a requirement'), examples, new Set(['calculator']))).toEqual(examples);
  });
});

describe('writeRequirements', () => {
  it('keeps the sentence that names the roles out of what they know', () => {
    const requirement =
      'A supervisor that hands questions to billing and shipping specialists. Billing is done on the 1st. Shipping takes 3 days. Returns take 5 days.';
    const tools = ['knowledge_lookup'].map((name) => ({ name, description: name, suggested: true }));
    const { knowledge } = writeRequirements({
      requirement,
      plan: writePlan({ requirement, project_name: 'Desk' }),
      tools,
    });
    expect(knowledge).toEqual([
      { name: 'billing-specialist.md', content: 'Billing is done on the 1st.' },
      { name: 'shipping-specialist.md', content: 'Shipping takes 3 days.' },
      { name: 'requirement.md', content: 'Returns take 5 days.' },
    ]);
  });
});
