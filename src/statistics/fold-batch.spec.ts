import fc from 'fast-check';
import type { InvocationFact, UncountedFact } from './fact.js';
import type { Write } from '../platform/database/unit-of-work.js';
import { changesOf, foldBatches } from './fact-folder.js';

function uncounted(agent: number, day: number, duration_ms = 100): UncountedFact {
  const fact: InvocationFact = {
    kind: 'invocation',
    org_id: 'acme',
    agent_id: `agent-${agent}`,
    occurred_at: `2026-11-${String(day).padStart(2, '0')}T10:00:00.000Z`,
    success: true,
    fault: false,
    duration_ms,
    input_tokens: 1,
    output_tokens: 1,
  };
  return { fact, record: `inv_${agent}_${day}`, mark: {} as Write };
}

describe('batches of facts', () => {
  it('with their rows and the check for a rebuild fit into a transaction of 100, and hold every fact once', () => {
    const facts = fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 30 })), {
      maxLength: 300,
    });
    fc.assert(
      fc.property(facts, (spec) => {
        const all = spec.map(([agent, day]) => uncounted(agent, day));
        const { batches } = foldBatches(all);
        for (const batch of batches) expect(batch.length + changesOf(batch).length + 1).toBeLessThanOrEqual(100);
        expect(batches.flat()).toEqual(all);
      }),
    );
  });

  it('count 93 facts of one agent and moment at once', () => {
    const { batches } = foldBatches(Array.from({ length: 100 }, () => uncounted(1, 20)));
    expect(batches.map((batch) => batch.length)).toEqual([93, 7]);
  });

  it('leave out what can never be counted', () => {
    const bad = uncounted(1, 20, Number.NaN);
    const good = uncounted(1, 20);
    expect(foldBatches([bad, good])).toEqual({ batches: [[good]], unusable: [bad] });
  });

  it('add each row once, with the latest use of the agent', () => {
    const changes = changesOf([uncounted(1, 20), uncounted(1, 18), uncounted(2, 20)]);
    expect(changes).toHaveLength(3 + 3 + 2 + 3 * 2);
    const total = changes.find(({ subject, period }) => subject.includes('agent-1') && period === 'TOTAL');
    expect(total).toMatchObject({
      amounts: { total: 2, duration_us: 200_000 },
      last_invoked_at: '2026-11-20T10:00:00.000Z',
    });
  });
});
