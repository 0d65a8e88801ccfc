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

/** The answer and the stored summary, as one hash. */
async function hashOf(context: Given, seed: number): Promise<string> {
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
  return createHash('sha256')
    .update(JSON.stringify([decision, stored[1]]))
    .digest('hex')
    .slice(0, 16);
}

/** Recorded with version 1.0.0. A changed hash is a changed answer: a stored decision can no longer be reproduced. */
const RECORDED: string[] = [
  ...['2bde60722d13074f', '388a702221504ea4', 'a5c61db397821903', 'e6522260fdbb20e6', '589861419c0be402'],
  ...['aba61dfa611ce25b', '6f6e9bcfde8272e6', '7b85febcfde9da1a', 'bc02521a636b4769', 'b4fec24cd24ee749'],
  ...['415bf32b0c20ed24', '42c8a682d0719b66', '788bd886c50a4aa7', 'b2248d6f409ae8af', '347a477deeed3650'],
  ...['71539e1d968305f0', '5cb89e34569a7735', '1916fa82146eacac', '1659bd04fb7ac679', '65a6d1cef1241c26'],
  ...['33757831629accf2', 'fac73c695a61395d', '68f7fcbc22492d5b', '4b7a3aa48128fd51'],
];

it('answers 24 recorded decisions with the same bytes as version 1.0.0', async () => {
  const contexts = [...CONTEXTS, ...drawnContexts(12)];
  const hashes = await Promise.all(contexts.map((context, index) => hashOf(context, index * 7)));
  expect(hashes).toEqual(RECORDED);
});
