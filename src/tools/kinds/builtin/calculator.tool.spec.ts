import fc from 'fast-check';
import { calculator } from './calculator.tool.js';

const context = { knowledge: [], now: () => new Date(0) };
const calculate = async (expression: string) => calculator.execute({ expression }, context);

describe('calculator', () => {
  it.each([
    ['1234 * 56', '69104'],
    ['0.1 + 0.2', '0.3'],
    ['1/3*3', '1'],
    ['2 * (3 + 4) ^ 2 =', '98'],
    ['-2 ^ 2', '-4'],
    ['17 % 5', '2'],
    ['-7 mod 3', '2'],
    ['sin(pi)', '0'],
    ['log(1000, 10)', '3'],
    ['max(1,200)', '200'],
    ['1,234 + 1', '1235'],
    ['12 × 3 − 6 ÷ 2', '33'],
    ['std(2, 4, 4, 4, 5, 5, 7, 9)', '2.1380899352993950775'],
    ['2 ^ 100', '1267650600228229401496703205376'],
  ])('evaluates %s exactly', async (expression, result) => {
    expect(await calculate(expression)).toMatchObject({ result });
  });

  it.each([
    ['15% of 80', '12'],
    ['200 + 10%', '220'],
    ['200 - 10%', '180'],
    ['200 + 10% + 5', '225'],
    ['10% + 5', '5.1'],
    ['10% * 80', '8'],
    ['100 - 5% of 200', '90'],
    ['20 percent of 50', '10'],
  ])('reads %s as a pocket calculator does', async (expression, result) => {
    expect(await calculate(expression)).toMatchObject({ result });
  });

  it('separates thousands for people and says when digits were left out', async () => {
    expect(await calculate('1234567.891 * 1000')).toEqual({
      expression: '1234567.891 * 1000',
      result: '1234567891',
      formatted: '1,234,567,891',
    });
    expect(await calculate('1 / 3')).toMatchObject({
      result: '0.33333333333333333333',
      formatted: '0.333333333333333',
      approximate: true,
    });
    expect(await calculate('1000!')).toMatchObject({ result: '4.0238726007709377354e+2567', approximate: true });
  });

  it.each([
    'import("fs")',
    'createUnit("x")',
    'evaluate("1+1")',
    'parse("1")',
    'a = 1',
    'f(x) = x',
    '[1, 2]',
    '{a: 1}',
    '1; 2',
    '"text"',
    'constructor',
    'toString()',
    'x.constructor("return 1")()',
    '__proto__',
    'cos.constructor',
    '5 kg',
    '10 m to cm',
    'true',
    '3 > 2',
    'i',
    '1:10',
    "5'",
    'range(1, 1e9)',
    'zeros(1e9)',
    'random()',
  ])('refuses %s', async (expression) => {
    await expect(calculate(expression)).rejects.toMatchObject({ name: 'ToolError' });
  });

  it.each([
    ['1 / 0', 'Division by zero.'],
    ['0 ^ -1', 'Division by zero.'],
    ['sqrt(-1)', 'The result is not a real number.'],
    ['1001!', 'Factorials are limited to 1000!.'],
    ['9 ^ 9 ^ 9', 'Exponents are limited to 10000.'],
    ['1e3000 * 1e3000', 'The result is too large or too small to calculate here.'],
    ['sin(1e300)', 'Angles are limited to 1000000000000000 radians.'],
    ['1 +', '"1 +" is not an arithmetic expression.'],
  ])('says why %s has no answer', async (expression, message) => {
    await expect(calculate(expression)).rejects.toThrow(message);
  });

  it('limits the length and the depth of an expression', async () => {
    await expect(calculate('1+'.repeat(300))).rejects.toThrow('expression: Too big');
    await expect(calculate(`${'('.repeat(200)}1${')'.repeat(200)}`)).rejects.toThrow('nested too deeply');
  });

  it('answers or refuses any text quickly', async () => {
    // Loads the library.
    await calculate('1 + 1');
    const alphabet = fc.constantFrom(
      ...'0123456789+-*/^%!().,e'.split(''),
      'sin(',
      'exp(',
      'ln(',
      'factorial(',
      'pi',
      '1e9',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(alphabet, { minLength: 1, maxLength: 40 }), async (parts) => {
        const started = performance.now();
        await calculate(parts.join('')).catch((error: unknown) => expect(error).toMatchObject({ name: 'ToolError' }));
        expect(performance.now() - started).toBeLessThan(2000);
      }),
    );
  });
});
