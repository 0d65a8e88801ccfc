/** The library in one file, as it ships for browsers; the types are those of its modules. */
declare module 'mathjs/lib/browser/math.js' {
  const math: typeof import('mathjs');
  export default math;
}
