import type { Write } from '../platform/database/unit-of-work.js';
import type { UncountedFact } from './fact.js';
import { Quarantine } from './statistics-aggregator.js';

const at = (seconds: number): Date => new Date(Date.parse('2026-11-20T10:00:00.000Z') + seconds * 1000);

function fact(id: string): UncountedFact {
  return {
    fact: {
      kind: 'build',
      org_id: 'acme',
      occurred_at: '2026-11-20T10:00:00.000Z',
      outcome: 'failed',
      duration_seconds: 1,
      stage: 'x',
    },
    record: id,
    mark: {} as Write,
  };
}

describe('quarantine', () => {
  it('holds a fact for 5 seconds at first and twice as long each time it comes back', () => {
    const quarantine = new Quarantine();
    quarantine.admit(fact('a'), at(0));
    expect(quarantine.holds(fact('a'), at(4.9))).toBe(true);
    expect(quarantine.holds(fact('a'), at(5))).toBe(false);
    quarantine.admit(fact('a'), at(5));
    expect(quarantine.holds(fact('a'), at(14.9))).toBe(true);
    expect(quarantine.holds(fact('a'), at(15))).toBe(false);
    expect(quarantine.holds(fact('b'), at(0))).toBe(false);
  });

  it('says only the first time that a fact is new', () => {
    const quarantine = new Quarantine();
    expect(quarantine.admit(fact('a'), at(0))).toBe(true);
    expect(quarantine.admit(fact('a'), at(60))).toBe(false);
  });

  it('forgets facts that nobody brings back within a minute after their stay', () => {
    const quarantine = new Quarantine();
    quarantine.admit(fact('a'), at(0));
    quarantine.admit(fact('b'), at(20));
    quarantine.release(at(65));
    expect(quarantine.size).toBe(2);
    quarantine.release(at(66));
    expect(quarantine.size).toBe(1);
    expect(quarantine.admit(fact('b'), at(67))).toBe(false);
  });

  it('never holds more than 1,000 facts', () => {
    const quarantine = new Quarantine();
    for (let index = 0; index < 1_100; index++) quarantine.admit(fact(String(index)), at(0));
    expect(quarantine.size).toBe(1_000);
    expect(quarantine.holds(fact('1099'), at(1))).toBe(true);
  });
});
