import { ValidationError } from '../../shared/domain-error.js';
import { parseContext } from './decision-context.js';

function faultsOf(context: unknown): Record<string, string[]> {
  try {
    parseContext(context);
  } catch (error) {
    if (error instanceof ValidationError) return error.details['fields'] as Record<string, string[]>;
    throw error;
  }
  return {};
}
const nested = (levels: number): unknown => (levels === 0 ? 1 : { inner: nested(levels - 1) });

describe('a context', () => {
  it.each([
    ['none', undefined, 'context', 'must be an object'],
    ['a list', [1], 'context', 'must be an object'],
    ['empty', {}, 'context', 'must not be empty: state at least what to decide'],
    ['a cost below zero', { estimated_cost: -1 }, 'context.estimated_cost', 'must be between 0 and 1000000000000000'],
    ['NaN', { estimated_cost: NaN }, 'context.estimated_cost', 'must be a finite number'],
    ['1e308', { estimated_cost: 1e308 }, 'context.estimated_cost', 'must be between 0 and 1000000000000000'],
    ['a text for a number', { expected_revenue: '5' }, 'context.expected_revenue', 'must be a number'],
    ['a sliver of a cent', { estimated_cost: 1e-9 }, 'context.estimated_cost', 'must be 0 or at least 0.01'],
    ['a scale past its end', { timeline_pressure: 10.5 }, 'context.timeline_pressure', 'must be between 0 and 10'],
    ['half a person', { team_members: 1.5 }, 'context.team_members', 'must be a whole number'],
    ['a flag that is none', { affects_brand: 'yes' }, 'context.affects_brand', 'must be true or false'],
    ['a number for a text', { business_goal: 5 }, 'context.business_goal', 'must be a string'],
    [
      'partners that are no list',
      { partnerships: 'x' },
      'context.partnerships',
      'must be a list of ids of partnerships',
    ],
    [
      'partners without an id',
      { partnerships: [''] },
      'context.partnerships[0]',
      'must be a string of 1 to 100 characters',
    ],
    ['alternatives that are no list', { alternatives: {} }, 'context.alternatives', 'must be a list of contexts'],
    [
      'two hundred alternatives',
      { alternatives: Array.from({ length: 200 }, () => ({ a: 1 })) },
      'context.alternatives',
      'must be at most 20, not 200',
    ],
    ['an empty alternative', { alternatives: [{}] }, 'context.alternatives[0]', 'must be a context, not empty'],
    [
      'a fault within an alternative',
      { alternatives: [{ estimated_cost: 'x' }] },
      'context.alternatives[0].estimated_cost',
      'must be a number',
    ],
    [
      'alternatives of an alternative',
      { alternatives: [{ alternatives: [{ a: 1 }] }] },
      'context.alternatives[0].alternatives',
      'is not allowed: an alternative cannot have alternatives',
    ],
    ['too deep', { a: nested(10) }, `context.a${'.inner'.repeat(9)}`, 'must not be nested more than 10 levels deep'],
    ['more than 64 KB', { notes: 'é'.repeat(33_000) }, 'context', 'must be at most 65536 bytes of JSON, not 66012'],
    [
      'a key that reaches for a prototype',
      JSON.parse('{"__proto__":{"a":1}}'),
      'context.__proto__',
      'is not allowed as a key',
    ],
  ])('%s is refused', (_, context, field, reason) => {
    expect(faultsOf(context)).toEqual({ [field]: [reason] });
  });

  it('reports all faults at once', () => {
    expect(Object.keys(faultsOf({ estimated_cost: -1, team_members: 0, affects_x: 1 }))).toEqual([
      'context.estimated_cost',
      'context.team_members',
      'context.affects_x',
    ]);
  });

  it('ignores unknown keys and treats null as absent', () => {
    const { missing, name } = parseContext({ estimated_cost: null, weather: 'fine', business_goal: ' Grow ' });
    expect([missing, name]).toEqual([['estimated_cost', 'expected_revenue'], 'Grow']);
  });
});
