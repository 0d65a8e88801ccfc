import fc from 'fast-check';
import { parseContext } from '../decision-context.js';
import { analyse, type Assessment } from './decision-engine.js';
import { VERDICTS } from './rules.js';

type Given = Record<string, number>;

const scale = fc.double({ min: 0, max: 10, noNaN: true });
const money = fc.oneof(fc.constant(0), fc.double({ min: 0.01, max: 1e15, noNaN: true }));
const given = fc.record({
  revenue_impact: fc.constantFrom(0, 2e6),
  customer_impact: fc.constantFrom(0, 20_000),
  estimated_cost: money,
  expected_revenue: money,
  estimated_days: fc.integer({ min: 1, max: 3_650 }),
  technical_complexity: scale,
  market_uncertainty: scale,
  resource_availability: scale,
  timeline_pressure: scale,
});

const assessed = async (context: Given, score?: number): Promise<Assessment> =>
  (
    await analyse({
      context: parseContext(score === undefined ? context : { ...context, partnerships: ['p'] }),
      given: context,
      seed: 3,
      partners: [{ id: 'p', name: 'P', enabled: true, priority: 'high', score: score ?? 100, health: 'good' }],
    })
  ).assessment;

/** 0 is the best verdict. */
const badness = ({ decision }: Assessment): number => VERDICTS.indexOf(decision);
const RUNS = { numRuns: 60 };

describe('for any context', () => {
  it('more cost never improves the verdict, more revenue never worsens it', () =>
    fc.assert(
      fc.asyncProperty(given, money, async (context, other) => {
        const at = async (key: string, value: number) => badness(await assessed({ ...context, [key]: value }));
        const [low, high] = [Math.min(context.estimated_cost, other), Math.max(context.estimated_cost, other)];
        expect(await at('estimated_cost', high)).toBeGreaterThanOrEqual(await at('estimated_cost', low));
        const [less, more] = [Math.min(context.expected_revenue, other), Math.max(context.expected_revenue, other)];
        expect(await at('expected_revenue', more)).toBeLessThanOrEqual(await at('expected_revenue', less));
      }),
      RUNS,
    ));

  it('more of any risk never improves the verdict', () =>
    fc.assert(
      fc.asyncProperty(given, scale, async (context, other) => {
        for (const key of ['technical_complexity', 'market_uncertainty', 'timeline_pressure'] as const) {
          const values = [context[key], other].sort((a, b) => a - b);
          const [calm, risky] = await Promise.all(values.map((value) => assessed({ ...context, [key]: value })));
          expect(badness(risky!)).toBeGreaterThanOrEqual(badness(calm!));
        }
        const [scarce, plenty] = [context.resource_availability, other].sort((a, b) => a - b);
        expect(badness(await assessed({ ...context, resource_availability: scarce! }))).toBeGreaterThanOrEqual(
          badness(await assessed({ ...context, resource_availability: plenty! })),
        );
      }),
      RUNS,
    ));

  it('a weaker partner never improves the verdict and never lowers the risk', () =>
    fc.assert(
      fc.asyncProperty(
        given,
        fc.double({ min: 0, max: 100, noNaN: true }),
        fc.double({ min: 0, max: 100, noNaN: true }),
        async (context, a, b) => {
          const [weak, strong] = [await assessed(context, Math.min(a, b)), await assessed(context, Math.max(a, b))];
          expect(weak.risk.overall).toBeGreaterThanOrEqual(strong.risk.overall);
          expect(badness(weak)).toBeGreaterThanOrEqual(badness(strong));
        },
      ),
      RUNS,
    ));

  it('the same seed gives the same answer, percentiles are in order, shares within 0 and 1, figures finite', () =>
    fc.assert(
      fc.asyncProperty(given, async (context) => {
        const assessment = await assessed(context);
        expect(await assessed(context)).toEqual(assessment);
        const { simulation, risk } = assessment;
        for (const figures of [simulation?.roi_percent, simulation?.payback_months]) {
          if (!figures) continue;
          expect(figures.p10).toBeLessThanOrEqual(figures.p50);
          expect(figures.p50).toBeLessThanOrEqual(figures.p90);
        }
        for (const share of [simulation?.probability_roi_positive ?? 0, ...(Object.values(risk) as number[])]) {
          expect(share).toBeGreaterThanOrEqual(0);
          expect(share).toBeLessThanOrEqual(1);
        }
        expect(JSON.stringify(assessment)).not.toMatch(/NaN|Infinity/);
      }),
      RUNS,
    ));
});
