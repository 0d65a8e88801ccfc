import { satisfies } from './acceptance.js';

const answer = { output: '17 * 23  =  391.\nFertig: Größe', tools_used: ['calculator'] };

describe('satisfies', () => {
  it.each([
    ['contains', '391', true],
    ['contains', '17 * 23 = 391', true],
    ['contains', 'größe', true],
    ['contains', '392', false],
    ['not_contains', '392', true],
    ['not_contains', '391', false],
    ['matches', '^17.*391', true],
    ['matches', '^391', false],
    ['matches', '(', false],
    ['uses_tool', 'calculator', true],
    ['uses_tool', 'date_time', false],
    ['non_empty', null, true],
  ] as const)('%s %s → %s', (kind, value, expected) => {
    expect(satisfies(answer, { kind, value })).toBe(expected);
  });

  it('treats white space as an empty answer', () => {
    expect(satisfies({ output: ' \n', tools_used: [] }, { kind: 'non_empty', value: null })).toBe(false);
  });

  it('stops a pattern that takes exponential time', () => {
    const started = performance.now();
    expect(satisfies({ output: `${'a'.repeat(60)}!`, tools_used: [] }, { kind: 'matches', value: '^(a+)+$' })).toBe(
      false,
    );
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
