import { type Counters, countersOf, type Outcome, type Predictions, trackRecord } from './decision.js';

const predicted = (probability: number | null, cost = 100, revenue = 200, days = 10): Predictions => ({
  probability_of_success: probability,
  cost,
  revenue,
  days,
});
const outcome = (success: boolean, actual: Partial<Outcome> = {}): Outcome => ({
  success,
  actual_cost: null,
  actual_revenue: null,
  actual_days: null,
  recorded_at: '2026-11-21T10:00:00.000Z',
  recorded_by: 'ada',
  ...actual,
});

function counted(all: [Predictions, Outcome][]): Counters {
  const sums: Counters = {};
  for (const [prediction, result] of all)
    for (const [name, value] of Object.entries(countersOf(prediction, result))) sums[name] = (sums[name] ?? 0) + value;
  return sums;
}

describe('the track record', () => {
  it('is null before the first outcome', () => {
    expect(trackRecord({})).toMatchObject({
      outcomes: 0,
      brier_score: null,
      bias: { cost: { mean_error_percent: null, outcomes: 0 } },
      reason: 'no outcome has been recorded yet',
    });
  });

  it('has the Brier score computed by hand', () => {
    const record = trackRecord(
      counted([
        [predicted(0.9), outcome(true)],
        [predicted(0.8), outcome(false)],
        [predicted(0.3), outcome(false)],
        [predicted(null), outcome(true)],
      ]),
    );
    // (0.01 + 0.64 + 0.09) / 3; one of three succeeded: 1/3 × 2/3.
    expect(record).toMatchObject({ outcomes: 4, successes: 2, scored: 3, brier_score: 0.246667 });
    expect(record.brier_score_of_base_rate).toBeCloseTo(2 / 9, 6);
    expect(record.reliability).toEqual([
      { from: 0.3, to: 0.4, outcomes: 1, predicted: 0.3, observed: 0 },
      { from: 0.8, to: 0.9, outcomes: 1, predicted: 0.8, observed: 0 },
      { from: 0.9, to: 1, outcomes: 1, predicted: 0.9, observed: 1 },
    ]);
  });

  it('scores perfect predictions 0 and constant predictions of one half 0.25', () => {
    const right = trackRecord(
      counted([true, false, true].map((success) => [predicted(Number(success)), outcome(success)])),
    );
    expect(right.brier_score).toBe(0);
    const half = trackRecord(counted([true, false, true].map((success) => [predicted(0.5), outcome(success)])));
    expect(half.brier_score).toBe(0.25);
  });

  it('finds the bias of synthetic outcomes: cost +20 %, revenue -10 %, time +50 %', () => {
    const all = Array.from({ length: 50 }, (_, index): [Predictions, Outcome] => {
      const size = index + 1;
      const actual = { actual_cost: 120 * size, actual_revenue: 180 * size, actual_days: 15 * size };
      return [predicted(0.7, 100 * size, 200 * size, 10 * size), outcome(index % 10 < 7, actual)];
    });
    expect(trackRecord(counted(all))).toMatchObject({
      outcomes: 50,
      successes: 35,
      // 0.7 × 0.3² + 0.3 × 0.7²: as good as the base rate allows, and it is the base rate.
      brier_score: 0.21,
      brier_score_of_base_rate: 0.21,
      bias: {
        cost: { mean_error_percent: 20, outcomes: 50 },
        revenue: { mean_error_percent: -10, outcomes: 50 },
        time: { mean_error_percent: 50, outcomes: 50 },
      },
    });
  });

  it('skips predictions of 0 and caps outliers at ten times the estimate', () => {
    const { bias } = trackRecord(
      counted([
        [predicted(0.5, 0), outcome(true, { actual_cost: 10 })],
        [predicted(0.5, 100), outcome(true, { actual_cost: 1e9 })],
      ]),
    );
    expect(bias.cost).toEqual({ mean_error_percent: 900, outcomes: 1 });
  });
});
