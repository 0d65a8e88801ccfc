import fc from 'fast-check';
import { ulid } from 'ulid';
import { type Rollout, rolloutAfter, runsCandidate, standingOf, stopped } from './agent.js';

const STARTED_AT = '2026-11-20T10:00:00.000Z';
const ROLLOUT: Rollout = {
  ...{ rollout_id: 'roll_1', status: 'running', version: 'v1.0.2', version_number: 3, base_version: 'v1.0.1' },
  ...{ percent: 10, started_by: 'usr_1', started_at: STARTED_AT, updated_at: STARTED_AT, ended_at: null },
};
const session = fc.string({ minLength: 1 }).map((text) => `sess_${text}`);

describe('the version of a session', () => {
  it('never goes back to the current one when the percentage is raised', () => {
    fc.assert(
      fc.property(session, fc.integer({ min: 1, max: 99 }), fc.integer({ min: 1, max: 99 }), (id, one, other) => {
        const [lower, higher] = [Math.min(one, other), Math.max(one, other)];
        if (!runsCandidate({ ...ROLLOUT, percent: lower }, id)) return;
        expect(runsCandidate({ ...ROLLOUT, percent: higher }, id)).toBe(true);
      }),
    );
  });

  it('is decided by the ids alone, and drawn again for another rollout', () => {
    expect(standingOf('roll_1', 'sess_1')).toBeCloseTo(73.7334, 4);
    expect(standingOf('roll_2', 'sess_1')).toBeCloseTo(5.8918, 4);
  });

  it.each([1, 10, 50, 99])('is the candidate for %d per cent of the sessions', (percent) => {
    const sessions = Array.from({ length: 20_000 }, (_, index) => `sess_${index}`);
    const share = sessions.filter((id) => runsCandidate({ ...ROLLOUT, percent }, id)).length / 200;
    expect(Math.abs(share - percent)).toBeLessThan(1);
  });

  it('is the current one for a session that began before the rollout', () => {
    const began = Date.parse(STARTED_AT);
    const candidates = (at: number) =>
      Array.from({ length: 100 }, () => `sess_${ulid(at)}`).filter((id) =>
        runsCandidate({ ...ROLLOUT, percent: 99 }, id),
      ).length;
    expect(candidates(began - 1)).toBe(0);
    expect(candidates(began)).toBeGreaterThan(80);
  });
});

describe('a rollout', () => {
  const at = '2026-11-20T11:00:00.000Z';
  const agent = { rollout: ROLLOUT, version_number: 2 };

  it('goes on while the current version stays, and ends when it changes', () => {
    expect(rolloutAfter(agent, 2, at)).toEqual({ rollout: ROLLOUT });
    expect(rolloutAfter(agent, 3, at).rollout).toMatchObject({ status: 'promoted', updated_at: at, ended_at: at });
    expect(rolloutAfter(agent, 4, at).rollout).toMatchObject({ status: 'superseded', ended_at: at });
    expect(rolloutAfter(undefined, 1, at)).toEqual({});
  });

  it('ends once', () => {
    const over = stopped(agent, at);
    expect(over.rollout).toMatchObject({ status: 'stopped', ended_at: at });
    expect(stopped(over, 'later')).toEqual({});
    expect(rolloutAfter({ ...over, version_number: 2 }, 3, 'later')).toEqual(over);
  });
});
