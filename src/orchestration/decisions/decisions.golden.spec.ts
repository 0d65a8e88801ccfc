import { createHash } from 'node:crypto';
import type { AuditLog } from '../../identity/audit/audit-log.js';
import type { BudgetsService } from '../../budgets/budgets.service.js';
import type { ModelsService } from '../../models/models.service.js';
import { Clock } from '../../shared/clock.js';
import { Ids } from '../../shared/ids.js';
import type { PartnerHealthView, PartnershipsService } from '../partnerships/partnerships.service.js';
import { DecisionWriter } from './decision-writer.service.js';
import type { DecisionsRepository } from './decisions.repository.js';
import { DecisionsService } from './decisions.service.js';

type Given = Record<string, unknown>;

const NOW = new Date('2026-11-21T10:00:00.000Z');
const PARTNERS: PartnerHealthView[] = [
  { id: 'grok_brand', name: 'Brand', enabled: true, priority: 'medium', score: 41.3, health: 'poor' },
  { id: 'cursor_technical', name: 'Technical', enabled: true, priority: 'high', score: 93.8, health: 'excellent' },
  { id: 'claude_strategic', name: 'Strategy', enabled: false, priority: 'high', score: 88, health: 'good' },
  { id: 'perplexity_research', name: 'Research', enabled: true, priority: 'low', score: null, health: 'unknown' },
];
const OUTCOMES = {
  ...{ outcomes: 5, successes: 3, scored: 4, scored_successes: 3, probability_sum: 3.1, brier_sum: 0.62 },
  ...{ bin_9_count: 3, bin_9_probability_sum: 2.9, bin_9_successes: 3, bin_2_count: 1, bin_2_probability_sum: 0.2 },
  ...{ cost_count: 2, cost_error_sum: 0.4, revenue_count: 1, revenue_error_sum: -0.1 },
};

const CONTEXTS: Given[] = [
  { description: 'Should we?' },
  { name: 'Portugal', customer_impact: 20_000, estimated_cost: 40_000, expected_revenue: 150_000, estimated_days: 60 },
  { estimated_cost: 0, expected_revenue: 500, budget: 10 },
  { estimated_cost: 500, expected_revenue: 0, budget: 400 },
  { estimated_cost: 0, expected_revenue: 0 },
  { estimated_cost: 0.01, expected_revenue: 1e15, estimated_days: 3_650, team_members: 10_000 },
  { estimated_cost: 1e15, expected_revenue: 1e15, budget: 1e15, estimated_days: 1, complexity_score: 10 },
  { business_goal: 'Grow', revenue_impact: 2e6, estimated_cost: 100, expected_revenue: 400, affects_brand: true },
  {
    ...{ revenue_impact: 1_000_001, technical_complexity: 9, market_uncertainty: 9, resource_availability: 1 },
    ...{ timeline_pressure: 9, estimated_cost: 1_234.56, expected_revenue: 9_876.54, budget: 1_100, weather: ['fine'] },
  },
  { operational_impact: 101, estimated_cost: 100, expected_revenue: 151, affects_research: true, affects_moon: true },
  { estimated_cost: 100, partnerships: ['grok_brand', 'unheard_of'], affects_strategy: true, affects_technical: false },
  {
    ...{ name: 'build', estimated_cost: 100, expected_revenue: 120, alternatives: [] },
    alternatives: [
      { name: 'buy', estimated_cost: 100, expected_revenue: 400 },
      { description: 'wait' },
      { name: 'rent', customer_impact: 50_000, estimated_cost: 90, expected_revenue: 800, affects_brand: true },
      { estimated_cost: 0, expected_revenue: 70 },
    ],
  },
];

/** A Lehmer generator: the same contexts on every machine. */
function drawnContexts(count: number): Given[] {
  let state = 42;
  const draw = (low: number, high: number): number => {
    state = (state * 48_271) % 2_147_483_647;
    return Math.round((low + (state / 2_147_483_647) * (high - low)) * 100) / 100;
  };
  const isDrawn = (): boolean => draw(0, 1) > 0.4;
  const one = (): Given =>
    Object.fromEntries(
      [
        ['name', `option ${draw(0, 100)}`],
        ['revenue_impact', draw(0, 2e6)],
        ['customer_impact', draw(0, 30_000)],
        ['operational_impact', draw(0, 300)],
        ['estimated_cost', draw(1, 90_000)],
        ['expected_revenue', draw(1, 400_000)],
        ['budget', draw(1, 100_000)],
        ['estimated_days', Math.ceil(draw(1, 500))],
        ['team_members', Math.ceil(draw(1, 20))],
        ['complexity_score', draw(0, 10)],
        ['technical_complexity', draw(0, 10)],
        ['market_uncertainty', draw(0, 10)],
        ['resource_availability', draw(0, 10)],
        ['timeline_pressure', draw(0, 10)],
        ['affects_brand', draw(0, 1) > 0.5],
        ['affects_technical', draw(0, 1) > 0.5],
      ].filter(([key]) => key === 'name' || isDrawn()),
    ) as Given;
  return Array.from({ length: count }, (_, index) => ({
    ...one(),
    ...(index % 3 === 0 ? { alternatives: [one(), one()] } : {}),
  }));
}

class StoppedClock extends Clock {
  override now(): Date {
    return NOW;
  }
}

class OneId extends Ids {
  override next(): string {
    return 'dec_01KAG4ZQ4N5B1M6Z6K0TQX0N3R';
  }
}

/** Fields that hold text about the figures. Their words may improve from version to version. */
const WORDS = new Set(['rationale', 'activities', 'success_metrics', 'risk_mitigation', 'reason', 'note']);

const hash = (value: unknown, replacer?: (key: string, one: unknown) => unknown): string =>
  createHash('sha256').update(JSON.stringify(value, replacer)).digest('hex').slice(0, 16);

/** The answer and the stored summary: one hash of everything, and one of the figures alone. */
async function hashesOf(context: Given, seed: number): Promise<{ all: string; figures: string }> {
  const stored: unknown[] = [];
  const decisions = new DecisionsService(
    {
      healthOf: (_: string, ids: string[]) => PARTNERS.filter(({ id }) => ids.includes(id)),
    } as unknown as PartnershipsService,
    new DecisionWriter(
      { describe: () => ({ provider: 'offline', id: 'offline' }) } as unknown as ModelsService,
      {} as BudgetsService,
    ),
    {
      outcomeCounters: () => Promise.resolve(OUTCOMES),
      create: (...given: unknown[]) => Promise.resolve(stored.push(...given)),
    } as unknown as DecisionsRepository,
    { record: () => Promise.resolve() } as unknown as AuditLog,
    new StoppedClock(),
    new OneId(),
  );
  const decision = await decisions.decide({ org_id: 'acme', user_id: 'ada', context, seed });
  expect(stored[0]).toEqual(decision);
  const answer = [decision, stored[1]];
  return { all: hash(answer), figures: hash(answer, (key, one) => (WORDS.has(key) ? undefined : one)) };
}

/** Recorded with version 1.0.0. A changed hash is a changed figure: a stored decision can no longer be reproduced. */
const FIGURES: string[] = [
  ...['caf75961872eab32', '93154e28845fbbd3', '7b4ae057421d6e2a', '76e0e4d852125065', '8abe3c638f9444e8'],
  ...['99559afce96c3ea3', '1bd294a5aa8fc1eb', 'b92e338a9d166d33', '48efbbebde53cd0d', '255496afaf5f10a1'],
  ...['9a7063bbaaafb0a9', '16ea4ee3b567c9c2', '66f7b4551a3d0f06', 'bf6aa577d88a1e73', '0ef26daa8f2f1818'],
  ...['d94d2869f0931e03', '89f6278e121df1ea', 'f6d83be196b6da4b', 'f3f5ac2568a311c7', 'd04cc9bcf85fb7cc'],
  ...['f5db47596f21cb49', '6af6e599f56a2db6', '1762b5391a3c7a90', '19091e2f5ed88d98'],
];

it('answers 24 recorded decisions with the figures of version 1.0.0, to the byte, and always in the same words', async () => {
  const contexts = [...CONTEXTS, ...drawnContexts(12)];
  const hashes = await Promise.all(contexts.map((context, index) => hashesOf(context, index * 7)));
  expect(hashes.map(({ figures }) => figures)).toEqual(FIGURES);
  // Changes with every wording.
  expect(hash(hashes.map(({ all }) => all))).toBe('290130ba6e336813');
});
