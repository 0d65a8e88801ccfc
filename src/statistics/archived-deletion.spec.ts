import { Clock } from '../shared/clock.js';
import type { BuildFact, InvocationFact } from './fact.js';
import { deletionBatches, deletionChanges } from './archived-deletion.js';

/** Later than every bucket of the sliding windows of most facts here, but not of those of the 20th. */
class FixedClock extends Clock {
  override now(): Date {
    return new Date('2026-11-28T09:59:59.000Z');
  }
}

const subjects = (...facts: Parameters<typeof deletionChanges>[0]) =>
  deletionChanges(facts, new FixedClock().now()).map(({ subject, period }) => `${subject} ${period}`);

function invocation(agent: number, day: number, counted = true): InvocationFact & { counted: boolean } {
  return {
    kind: 'invocation',
    org_id: 'acme',
    agent_id: `agent-${agent}`,
    occurred_at: `2026-11-${String(day).padStart(2, '0')}T10:00:00.000Z`,
    success: true,
    fault: false,
    duration_ms: 100,
    input_tokens: 1,
    output_tokens: 1,
    counted,
  };
}

const build: BuildFact = {
  kind: 'build',
  org_id: 'acme',
  occurred_at: '2026-11-20T10:00:00.000Z',
  outcome: 'successful',
  duration_seconds: 60,
  stage: 'agent_deployer',
};

describe('archive of deleted records', () => {
  it('adds facts that share agent and hour to the same rows, those of buckets only while these live', () => {
    expect(subjects(invocation(1, 20), invocation(1, 20))).toEqual([
      'ARCHIVE#ORG#acme#INVOCATIONS DAY#2026-11-20',
      'ARCHIVE#ORG#acme#INVOCATIONS TOTAL',
      'ARCHIVE#ORG#acme#AGENT#agent-1#INVOCATIONS DAY#2026-11-20',
      'ARCHIVE#ORG#acme#AGENT#agent-1#INVOCATIONS TOTAL',
      'ARCHIVE#ORG#acme#AGENT#agent-1#INVOCATIONS HOUR#2026-11-20T10',
    ]);
  });

  it('keeps that a deleted build was started', () => {
    expect(subjects(build)).toEqual([
      'ARCHIVE#ORG#acme#BUILDS DAY#2026-11-20',
      'ARCHIVE#ORG#acme#BUILDS TOTAL',
      'ARCHIVE#ORG#acme#GAUGES SHARD#0',
    ]);
  });

  it('counts a fact that was still waiting in the same step', () => {
    const items = subjects(invocation(1, 20, false));
    expect(items).toHaveLength(10);
    expect(items.slice(5)).toContain('ORG#acme#INVOCATIONS TOTAL');
  });

  it('leaves nothing of a fact that could never be counted', () => {
    expect(subjects({ ...build, stage: '' })).toEqual([]);
  });

  it('groups records so that deletes, archive and reserved items stay within 100 a transaction', () => {
    const records = Array.from({ length: 200 }, (_, index) =>
      invocation(index % 30, 1 + (index % 28), index % 2 === 0),
    );
    const batches = deletionBatches(records, new FixedClock().now(), 3);
    for (const { records: group, items } of batches) expect(group.length + items.length + 3).toBeLessThanOrEqual(100);
    expect(batches.flatMap(({ records: group }) => group)).toEqual(records);
  });
});
