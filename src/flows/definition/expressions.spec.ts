import fc from 'fast-check';
import { analysisOf, bareExpression, evaluated, ExpressionError, expressionsIn, rendered } from './expressions.js';

const context = {
  input: { n: 5, name: 'Ada', list: [1, 2, 3], nothing: null, nested: { a: [{ b: 1 }] } },
  steps: { order: { output: { total: 120.5, id: 'A-1' }, error: null, status: 'completed' } },
  now: '2026-03-29T00:30:00.000Z',
};

const problemOf = (expression: string): string => {
  try {
    return `gave ${JSON.stringify(evaluated(expression, context))}`;
  } catch (error) {
    return error instanceof ExpressionError ? error.message : `threw ${String(error)}`;
  }
};

describe('expressions', () => {
  it.each([
    ['steps.order.output.total > 100', true],
    ['input.n + 1', 6],
    ['1 + input.n * 2', 11],
    ['input.n % 2 == 1', true],
    ['input.list.map(x, x * 2)', [2, 4, 6]],
    ['size(input.list)', 3],
    ['input.name + "!"', 'Ada!'],
    ['{"id": steps.order.output.id, "n": input.n}', { id: 'A-1', n: 5 }],
    ['now + duration("60s")', '2026-03-29T00:31:00.000Z'],
    ['"at " + string(now)', 'at 2026-03-29T00:30:00.000Z'],
    ['has(input.missing) ? 1 : 2', 2],
    ['input.nested.a[0].b', 1],
  ])('evaluates %s', (expression, value) => {
    expect(evaluated(expression, context)).toEqual(value);
  });

  it('names the expression and the types that do not fit', () => {
    expect(problemOf('input.name > 1')).toBe('input.name > 1: no such overload: dyn<string> > int');
    expect(problemOf('input.missing')).toBe('input.missing: No such key: missing');
    expect(problemOf('1 / 0')).toBe('1 / 0: division by zero');
    expect(problemOf('duration("1s")')).toContain('the result is not a JSON value');
  });

  it('reaches nothing but its variables', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'process', 'globalThis'])
      expect(problemOf(`input.${name}`)).toBe(`input.${name}: No such key: ${name}`);
    expect(problemOf('process.env')).toContain('Unknown variable: process');
  });

  it('bounds its own length, depth and result', () => {
    expect(problemOf(`${'1 + '.repeat(2_000)}1`)).toContain('longer than 4000 characters');
    expect(problemOf(`${'('.repeat(100)}1${')'.repeat(100)}`)).toMatch(/depth|nest/i);
    const doubled = Array.from({ length: 25 }, (_, index) => `cel.bind(x${index + 1}, [x${index}, x${index}], `);
    expect(problemOf(`cel.bind(x0, [1], ${doubled.join('')}x25${')'.repeat(26)}`)).toMatch(/larger than|depth|nest/i);
  });

  it('tells which steps it reads and whether its work is bounded by its length', () => {
    const { steps, is_quick, is_dynamic } = analysisOf('steps.a.output == steps["b"].error || size(input.list) > 1');
    expect({ steps: [...steps], is_quick, is_dynamic }).toEqual({
      steps: ['a', 'b'],
      is_quick: true,
      is_dynamic: false,
    });
    expect(analysisOf('input.list.all(x, x > 1)').is_quick).toBe(false);
    expect(analysisOf('input.name.matches("(a+)+$")').is_quick).toBe(false);
    expect(analysisOf('steps[input.name]').is_dynamic).toBe(true);
  });

  it('fills in texts and keeps the type of a text that is one expression', () => {
    const template = {
      a: '${{ input.n }}',
      b: 'n = ${{ input.n }}, ${{ input.list }}',
      c: ['${{ {"x": {"y": 1}} }}'],
      d: 7,
    };
    expect(rendered(template, context)).toEqual({ a: 5, b: 'n = 5, [1,2,3]', c: [{ x: { y: 1 } }], d: 7 });
    expect(() => rendered('key-${{ input.nothing }}', context)).toThrow('is null and cannot be inserted into text');
    expect(() => rendered('${{ input.n', context)).toThrow('has no end');
    expect([...expressionsIn(template)]).toHaveLength(4);
    expect([bareExpression(' ${{ input.n }} '), bareExpression('input.n')]).toEqual(['input.n', 'input.n']);
  });

  it('gives back any JSON value unchanged', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        expect(evaluated('input', { input: value })).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('never throws anything but an ExpressionError', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 60, unit: fc.constantFrom(...'input.stepna0123"+-*/%()[]{}?:,<>=!&| ') }),
        (text) => {
          expect(problemOf(text)).not.toContain('threw');
        },
      ),
      { numRuns: 500 },
    );
  });
});
