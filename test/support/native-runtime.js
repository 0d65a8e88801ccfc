/**
 * Jest's runtime for tests that start the whole platform. Jest itself loads every module anew for every test file, which
 * takes longer than most of these tests; here Node.js loads them, once for all the test files of a worker. Only Jest's
 * own modules live in a context of their own. Modules cannot be mocked.
 */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ModernFakeTimers } from '@jest/fake-timers';
import { transformSync } from '@swc/core';
import jestRuntime from 'jest-runtime';

const TEST_GLOBALS = ['afterAll', 'afterEach', 'beforeAll', 'beforeEach', 'describe', 'expect', 'it', 'test'];
/** Shared with the context, so that `expect.any(String)` and `toThrow(Error)` mean the classes that the tests name. */
const CLASSES = [
  Array,
  BigInt,
  Boolean,
  Date,
  Error,
  Function,
  Map,
  Number,
  Object,
  Promise,
  RangeError,
  RegExp,
  Set,
  String,
  Symbol,
  SyntaxError,
  TypeError,
  Uint8Array,
];
const MOCKS = 'nexus:mocks';

registerHooks({
  resolve: (specifier, context, next) => {
    if (specifier === '@jest/globals') return { url: MOCKS, format: 'module', shortCircuit: true };
    const isSource = /^\.(?!.*node_modules)/.test(specifier) && context.parentURL?.endsWith('.ts') === true;
    return next(isSource ? specifier.replace(/\.js$/, '.ts') : specifier, context);
  },
  load: (url, context, next) => {
    if (url === MOCKS) return { format: 'module', source: 'export const jest = globalThis.jest;', shortCircuit: true };
    const { pathname } = new URL(url);
    if (!pathname.endsWith('.ts') || pathname.includes('/node_modules/')) return next(url, context);
    const filename = fileURLToPath(url);
    const { code } = transformSync(readFileSync(filename, 'utf8'), { filename });
    return { format: 'module', source: code, shortCircuit: true };
  },
});
process.setSourceMapsEnabled(true);

export default class NativeRuntime extends jestRuntime {
  constructor(config, environment, ...others) {
    for (const shared of CLASSES) environment.global[shared.name] = shared;
    super(config, environment, ...others);
    this.environment = environment;
    this.projectConfig = config;
    this.variables = { ...process.env };
  }

  async unstable_importModule(path) {
    for (const name of TEST_GLOBALS) globalThis[name] = this.environment.global[name];
    globalThis.jest = this.mocks();
    await import(pathToFileURL(path).href);
  }

  /** What `import { jest } from '@jest/globals'` gives. */
  mocks() {
    const mocker = this.environment.moduleMocker;
    const timers = (this.timers = new ModernFakeTimers({ config: this.projectConfig, global: globalThis }));
    return {
      fn: mocker.fn.bind(mocker),
      spyOn: mocker.spyOn.bind(mocker),
      restoreAllMocks: () => mocker.restoreAllMocks(),
      useFakeTimers: (options) => timers.useFakeTimers(options),
      useRealTimers: () => timers.useRealTimers(),
      advanceTimersByTimeAsync: (milliseconds) => timers.advanceTimersByTimeAsync(milliseconds),
    };
  }

  teardown() {
    this.timers?.dispose();
    for (const name of Object.keys(process.env)) if (!(name in this.variables)) delete process.env[name];
    Object.assign(process.env, this.variables);
    super.teardown();
  }
}
