import { Sandbox } from './sandbox.js';

const now = new Date('2026-03-05T10:00:00.000Z');
const sandbox = new Sandbox();
const run = (source: string, input: unknown = {}) => sandbox.run({ name: 'made', source, input, now });
const body = (code: string) => `function run(input) { ${code} }`;

afterAll(() => sandbox.onApplicationShutdown());

describe('Sandbox', () => {
  it('runs plain and asynchronous code on JSON and gives JSON back', async () => {
    expect(await run('const run = ({ a, b }) => ({ sum: a + b, text: "é" })', { a: 2, b: 40 })).toEqual({
      sum: 42,
      text: 'é',
    });
    expect(await run('async function run(input) { return [await input.x, undefined]; }', { x: 1 })).toEqual([1, null]);
    expect(await run(body(''))).toBeNull();
  });

  it('gives the code nothing of the host', async () => {
    const names = ['process', 'require', 'fetch', 'XMLHttpRequest', 'WebAssembly', 'setTimeout', 'performance', 'std'];
    expect(await run(body(`return ${JSON.stringify(names)}.filter((name) => name in globalThis)`))).toEqual([]);
    await expect(run(body('return import("node:fs")'))).rejects.toThrow('made failed');
    await expect(run('import fs from "node:fs"; function run() {}')).rejects.toThrow('made failed: SyntaxError');
    expect(await run(body('return Function("return typeof process")()'))).toBe('undefined');
  });

  it('gives the same answer to the same input: fixed clock in UTC, seeded randomness, nothing kept between calls', async () => {
    const source = body(
      'globalThis.seen = (globalThis.seen ?? 0) + 1; const at = new Date(); return [seen, at.toISOString(), at.getHours(), Date.now(), Math.random(), Math.random()]',
    );
    const first = await run(source);
    expect(first).toEqual([1, now.toISOString(), 10, now.getTime(), expect.any(Number), expect.any(Number)]);
    expect(await run(source)).toEqual(first);
    expect(await run(body('return new Date(2026, 0, 1).getTime()'))).toBe(Date.UTC(2026, 0, 1));
  });

  it.each([
    ['an endless loop', 'for (;;) {}', 'it did not finish within 2 seconds'],
    [
      'an endless chain of promises',
      'const next = () => Promise.resolve().then(next); return next()',
      'made failed: it',
    ],
    ['a loop that catches', 'for (;;) { try { for (;;) {} } catch {} }', 'it did not finish'],
    ['a regular expression that explodes', 'return /^(a+)+$/.test("a".repeat(40) + "b")', 'it did not finish'],
    ['too much memory', 'return new Uint8Array(64e6).length', 'made failed: '],
    [
      'endless recursion',
      'const f = () => 1 + f(); return f()',
      'made failed: RangeError: Maximum call stack size exceeded',
    ],
    ['a throw', 'throw new TypeError("no such city")', 'made failed: TypeError: no such city.'],
    ['a throw of a value', 'throw { code: 7 }', 'made failed: {"code":7}.'],
    ['a rejected promise', 'return Promise.reject(new Error("later"))', 'made failed: Error: later.'],
    ['a promise that stays open', 'return new Promise(() => {})', 'never settled'],
    ['ten megabytes', 'return "x".repeat(10 * 1024 * 1024)', 'it returned 10485762 bytes; the limit is 262144'],
    ['a cycle', 'const a = {}; a.a = a; return a', 'made failed: TypeError: circular reference.'],
  ])('ends %s with a clear error', async (_, code, message) => {
    await expect(run(body(code))).rejects.toMatchObject({
      name: 'ToolError',
      message: expect.stringContaining(message) as string,
    });
  });

  it('gives a call that catches every failure no more memory than the maximum of the engine', async () => {
    const blocks =
      'const held = []; for (let n = 0; n < 100; n++) { try { held.push(new Uint8Array(1e7)); } catch {} }';
    const megabytes = (await run(body(`${blocks} return held.length * 10;`))) as number;
    expect(megabytes).toBeLessThanOrEqual(60);
    expect(await run(body('return 1'))).toBe(1);
  });

  it('says what is missing in a source without the function', async () => {
    await expect(run('const walk = 1')).rejects.toThrow('the source must define a function run(input)');
  });

  it('runs other calls and the event loop beside a loop', async () => {
    const loop = expect(run(body('for (;;) {}'))).rejects.toThrow('it did not finish');
    let ticks = 0;
    const ticking = setInterval(() => (ticks += 1), 10);
    expect(await run(body('return 1'))).toBe(1);
    await loop;
    clearInterval(ticking);
    expect(ticks).toBeGreaterThan(50);
  });

  it('lets more calls than processes wait for their turn', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => run(body('return input.n'), { n })));
    expect(answers).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });

  it('stops when the caller goes away, and works on', async () => {
    const caller = new AbortController();
    const call = sandbox.run({ name: 'made', source: body('for (;;) {}'), input: {}, now, signal: caller.signal });
    setTimeout(() => caller.abort(new Error('gone')), 50);
    await expect(call).rejects.toThrow('gone');
    expect(await run(body('return 2'))).toBe(2);
  });
});
