import { serve } from '../../src/platform/async/worker-jobs.js';

/** Jobs of the pool's own tests. */
export const testJobs = {
  echo: async () => (value: unknown) => value,
  fail: async () => (message: string) => {
    throw new TypeError(message);
  },
  /** Takes time, and no CPU time. */
  rest: async () => (milliseconds: number) =>
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds),
  spin: async () => (_: null) => {
    for (;;);
  },
  /** Never looks at its own clock: a regular expression that explodes. */
  explode: async () => (_: null) => /^(a+)+$/.test(`${'a'.repeat(60)}b`),
  grow: async () => (_: null) => {
    const held: string[] = [];
    for (;;) held.push(`${Math.random()}`.repeat(1_000).split('').join('-'));
  },
  leap: async () => (_: null) => {
    let text: unknown[] = ['x'.repeat(1_000)];
    for (let step = 0; step < 40; step++) text = [...text, ...text];
    return text.length;
  },
  /** One operation of the engine that asks for far more than the limit: V8 aborts, and no exception is thrown. */
  double: async () => (_: null) => {
    let text = '"';
    for (let step = 0; step < 30; step++) text = JSON.stringify([text]);
    return text.length;
  },
  die: async () => (_: null) => process.exit(3),
  pid: async () => (_: null) => process.pid,
  environment: async () => (_: null) => Object.keys(process.env),
  loadSlowly: async () => {
    await new Promise((resolve) => setTimeout(resolve, 400));
    return (value: number) => value * 2;
  },
};

export default serve(testJobs);
