import { contributionOf, UnusableFactError } from './contribution.js';
import type { BuildFact, InvocationFact } from './fact.js';
import { bucketAttribute } from './latency-histogram.js';

const invocation: InvocationFact = {
  kind: 'invocation',
  org_id: 'acme',
  agent_id: 'proj_1:reader',
  occurred_at: '2026-11-20T23:59:59.999Z',
  success: true,
  fault: false,
  duration_ms: 812,
  input_tokens: 40,
  output_tokens: 7,
};
const build: BuildFact = {
  kind: 'build',
  org_id: 'acme',
  occurred_at: '2026-11-21T00:00:00.000Z',
  outcome: 'failed',
  duration_seconds: 90.5,
  stage: 'agent_design',
};

describe('what a fact adds to the counters', () => {
  it('is a row per day and in total, of the organization and of the agent, and two buckets of the agent, for an invocation', () => {
    const amounts = {
      total: 1,
      successful: 1,
      failed: 0,
      duration_us: 812_000,
      input_tokens: 40,
      output_tokens: 7,
      [bucketAttribute(812)]: 1,
    };
    expect(contributionOf(invocation)).toEqual([
      { subject: 'ORG#acme#INVOCATIONS', period: 'DAY#2026-11-20', amounts, longest_us: 812_000 },
      { subject: 'ORG#acme#INVOCATIONS', period: 'TOTAL', amounts, longest_us: 812_000 },
      { subject: 'ORG#acme#AGENT#proj_1:reader#INVOCATIONS', period: 'DAY#2026-11-20', amounts, longest_us: 812_000 },
      {
        subject: 'ORG#acme#AGENT#proj_1:reader#INVOCATIONS',
        period: 'TOTAL',
        amounts,
        longest_us: 812_000,
        last_invoked_at: invocation.occurred_at,
      },
      ...['SLICE#2026-11-20T23:55', 'HOUR#2026-11-20T23'].map((period) => ({
        subject: 'ORG#acme#AGENT#proj_1:reader#INVOCATIONS',
        period,
        amounts: { total: 1, successful: 1, faults: 0, duration_us: 812_000, [bucketAttribute(812)]: 1 },
      })),
    ]);
  });

  it('is a row of the version too, for an invocation of a rollout', () => {
    const rollout = { rollout_id: 'roll_1', version: 'v1.0.1' };
    const subject = 'ORG#acme#AGENT#proj_1:reader#ROLLOUT#roll_1';
    const counted = {
      total: 1,
      successful: 0,
      failed: 1,
      faults: 1,
      duration_us: 812_000,
      input_tokens: 40,
      output_tokens: 7,
    };
    const failed = { ...invocation, success: false, fault: true };
    const row = (cost: object) => [
      {
        subject,
        period: 'VERSION#v1.0.1',
        amounts: { ...counted, ...cost, [bucketAttribute(812)]: 1 },
        longest_us: 812_000,
      },
    ];
    const priced = contributionOf({ ...failed, rollout: { ...rollout, cost_usd: 0.1 + 0.2 } });
    expect(priced.slice(6)).toEqual(row({ cost_nanos: 300_000_000 }));
    expect(contributionOf({ ...failed, rollout }).slice(6)).toEqual(row({ unpriced: 1 }));
  });

  it.each([true, false])('adds a failure to the buckets without a response time (its fault: %s)', (fault) => {
    const buckets = contributionOf({ ...invocation, success: false, fault }).slice(-2);
    expect(buckets.map(({ amounts }) => amounts)).toEqual(
      Array.from({ length: 2 }, () => ({ total: 1, successful: 0, faults: fault ? 1 : 0 })),
    );
  });

  it('counts a build on the day it ended and in the stage it ended in', () => {
    const amounts = {
      total: 1,
      successful: 0,
      failed: 1,
      duration_ms: 90_500,
      successful_duration_ms: 0,
      stage_agent_design: 1,
    };
    expect(contributionOf(build)).toEqual([
      { subject: 'ORG#acme#BUILDS', period: 'DAY#2026-11-21', amounts },
      { subject: 'ORG#acme#BUILDS', period: 'TOTAL', amounts },
    ]);
  });

  it.each([
    ['a duration that is not finite', { ...invocation, duration_ms: Number.NaN }],
    ['a negative number of tokens', { ...invocation, output_tokens: -1 }],
    ['a timestamp that is none', { ...invocation, occurred_at: 'yesterday' }],
    ['a timestamp without its zone', { ...invocation, occurred_at: '2026-11-20T10:00:00' }],
    ['a missing agent', { ...invocation, agent_id: '' }],
    ['a missing organization', { ...build, org_id: '' }],
    ['a stage that is no name', { ...build, stage: 'agent design!' }],
    ['an unknown kind', { ...build, kind: 'deployment' } as unknown as BuildFact],
  ])('is refused for %s', (_, fact) => {
    expect(() => contributionOf(fact)).toThrow(UnusableFactError);
  });
});
