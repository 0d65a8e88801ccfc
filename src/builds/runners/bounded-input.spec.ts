import { stageContext } from '../../../test/support/stage-context.js';
import { boundedInput, INPUT_LIMIT_CHARACTERS } from './bounded-input.js';

describe('boundedInput', () => {
  it('leaves an input alone that fits', () => {
    const input = { requirement: 'x'.repeat(5_000) };
    expect(boundedInput(stageContext('r'), 'plan', input)).toBe(input);
  });

  it('cuts the longest texts first, no more than needed, and says so', () => {
    const context = stageContext('r');
    const input = { texts: Array.from({ length: 60 }, () => 'x'.repeat(3_000)), name: 'kept' };
    const cut = boundedInput(context, 'plan', input) as typeof input;
    expect(cut.texts[0]).toBe(`${'x'.repeat(1_000)}…`);
    expect(cut.name).toBe('kept');
    expect(JSON.stringify(cut).length).toBeLessThanOrEqual(INPUT_LIMIT_CHARACTERS);
    expect(context.logs).toEqual([
      { level: 'warning', message: 'The input for plan is large: texts in it were cut to 1000 characters' },
    ]);
  });

  it('refuses what stays too large', () => {
    const input = Array.from({ length: 10_000 }, (_, index) => `number ${index}`);
    expect(() => boundedInput(stageContext('r'), 'plan', input)).toThrow('too large for a language model');
  });
});
