import fc from 'fast-check';
import { slugOf } from './words.js';

describe('slugOf', () => {
  it.each([
    ['Customer Support Agent', '_', 'customer_support_agent'],
    ['Café Zürich', '-', 'cafe-zurich'],
    ['Помощник учителя', '_', 'pomoshchnik_uchitelya'],
    ['Βοηθός', '_', 'voithos'],
    ['a very long name that does not fit into thirty letters', '_', 'a_very_long_name_that_does_not'],
    ['x'.repeat(80), '_', 'x'.repeat(30)],
  ] as const)('turns "%s" with "%s" into %s', (text, separator, slug) => {
    expect(slugOf(text, separator)).toBe(slug);
  });

  it('uses the hash of text without an ASCII form', () => {
    expect(slugOf('智能助手', '_')).toMatch(/^agent_[0-9a-f]{8}$/);
    expect(slugOf('智能助手', '_')).toBe(slugOf('智能助手', '_'));
    expect(slugOf('智能助手', '_')).not.toBe(slugOf('智能', '_'));
  });

  it('always has 3 to 30 characters of a valid name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => /^[a-z0-9][a-z0-9_]{2,29}$/.test(slugOf(text, '_'))),
    );
  });
});
