/**
 * Loaded into a process before everything else (`NODE_OPTIONS=--import …`): the wall clock of the process jumps to and fro by up to
 * `CLOCK_JUMP_SECONDS`. Timers go by the monotonic clock and stay as they are.
 */
const Real = globalThis.Date;
const range = Number(process.env.CLOCK_JUMP_SECONDS ?? 0) * 1000;
const EVERY_MS = 700;
let offset = 0;

const now = () => Real.now() + offset;

globalThis.Date = new Proxy(Real, {
  construct: (target, given, type) => Reflect.construct(target, given.length === 0 ? [now()] : given, type),
  apply: () => new Real(now()).toString(),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});
setInterval(() => {
  offset = Math.round((Math.random() * 2 - 1) * range);
}, EVERY_MS).unref();
