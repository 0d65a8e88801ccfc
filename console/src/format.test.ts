import { describe, expect, it } from 'vitest';
import { agentNameOf, ago, count, duration, money, pathOfId, percent, inOrder } from './format';

describe('figures', () => {
  it('say durations in the two largest units', () => {
    expect([0.4, 840, 3_240, 41_000, 250_000, 120_000, 7_500_000, null].map(duration)).toEqual([
      '0 ms',
      '840 ms',
      '3.2 s',
      '41 s',
      '4 min 10 s',
      '2 min',
      '2 h 5 min',
      '–',
    ]);
  });

  it('keep the digits of small amounts and round large counts', () => {
    expect([0, 0.000_034_56, 0.0123, 12.3, null].map(money)).toEqual(['$0', '$0.000035', '$0.01', '$12.30', '–']);
    expect([0, 12_345, 1_234_567, undefined].map(count)).toEqual(['0', '12,345', '1.2M', '–']);
    expect([100, 66.666, null].map(percent)).toEqual(['100 %', '66.7 %', '–']);
  });

  it('say how long ago, and the date after a month', () => {
    const now = Date.parse('2026-11-22T12:00:00Z');
    expect(ago('2026-11-22T11:59:30Z', now)).toBe('just now');
    expect(ago('2026-11-22T11:15:00Z', now)).toBe('45 min. ago');
    expect(ago('2026-11-22T14:00:00Z', now)).toBe('in 2 hr.');
    expect(ago('2026-09-01T00:00:00Z', now)).toBe('2026-09-01');
  });
});

describe('ids', () => {
  it('lead to the page of their record', () => {
    expect(pathOfId(' inv_01M80CCM9Q1ECYSPNTGV28563T ')).toBe('/runs/inv_01M80CCM9Q1ECYSPNTGV28563T');
    expect(pathOfId('proj_01M80CBER3JMKAAESANMTT6AVS')).toBe('/builds/proj_01M80CBER3JMKAAESANMTT6AVS');
    expect(pathOfId('proj_01M80CBER3JMKAAESANMTT6AVS:shop')).toBe('/agents/proj_01M80CBER3JMKAAESANMTT6AVS%3Ashop');
    expect(agentNameOf('proj_01M80CBER3JMKAAESANMTT6AVS:shop')).toBe('shop');
  });

  it('are not guessed from words', () => {
    expect(['invoice agent', 'inv_', 'xyz_01M80CCM9Q1ECYSPNTGV28563T', 'inv_../../x'].map(pathOfId)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

it('puts the keys of objects in order at every depth, and leaves lists as they are', () => {
  const ordered = inOrder({ b: [{ d: 1, c: 2 }, 'x'], a: null });
  expect(JSON.stringify(ordered)).toBe('{"a":null,"b":[{"c":2,"d":1},"x"]}');
});
