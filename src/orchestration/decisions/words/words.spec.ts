import { parseContext } from '../decision-context.js';
import { analyse } from '../engine/decision-engine.js';
import { computedWords, phaseDays } from './computed-words.js';
import { acceptedWords } from '../decision-writer.service.js';

const TODAY = new Date('2026-11-21T23:30:00.000Z');
const GIVEN = { customer_impact: 20_000, estimated_cost: 40_000, expected_revenue: 150_000, estimated_days: 60 };

async function wordsOf(given: Record<string, unknown>) {
  const analysis = await analyse({ context: parseContext(given), given, seed: 0, partners: [] });
  return { analysis, words: computedWords(analysis, TODAY) };
}

describe('the plan', () => {
  it('has phases that follow each other and add up to the days of the estimate', async () => {
    const { words } = await wordsOf(GIVEN);
    expect(words.implementation_plan.map(({ activities: _, ...phase }) => phase)).toEqual([
      ...[
        {
          phase: 'Planning',
          duration_days: 12,
          start_date: '2026-11-21',
          end_date: '2026-12-02',
          effort_person_days: 36,
        },
        {
          phase: 'Development',
          duration_days: 36,
          start_date: '2026-12-03',
          end_date: '2027-01-07',
          effort_person_days: 108,
        },
        {
          phase: 'Deployment',
          duration_days: 12,
          start_date: '2027-01-08',
          end_date: '2027-01-19',
          effort_person_days: 36,
        },
      ],
    ]);
  });

  it('adds up for every length and complexity', () => {
    for (let days = 1; days <= 400; days++)
      for (const complexity of [0, 2.5, 5, 7.3, 10]) {
        const parts = phaseDays(days, complexity);
        expect(parts.reduce((sum, one) => sum + one, 0)).toBe(days);
        expect(parts.every((part) => Number.isInteger(part) && part >= (days >= 3 ? 1 : 0))).toBe(true);
      }
  });

  it('of what is not approved is to find out what is missing', async () => {
    const { words } = await wordsOf({ description: 'Should we?' });
    expect(words.implementation_plan).toMatchObject([
      {
        phase: 'Reconsideration',
        duration_days: 6,
        activities: ['Find out the estimated cost', 'Find out the expected revenue'],
      },
    ]);
    expect(words.rationale).toContain('nothing is approved without the estimated cost and expected revenue');
  });
});

it('the words follow from the numbers', async () => {
  const { words } = await wordsOf({ ...GIVEN, technical_complexity: 8, market_uncertainty: 9, budget: 30_000 });
  expect(words.rationale).toContain('the priority is high and the risk 0.58 of 1');
  expect(words.rationale).toContain('275 % of the cost');
  expect(words.rationale).toContain('10,000 over the budget of 30,000');
  expect(words.success_metrics).toContain('Revenue of at least 150,000');
  expect(words.risk_mitigation.slice(0, 2).map((line) => line.split(':')[0])).toEqual([
    'technical risk 0.8',
    'market risk 0.9',
  ]);
});

describe('words that a model wrote', () => {
  const phases = ['Planning', 'Development', 'Deployment'].map((phase) => ({ phase, activities: ['Do it well'] }));
  const written = (rationale: string) => ({ rationale, success_metrics: ['It works'], risk_mitigation: [], phases });

  it('are taken when they keep to the figures, however these are written', async () => {
    const { analysis, words } = await wordsOf(GIVEN);
    const text = 'Spending 40 thousand to earn 150,000 returns 275 %, with a risk of 27.5 %, by 2027-01-19.';
    expect(acceptedWords(written(text), words, { analysis, words })).toMatchObject({
      rationale: text,
      implementation_plan: [{ duration_days: 12, activities: ['Do it well'] }, {}, {}],
    });
  });

  it.each([
    ['a number', 'This will return 999 % of what is spent, for sure.', 'no fact holds the number "999"'],
    ['a date', 'All of it will be finished by 2030-01-01, for sure.', 'no fact holds the number "2030-01-01"'],
    ['a verdict', 'The decision should be DEFER_OR_REJECT, I would say.', 'no fact holds the decision DEFER_OR_REJECT'],
  ])('are refused when they make up %s', async (_, text, reason) => {
    const { analysis, words } = await wordsOf(GIVEN);
    const facts = { decision: analysis.assessment.decision, returns: analysis.assessment.returns, words };
    expect(() => acceptedWords(written(text), words, facts)).toThrow(reason);
  });

  it('are refused when they change the plan', async () => {
    const { analysis, words } = await wordsOf(GIVEN);
    const changed = { ...written('A text without any number in it at all.'), phases: phases.slice(0, 2) };
    expect(() => acceptedWords(changed, words, analysis)).toThrow('the plan lacks the phase Deployment');
  });
});
