import type { PartnerHealthView } from '../../partnerships/partnerships.service.js';
import { parseContext } from '../decision-context.js';
import { type Analysis, analyse, type Assessment } from './decision-engine.js';
import type { Verdict } from './rules.js';

type Given = Record<string, unknown>;

async function analysed(given: Given, partners: PartnerHealthView[] = [], seed = 0): Promise<Analysis> {
  return analyse({ context: parseContext(given), given, seed, partners });
}
const assessed = async (given: Given, partners: PartnerHealthView[] = []): Promise<Assessment> =>
  (await analysed(given, partners)).assessment;

const partner = (id: string, score: number | null, enabled = true): PartnerHealthView => ({
  id,
  name: id.toUpperCase(),
  enabled,
  priority: 'high',
  score,
  health: score === null ? 'unknown' : score >= 75 ? 'good' : score >= 60 ? 'fair' : 'poor',
});

/** Worked out by hand from the contract's formulas: priority, risk, ROI %, monthly ROI %, payback in months, decision. */
type Golden = [string, Given, [string, number, number | null, number | null, number | null, Verdict]];
const GOLDEN: Golden[] = [
  ['nothing known', { description: 'should we?' }, ['low', 0.275, null, null, null, 'DEFER_OR_REJECT']],
  ['cost alone', { estimated_cost: 100 }, ['low', 0.275, null, null, null, 'DEFER_OR_REJECT']],
  [
    'the first vector of the original, with its defaults given',
    { estimated_cost: 10000, expected_revenue: 50000 },
    ['low', 0.275, 400, 400, 0.2, 'APPROVE_CONDITIONAL'],
  ],
  [
    'the second vector, availability turned round',
    {
      revenue_impact: 2_000_000,
      technical_complexity: 1,
      market_uncertainty: 1,
      resource_availability: 9,
      timeline_pressure: 1,
      estimated_cost: 100,
      expected_revenue: 400,
    },
    ['critical', 0.1, 300, 300, 0.25, 'APPROVE_IMMEDIATE'],
  ],
  [
    'the third vector',
    { customer_impact: 20000, estimated_cost: 100, expected_revenue: 250 },
    ['high', 0.275, 150, 150, 0.4, 'APPROVE_SCHEDULED'],
  ],
  [
    'the third vector, critical: no worse than high',
    { customer_impact: 20000, revenue_impact: 2_000_000, estimated_cost: 100, expected_revenue: 250 },
    ['critical', 0.275, 150, 150, 0.4, 'APPROVE_SCHEDULED'],
  ],
  [
    'revenue impact on the threshold',
    { revenue_impact: 1_000_000, estimated_cost: 100, expected_revenue: 400 },
    ['low', 0.275, 300, 300, 0.25, 'APPROVE_CONDITIONAL'],
  ],
  [
    'customer impact on the threshold',
    { customer_impact: 10000, estimated_cost: 100, expected_revenue: 400 },
    ['low', 0.275, 300, 300, 0.25, 'APPROVE_CONDITIONAL'],
  ],
  [
    'operational impact above the threshold',
    { operational_impact: 101, estimated_cost: 100, expected_revenue: 400 },
    ['medium', 0.275, 300, 300, 0.25, 'APPROVE_CONDITIONAL'],
  ],
  [
    'ROI exactly 200',
    {
      customer_impact: 10001,
      technical_complexity: 1,
      market_uncertainty: 1,
      resource_availability: 9,
      timeline_pressure: 1,
      estimated_cost: 100,
      expected_revenue: 300,
    },
    ['high', 0.1, 200, 200, 0.3333, 'APPROVE_SCHEDULED'],
  ],
  [
    'ROI exactly 100',
    { customer_impact: 10001, estimated_cost: 100, expected_revenue: 200 },
    ['high', 0.275, 100, 100, 0.5, 'APPROVE_CONDITIONAL'],
  ],
  ['ROI exactly 50', { estimated_cost: 100, expected_revenue: 150 }, ['low', 0.275, 50, 50, 0.6667, 'DEFER_OR_REJECT']],
  [
    'ROI just above 50',
    { estimated_cost: 100, expected_revenue: 150.01 },
    ['low', 0.275, 50.01, 50.01, 0.6666, 'APPROVE_CONDITIONAL'],
  ],
  [
    'risk exactly 0.3',
    {
      customer_impact: 10001,
      technical_complexity: 3,
      market_uncertainty: 3,
      resource_availability: 7,
      timeline_pressure: 3,
      estimated_cost: 100,
      expected_revenue: 900,
    },
    ['high', 0.3, 800, 800, 0.1111, 'APPROVE_SCHEDULED'],
  ],
  [
    'risk exactly 0.5',
    {
      customer_impact: 10001,
      technical_complexity: 5,
      market_uncertainty: 5,
      resource_availability: 5,
      timeline_pressure: 5,
      estimated_cost: 100,
      expected_revenue: 900,
    },
    ['high', 0.5, 800, 800, 0.1111, 'APPROVE_CONDITIONAL'],
  ],
  [
    'risk exactly 0.7',
    {
      technical_complexity: 7,
      market_uncertainty: 7,
      resource_availability: 3,
      timeline_pressure: 7,
      estimated_cost: 100,
      expected_revenue: 900,
    },
    ['low', 0.7, 800, 800, 0.1111, 'DEFER_OR_REJECT'],
  ],
  [
    'all risks at their worst',
    {
      technical_complexity: 10,
      market_uncertainty: 10,
      resource_availability: 0,
      timeline_pressure: 10,
      estimated_cost: 100,
      expected_revenue: 900,
    },
    ['low', 1, 800, 800, 0.1111, 'DEFER_OR_REJECT'],
  ],
  [
    'no risk at all',
    {
      revenue_impact: 1_000_001,
      technical_complexity: 0,
      market_uncertainty: 0,
      resource_availability: 10,
      timeline_pressure: 0,
      estimated_cost: 100,
      expected_revenue: 900,
    },
    ['critical', 0, 800, 800, 0.1111, 'APPROVE_IMMEDIATE'],
  ],
  ['a loss', { estimated_cost: 200, expected_revenue: 50 }, ['low', 0.275, -75, -75, 4, 'DEFER_OR_REJECT']],
  ['no revenue', { estimated_cost: 200, expected_revenue: 0 }, ['low', 0.275, -100, -100, null, 'DEFER_OR_REJECT']],
  ['no cost', { estimated_cost: 0, expected_revenue: 500 }, ['low', 0.275, null, null, 0, 'APPROVE_CONDITIONAL']],
  [
    'no cost, urgent and calm',
    {
      customer_impact: 50000,
      technical_complexity: 1,
      market_uncertainty: 1,
      resource_availability: 9,
      timeline_pressure: 1,
      estimated_cost: 0,
      expected_revenue: 500,
    },
    ['high', 0.1, null, null, 0, 'APPROVE_IMMEDIATE'],
  ],
  ['neither', { estimated_cost: 0, expected_revenue: 0 }, ['low', 0.275, 0, 0, 0, 'DEFER_OR_REJECT']],
  [
    'ninety days',
    { estimated_cost: 1000, expected_revenue: 4000, estimated_days: 90 },
    ['low', 0.275, 300, 100, 0.75, 'APPROVE_CONDITIONAL'],
  ],
  [
    'a week counts as a month',
    { estimated_cost: 1000, expected_revenue: 4000, estimated_days: 7 },
    ['low', 0.275, 300, 300, 0.25, 'APPROVE_CONDITIONAL'],
  ],
  ['the largest figures', { estimated_cost: 1e15, expected_revenue: 1e15 }, ['low', 0.275, 0, 0, 1, 'DEFER_OR_REJECT']],
];

describe('the engine', () => {
  it.each(GOLDEN)('%s', async (_, given, expected) => {
    const { priority, risk, returns, decision } = await assessed(given);
    const { roi_percent, monthly_roi_percent, payback_months } = returns;
    expect([priority, risk.overall, roi_percent, monthly_roi_percent, payback_months, decision]).toEqual(expected);
  });

  it('lists assumed and missing inputs', async () => {
    const { assumed_inputs, missing_inputs, returns } = await assessed({ estimated_cost: 100, team_members: 9 });
    expect(missing_inputs).toEqual(['expected_revenue']);
    expect(returns.reason).toBe('not known without expected_revenue');
    expect(assumed_inputs).toEqual({
      estimated_days: 30,
      complexity_score: 5,
      technical_complexity: 3,
      market_uncertainty: 2,
      resource_availability: 8,
      timeline_pressure: 4,
    });
  });

  it('has finite figures at the ends of the scale', async () => {
    const { returns, simulation } = await assessed({ estimated_cost: 0.01, expected_revenue: 1e15 });
    expect(returns.roi_percent).toBe(1e19);
    for (const figures of [simulation?.roi_percent, simulation?.payback_months])
      expect(Object.values(figures ?? {}).map(Number.isFinite)).toEqual([true, true, true]);
  });

  it('is certain without cost or revenue', async () => {
    expect((await assessed({ estimated_cost: 0, expected_revenue: 5 })).simulation).toEqual({
      draws: 0,
      probability_roi_positive: 1,
      roi_percent: null,
      payback_months: { p10: 0, p50: 0, p90: 0 },
      probability_within_budget: null,
      reason: 'nothing is spent',
    });
    expect((await assessed({ estimated_cost: 5, expected_revenue: 0, budget: 4 })).simulation).toMatchObject({
      probability_roi_positive: 0,
      roi_percent: { p10: -100, p50: -100, p90: -100 },
      probability_within_budget: 0,
    });
  });
});

describe('the uncertainty', () => {
  // All four risks 0.4: cost spreads by 0.25, revenue by 0.25, days by 0.25; the gain by sqrt(0.125).
  const even = {
    technical_complexity: 4,
    market_uncertainty: 4,
    resource_availability: 6,
    timeline_pressure: 4,
    estimated_cost: 100,
    expected_revenue: 150,
    budget: 100,
    estimated_days: 90,
  };

  it('matches the distribution it draws from', async () => {
    const { simulation } = await assessed(even);
    // P(ln 1.5 + 0.35355 z > 0) = Φ(1.1468) = 0.8743; ROI at z = ±1.28155: 150 e^(∓0.45309) − 100.
    expect(simulation?.probability_roi_positive).toBeCloseTo(0.8743, 1);
    expect(simulation?.roi_percent?.p10).toBeCloseTo(-4.66, -1);
    expect(simulation?.roi_percent?.p50).toBeCloseTo(50, -1);
    expect(simulation?.roi_percent?.p90).toBeCloseTo(135.99, -1);
    expect(simulation?.probability_within_budget).toBeCloseTo(0.5, 1);
    // 3 months / 1.5
    expect(simulation?.payback_months?.p50).toBeCloseTo(2, 0);
  });

  it('depends on context and seed, not on the order of keys', async () => {
    const turned = Object.fromEntries(Object.entries(even).reverse());
    const [first, again, other] = [await analysed(even), await analysed(turned), await analysed(even, [], 1)];
    expect(again).toEqual(first);
    expect(other.assessment.simulation?.roi_percent).not.toEqual(first.assessment.simulation?.roi_percent);
    expect(other.assessment.returns).toEqual(first.assessment.returns);
  });

  it('names the input with the largest effect', async () => {
    const market = await assessed({ ...even, market_uncertainty: 9, timeline_pressure: 9 });
    expect(market.sensitivity?.moves_roi_most).toBe('expected_revenue');
    const technical = await assessed({ ...even, technical_complexity: 9, market_uncertainty: 0 });
    expect(technical.sensitivity?.moves_roi_most).toBe('estimated_cost');
    const revenue = market.sensitivity?.inputs.find(({ input }) => input === 'expected_revenue');
    // Spread 0.05 + 0.5 × 0.9 = 0.5: P10 = 150 e^(−0.64078), P90 = 150 e^0.64078.
    expect([revenue?.low, revenue?.high]).toEqual([79.03, 284.69]);
    expect([revenue?.roi_percent_at_low, revenue?.roi_percent_at_high]).toEqual([-20.97, 184.69]);
  });
});

describe('a partner that the decision depends on', () => {
  const leaning = { estimated_cost: 100, expected_revenue: 900, customer_impact: 20_000, affects_brand: true };

  it.each([
    ['good', [partner('grok_brand', 75)], 0, 0.275, 'APPROVE_IMMEDIATE'],
    ['poor', [partner('grok_brand', 30)], 0.15, 0.38375, 'APPROVE_SCHEDULED'],
    ['with a score of 0', [partner('grok_brand', 0)], 0.25, 0.45625, 'APPROVE_SCHEDULED'],
    ['disabled', [partner('grok_brand', 90, false)], 0.25, 0.45625, 'APPROVE_SCHEDULED'],
    ['not measured', [partner('grok_brand', null)], 0, 0.275, 'APPROVE_IMMEDIATE'],
    ['unknown', [], 0, 0.275, 'APPROVE_IMMEDIATE'],
  ])('%s', async (_, partners, added, overall, decision) => {
    const assessment = await assessed(leaning, partners);
    expect(assessment.partnerships).toMatchObject([{ id: 'grok_brand', because: 'affects_brand', risk_added: added }]);
    expect([assessment.risk.overall, assessment.decision]).toEqual([overall, decision]);
  });

  it('counts the weakest of several, named or implied', async () => {
    const given = { ...leaning, partnerships: ['grok_brand', 'own'] };
    const { partnerships, risk } = await assessed(given, [partner('grok_brand', 60), partner('own', 15)]);
    expect(partnerships.map(({ id, because, risk_added }) => [id, because, risk_added])).toEqual([
      ['grok_brand', 'partnerships', 0.05],
      ['own', 'partnerships', 0.2],
    ]);
    expect(risk.partnership).toBe(0.2);
  });
});

describe('alternatives', () => {
  it('are ranked by verdict, then by their bad case', async () => {
    const { ranking } = await analysed({
      name: 'build',
      estimated_cost: 100,
      expected_revenue: 120,
      alternatives: [
        { name: 'buy', estimated_cost: 100, expected_revenue: 400 },
        { name: 'wait', description: 'nothing is known' },
        { name: 'rent', estimated_cost: 100, expected_revenue: 800 },
      ],
    });
    expect(ranking.map(({ rank, name, alternative }) => [rank, name, alternative])).toEqual([
      [1, 'rent', 2],
      [2, 'buy', 0],
      [3, 'build', null],
      [4, 'wait', 1],
    ]);
  });

  it('do not change the analysis of the context itself', async () => {
    const alone = { estimated_cost: 100, expected_revenue: 160 };
    const { assessment } = await analysed({ ...alone, alternatives: [{ estimated_cost: 1, expected_revenue: 9 }] });
    expect(assessment.returns).toEqual((await assessed(alone)).returns);
    expect(assessment.decision).toBe('APPROVE_CONDITIONAL');
  });
});
